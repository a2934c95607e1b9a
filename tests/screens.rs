//! The screens of the visualiser, drawn into buffers and held against pictures that were read by
//! a person (`tests/snapshots`), and what must hold of every screen.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "insta reads and writes files"
)]

use kafkalab::app::tui::{
    Address, Effect, Event, Key, Model, Overlay, ROWS, Session, Settings, Source, Theme, draw, text,
};
use kafkalab::lab::scenario::{library, parse};
use kafkalab::lab::text::Lang;
use kafkalab::sim::StepNo;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::sync::Mutex;

fn session(name: &str, source: &str) -> Session {
    let parsed = parse(source).expect("a sound scenario");
    let branches = parsed.branches.iter().map(|(name, _)| name.clone());
    let source = Source {
        name: name.to_owned(),
        branch: "main".to_owned(),
        seed: None,
        branches: std::iter::once("main".to_owned()).chain(branches).collect(),
        next: Some("13-segments".to_owned()),
    };
    Session::new(&parsed.main, source)
}

/// A model whose scout knows the end; it looks once for all tests.
fn model_of(name: &str, source: &str, settings: Settings) -> Model {
    static KNOWN: Mutex<BTreeMap<String, Session>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("no test fails in here");
    let look = || {
        let mut session = session(name, source);
        while session.look_ahead(10_000) {}
        session
    };
    let session = known.entry(name.to_owned()).or_insert_with(look).clone();
    Model::new(session, settings, None)
}

fn model(name: &str, settings: Settings) -> Model {
    let (name, source) = library::find(name).expect("built in");
    model_of(name, source, settings)
}

fn english() -> Settings {
    Settings::default()
}

fn chinese() -> Settings {
    Settings {
        lang: Lang::Zh,
        ..Settings::default()
    }
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let key = match key {
            '\n' => Key::Enter,
            '\u{1b}' => Key::Esc,
            key => Key::Char(key),
        };
        model.update(Event::Key(key));
    }
}

fn go(model: &mut Model, moment: &str) {
    press(model, &format!(":t {moment}\n"));
}

fn buffer(model: &Model, width: u16, height: u16) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    draw(model, &mut buffer);
    buffer
}

fn picture(model: &Model, width: u16, height: u16) -> String {
    text(&buffer(model, width, height)).join("\n")
}

fn hold(name: &str, model: &Model, width: u16, height: u16) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, picture(model, width, height)));
}

/// The moments of 12-acks that its story is about, by name and time.
const MOMENTS: [(&str, &str); 4] = [
    ("written-once", "3.288"),
    ("leader-is-dead", "3.9"),
    ("new-leader", "10.879"),
    ("cut-back", "20.340"),
];

#[test]
fn the_logs() {
    let mut model = model("12", english());
    hold("log-ready-80x24", &model, 80, 24);
    for (name, moment) in MOMENTS {
        go(&mut model, moment);
        hold(&format!("log-{name}-80x24"), &model, 80, 24);
    }
    go(&mut model, "10.879");
    hold("log-new-leader-120x36", &model, 120, 36);
    hold("log-new-leader-200x60", &model, 200, 60);
    hold("log-new-leader-60x16", &model, 60, 16);
    hold("log-new-leader-40x10", &model, 40, 10);
    hold("log-new-leader-30x6", &model, 30, 6);
}

#[test]
fn other_views() {
    let mut model = model("12", english());
    go(&mut model, "3.9");
    for (key, name) in [("4", "quorum"), ("5", "clients")] {
        press(&mut model, key);
        for (width, height) in [(80, 24), (120, 36), (200, 60)] {
            hold(&format!("{name}-{width}x{height}"), &model, width, height);
        }
    }
}

/// To the place before the step that decides the question of 12-acks.
fn to_the_question(model: &mut Model) {
    go(model, "3.9");
    press(model, "]");
    for _ in 0..20 {
        if model.quiz().open().is_some() {
            return;
        }
        press(model, "n");
    }
    panic!("the question is asked");
}

#[test]
fn the_question() {
    let mut model = model("12", english());
    to_the_question(&mut model);
    hold("question-80x24", &model, 80, 24);
    press(&mut model, "a");
    hold("question-wrong-80x24", &model, 80, 24);
    hold("question-wrong-120x36", &model, 120, 36);
    press(&mut model, "b");
    hold("question-right-80x24", &model, 80, 24);
    press(&mut model, "n");
    hold("question-decided-80x24", &model, 80, 24);
}

#[test]
fn what_stands_in_front() {
    let mut model = model("12", english());
    go(&mut model, "3.9");
    press(&mut model, "?");
    hold("help-80x24", &model, 80, 24);
    hold("help-120x36", &model, 120, 36);
    press(&mut model, "step");
    hold("help-filtered-80x24", &model, 80, 24);
    press(&mut model, "\u{1b}j\n");
    hold("inspect-replica-80x24", &model, 80, 24);
    press(&mut model, "jjjjjjjjjjjjjj\n");
    hold("inspect-record-80x24", &model, 80, 24);
    press(&mut model, "\u{1b}\u{1b}/cut");
    hold("find-typing-80x24", &model, 80, 24);
    press(&mut model, "\n");
    hold("find-found-80x24", &model, 80, 24);
    press(&mut model, "\u{1b}G");
    hold("card-80x24", &model, 80, 24);
    hold("card-120x36", &model, 120, 36);
}

#[test]
fn in_chinese() {
    let mut model = model("12", chinese());
    go(&mut model, "10.879");
    hold("zh-log-80x24", &model, 80, 24);
    press(&mut model, "4");
    hold("zh-quorum-80x24", &model, 80, 24);
    press(&mut model, "5");
    hold("zh-clients-80x24", &model, 80, 24);
    press(&mut model, "?");
    hold("zh-help-80x24", &model, 80, 24);
    press(&mut model, "\u{1b}1");
    to_the_question(&mut model);
    press(&mut model, "a");
    hold("zh-question-80x24", &model, 80, 24);
    press(&mut model, "G");
    hold("zh-card-80x24", &model, 80, 24);
}

#[test]
fn in_ascii_nothing_else_is_drawn() {
    let settings = Settings {
        ascii: true,
        ..english()
    };
    let mut model = model("12", settings);
    go(&mut model, "10.879");
    hold("ascii-log-80x24", &model, 80, 24);
    press(&mut model, "L");
    for (width, height) in [(80, 24), (120, 36), (40, 10)] {
        let picture = picture(&model, width, height);
        assert!(picture.is_ascii(), "{picture}");
    }
}

/// Two topics, nine partitions, a broker that dies: there is a list, the unhealthy first.
const MANY: &str = r#"
format = 1
kafka = "4.3"
seed = 5
title = "Many partitions"
[cluster]
brokers = 3
controllers = 1
[[topic]]
name = "orders"
partitions = 8
replication = 2
[[topic]]
name = "alone"
partitions = 1
replication = 1
place = { 0 = ["broker-2"] }
[[producer]]
name = "p1"
[[step]]
at = "1s"
send = { from = "p1", topic = "orders", partition = 3, value = "\u001b[31mred\u001b]0;title\u0007-{n}", count = 200, every = "5ms" }
[[step]]
id = "kill"
at = "4s"
crash = "broker-2"
[end]
at = "20s"
"#;

#[test]
fn many_partitions_and_long_logs() {
    let mut model = model_of("many.toml", MANY, english());
    go(&mut model, "18");
    hold("many-80x24", &model, 80, 24);
    press(&mut model, "{");
    hold("many-120x36", &model, 120, 36);
    go(&mut model, "1.7");
    for _ in 0..9 {
        press(&mut model, "}");
        if picture(&model, 80, 24).contains("orders-3 (") {
            break;
        }
    }
    hold("many-long-log-80x24", &model, 80, 24);
}

#[test]
fn colour_adds_nothing() {
    let mut model = model("12", english());
    to_the_question(&mut model);
    press(&mut model, "aTTT");
    for (width, height) in [(80, 24), (120, 36)] {
        let dark = buffer(&model, width, height);
        press(&mut model, "TT");
        let mono = buffer(&model, width, height);
        press(&mut model, "T");
        assert_eq!(text(&dark), text(&mono));
        let colours = |buffer: &Buffer| {
            let cells = buffer.content.iter();
            let plain = ratatui::style::Color::Reset;
            cells
                .filter(|cell| cell.fg != plain || cell.bg != plain)
                .count()
        };
        assert!(colours(&dark) > 0);
        assert_eq!(colours(&mono), 0, "no colour at all");
    }
}

#[test]
fn every_size_is_drawn() {
    let mut scenes = Vec::new();
    for settings in [english(), chinese()] {
        let mut scene = model("12", settings);
        to_the_question(&mut scene);
        scenes.push(scene);
        for keys in ["4", "5?", "j\n", "/lead\nG"] {
            let mut scene = model("12", settings);
            go(&mut scene, "10.879");
            press(&mut scene, keys);
            scenes.push(scene);
        }
    }
    scenes.push(model_of("many.toml", MANY, english()));
    let widths = (1..200).step_by(41).chain([39, 40, 79, 80, 111, 112, 200]);
    for width in widths {
        for height in (1..60).step_by(13).chain([9, 10, 23, 24, 31, 32, 60]) {
            for scene in &scenes {
                draw_within(scene, width, height);
            }
        }
    }
}

/// Draws, and sees that no line is wider than the screen.
fn draw_within(model: &Model, width: u16, height: u16) {
    let lines = text(&buffer(model, width, height));
    assert_eq!(lines.len(), usize::from(height));
    for line in lines {
        let cells = unicode_width::UnicodeWidthStr::width(line.as_str());
        assert!(cells <= usize::from(width), "{width}x{height}: {line}");
    }
}

#[test]
fn escape_sequences_of_records_reach_no_cell() {
    let mut model = model_of("many.toml", MANY, english());
    go(&mut model, "1.7");
    for _ in 0..9 {
        press(&mut model, "}");
        if picture(&model, 80, 24).contains("orders-3 (") {
            break;
        }
    }
    press(&mut model, "\n");
    let mut shown = false;
    for _ in 0..80 {
        press(&mut model, "j");
        for cell in &buffer(&model, 120, 36).content {
            assert!(!cell.symbol().chars().any(char::is_control), "{cell:?}");
        }
        shown |= picture(&model, 120, 36).contains("\\u{1b}[31mred");
    }
    assert!(shown, "the value is shown, escaped");
}

#[test]
fn what_is_booting_is_said_before_anything_runs() {
    let (name, source) = library::find("12").expect("built in");
    let mut model = Model::new(session(name, source), english(), None);
    hold("cover-80x24", &model, 80, 24);
    assert_eq!(model.session().frontier(), StepNo(0), "nothing ran for it");
    model.update(Event::Idle(100));
    assert!(picture(&model, 80, 24).contains("step 100"));
}

#[test]
fn the_footer_shows_no_dead_key() {
    let mut model = model("12", english());
    go(&mut model, "10.879");
    for screen in ["1", "4", "5"] {
        press(&mut model, screen);
        let picture = picture(&model, 80, 24);
        let footer = picture.lines().nth(22).expect("24 lines").to_owned();
        assert!(
            footer.contains("n next") && footer.contains("q quit"),
            "{footer}"
        );
        assert!(
            !footer.contains("answer") && !footer.contains("partition"),
            "{footer}"
        );
    }
    press(&mut model, "G");
    let picture = picture(&model, 80, 24);
    let footer = picture.lines().nth(22).expect("24 lines");
    assert!(
        !footer.contains("n next") && footer.contains("p back"),
        "{footer}"
    );
}

/// What a person sees of a model, and what it asks of the terminal.
fn effect_of(model: &Model, key: Key) -> (String, Effect) {
    let mut model = model.clone();
    let effect = model.update(Event::Key(key));
    (picture(&model, 80, 24), effect)
}

#[test]
fn every_key_of_the_footer_does_something() {
    let mut scenes = vec![model("12", english())];
    for keys in ["n", "nj", "4", "5j", "]", "?", "j\n", "G", "G\u{1b}"] {
        let mut scene = model("12", english());
        press(&mut scene, keys);
        scenes.push(scene);
    }
    let mut asked = model("12", english());
    to_the_question(&mut asked);
    scenes.push(asked);
    for scene in scenes {
        let before = picture(&scene, 80, 24);
        let hinted = ROWS.iter().filter(|row| row.hint.is_some());
        let keys = hinted.flat_map(|row| row.keys);
        for (key, command) in keys.filter(|(_, command)| scene.works(*command)) {
            if matches!(scene.overlay(), Overlay::Help { .. }) && *key != Key::Esc {
                continue;
            }
            let (after, effect) = effect_of(&scene, *key);
            let acts = !matches!(effect, Effect::Draw | Effect::Nothing);
            assert!(acts || after != before, "{} in\n{before}", command.name());
        }
    }
}

#[test]
fn an_address_comes_back_to_its_moment() {
    let mut model = model("12", english());
    go(&mut model, "10.879");
    let (here, hash) = (model.session().now(), model.session().world().trace_hash());
    press(&mut model, "G");
    press(&mut model, &format!("\u{1b}:step {}\n", here.0));
    assert_eq!(model.session().now(), here);
    assert_eq!(model.session().world().trace_hash(), hash);
    for word in ["12.3s", "step:7", "500ms", "trap"] {
        assert!(Address::parse(word).is_ok(), "{word}");
    }
    for word in ["", "step:x", "1.2.3", "12q", "9999999999999s"] {
        assert!(Address::parse(word).is_err(), "{word}");
    }
}

#[test]
fn the_theme_of_no_colour_is_mono() {
    let settings = Settings {
        theme: Theme::Mono,
        ..english()
    };
    let model = model("12", settings);
    let cells = buffer(&model, 80, 24).content;
    assert!(
        cells
            .iter()
            .all(|cell| cell.fg == ratatui::style::Color::Reset)
    );
}
