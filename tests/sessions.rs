//! A session of the visualiser goes back and forth and finds the same history.

#![allow(
    clippy::disallowed_types,
    reason = "tests share what one of them has found"
)]

use kafkalab::app::tui::{Answer, Event, Heard, Key, Model, Plain, Session, Settings, Source};
use kafkalab::lab::scenario::run::Acted;
use kafkalab::lab::scenario::{library, parse};
use kafkalab::sim::StepNo;
use std::collections::BTreeMap;
use std::sync::Mutex;

fn session(name: &str) -> Session {
    let (name, source) = library::find(name).expect("built in");
    let parsed = parse(source).expect("sound");
    let source = Source {
        name: name.to_owned(),
        branch: "main".to_owned(),
        ..Source::default()
    };
    Session::new(&parsed.main, source)
}

/// A session that knows its end; the scout looks once for all tests.
fn known(name: &str) -> Session {
    static KNOWN: Mutex<BTreeMap<String, Session>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("no test fails in here");
    let look = || {
        let mut session = session(name);
        while session.look_ahead(10_000) {}
        session
    };
    known.entry(name.to_owned()).or_insert_with(look).clone()
}

/// All of a moment that must come out the same.
#[derive(Debug, PartialEq)]
struct Moment {
    step: StepNo,
    trace: u64,
    acts: Vec<Acted>,
    told: usize,
    violations: usize,
    picture: kafkalab::app::tui::Picture,
    changes: Vec<kafkalab::app::tui::Change>,
    beats: (usize, usize),
}

fn moment(session: &Session) -> Moment {
    Moment {
        step: session.now(),
        trace: session.world().trace_hash(),
        acts: session.run().acts().to_vec(),
        told: session.run().told().len(),
        violations: session.run().checker().violations().len(),
        picture: session.picture().clone(),
        changes: session.changes().to_vec(),
        beats: session.count_beats(kafkalab::kafka::vocabulary::Salience::Story, session.now()),
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

#[test]
fn back_from_200_random_moments_and_forth_again() {
    let mut session = known("12");
    let (begin, end) = (session.begin().0, session.frontier().0);
    let mut dice = Dice(7);
    for _ in 0..200 {
        let from = begin + dice.below(end - begin + 1);
        session.go(StepNo(from));
        let before = moment(&session);
        let back = begin + dice.below(from - begin + 1);
        session.go(StepNo(back));
        assert_eq!(session.now(), StepNo(back));
        session.go(StepNo(from));
        assert_eq!(moment(&session), before);
    }
}

#[test]
fn step_by_step_and_by_jumps_it_is_one_history() {
    let mut walked = known("07");
    let mut jumped = known("07");
    let (begin, end) = (walked.begin().0, walked.begin().0 + 600);
    jumped.go(jumped.frontier());
    for step in (begin..=end).step_by(53) {
        while walked.now().0 < step {
            let next = StepNo(walked.now().0 + 1);
            walked.go(next);
        }
        jumped.go(StepNo(step));
        assert_eq!(moment(&walked), moment(&jumped));
    }
}

#[test]
fn it_ends_as_the_same_scenario_does_without_a_screen() {
    use kafkalab::lab::scenario::run::{Options, run};
    for name in ["00-tour", "18-epochs"] {
        let (_, source) = library::find(name).expect("built in");
        let parsed = parse(source).expect("sound");
        let finished = run("main", &parsed.main, &Options::default(), &mut |_| {});
        let mut session = known(name);
        session.go(session.frontier());
        assert_eq!(
            session.world().trace_hash(),
            finished.report.trace_hash,
            "{name}"
        );
        let report = session.report().expect("over");
        assert_eq!(report.expectations, finished.report.expectations, "{name}");
        assert_eq!(session.run().told(), finished.report.told, "{name}");
    }
}

#[test]
fn beats_are_there_while_the_scout_is_still_under_way() {
    let mut model = Model::new(session("12"), Settings::default(), None);
    while !model.session().has_begun() {
        model.update(Event::Idle(50));
    }
    assert!(!model.session().is_known());
    let mut steps = Vec::new();
    for _ in 0..10 {
        model.update(Event::Key(Key::Char('n')));
        steps.push(model.session().now());
    }
    let all = known("12");
    let beats = all.beats().iter();
    let story = beats.filter(|beat| beat.salience == kafkalab::kafka::vocabulary::Salience::Story);
    let first: Vec<StepNo> = story.map(|beat| beat.step).take(10).collect();
    assert_eq!(steps, first);
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        model.update(Event::Key(Key::Char(key)));
    }
}

#[test]
fn a_prediction_is_asked_before_the_step_that_decides() {
    let mut model = Model::new(known("07"), Settings::default(), None);
    while model.quiz().open().is_none() {
        press(&mut model, "n");
        assert!(!model.session().is_at_end(), "it is asked");
    }
    let advanced = |model: &Model| {
        let partition = &model.session().picture().partitions[0];
        partition.offsets.expect("its leader is up").high_watermark
    };
    assert_eq!(
        advanced(&model),
        2,
        "the record at offset 2 is not committed yet"
    );
    press(&mut model, "a");
    assert_eq!(model.quiz().answer(0), Some(Answer::Chosen(0, false)));
    press(&mut model, "c");
    assert_eq!(model.quiz().score(), (0, 1), "only the first answer counts");
    press(&mut model, "n");
    assert_eq!(advanced(&model), 3, "and now it is");
    assert!(model.quiz().open().is_none());
}

#[test]
fn a_question_holds_nothing_up_and_is_asked_again_after_going_back() {
    let mut model = Model::new(known("07"), Settings::default(), None);
    while model.quiz().open().is_none() {
        press(&mut model, "n");
    }
    let asked_at = model.session().now();
    press(&mut model, "p");
    assert!(model.quiz().open().is_none());
    press(&mut model, "n");
    while model.quiz().open().is_none() {
        press(&mut model, "n");
    }
    assert_eq!(model.session().now(), asked_at);
    press(&mut model, "n");
    assert_eq!(model.quiz().answer(0), Some(Answer::Skipped));
    assert!(model.session().now() > asked_at);
}

#[test]
fn playing_makes_two_beats_a_second_and_stops_at_questions() {
    let mut model = Model::new(known("07"), Settings::default(), None);
    press(&mut model, " ");
    for _ in 0..4 {
        model.update(Event::Elapsed(250));
    }
    let filter = model.settings().filter;
    let past = |model: &Model| model.session().count_beats(filter, model.session().now()).0;
    assert_eq!(past(&model), 2);
    press(&mut model, "+");
    for _ in 0..4 {
        model.update(Event::Elapsed(250));
    }
    assert_eq!(past(&model), 6);
    while model.look().playing {
        model.update(Event::Elapsed(250));
    }
    assert!(model.quiz().open().is_some());
}

#[test]
fn marks_are_those_of_the_scenario() {
    let mut model = Model::new(known("12"), Settings::default(), None);
    let mut clocks = Vec::new();
    while model.works(kafkalab::app::tui::Command::NextMark) {
        press(&mut model, "]");
        clocks.push(model.session().clock().as_millis());
    }
    // Cut, crash, the question, and the start after 17 s.
    assert_eq!(clocks.len(), 4, "{clocks:?}");
    assert_eq!((clocks[0], clocks[1]), (3_100, 3_307));
    assert_eq!(clocks[3], 20_307);
}

#[test]
fn plain_text_tells_the_same_story() {
    let mut plain = Plain::new(Model::new(known("07"), Settings::default(), None));
    let first = plain.begin();
    assert!(
        first.contains("0/") && first.contains("the cluster is ready"),
        "{first}"
    );
    let mut said = String::new();
    for _ in 0..200 {
        match plain.hear("n") {
            Heard::Say(text) => said.push_str(&text),
            Heard::Quit => panic!("n goes on"),
        }
        if said.contains("question:") && !said.contains("That is acks=1.") {
            match plain.hear("1") {
                Heard::Say(text) => said.push_str(&text),
                Heard::Quit => panic!("1 answers"),
            }
            assert!(said.contains("not so: That is acks=1."), "{said}");
        }
    }
    for told in plain
        .model()
        .session()
        .run()
        .told()
        .iter()
        .filter(|told| told.ask.is_none())
    {
        assert!(said.contains(&told.en), "{}", told.en);
    }
    assert!(
        said.contains("It came out as the scenario says."),
        "the card"
    );
    assert_eq!(plain.hear("q"), Heard::Quit);
    assert!(!said.contains('\u{1b}'), "no screen control");
}
