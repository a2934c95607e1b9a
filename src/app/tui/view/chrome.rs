//! What is around the views: title, tabs, status, the footer with the keys that work, the cover.

use super::canvas::Canvas;
use crate::app::tui::cells::{Row, Tone, clip, width, wrap};
use crate::app::tui::keys::{Command, ROWS};
use crate::app::tui::model::{Model, Overlay, Screen};
use crate::app::tui::plain::{filter_word, seconds};
use crate::lab::scenario::{Tell, Trigger};
use ratatui::layout::Rect;

/// So many records of what is counted fit into the status.
const CHANGES_MAX: usize = 8;

/// Where we are: scenario, clock, beat, what is going on. The scenario's title gives way.
pub(super) fn title(model: &Model, room: usize) -> String {
    let (session, lang) = (&model.session, model.lang());
    let source = session.source();
    let title = session.render(&session.scenario().title, lang);
    let number = crate::lab::scenario::library::number(&source.name);
    let number = number.map_or(String::new(), |number| format!("{number:02} "));
    let (past, all) = session.count_beats(model.settings.filter, session.now());
    let more = if session.is_known() { "" } else { "+" };
    let beat = lang.pick("beat", "拍");
    let filter = match filter_word(model.settings.filter, lang) {
        "" => String::new(),
        word => format!(" ({word})"),
    };
    let rest = format!(
        " -- {} -- {beat} {past}/{all}{more}{filter} -- {} -- {}",
        seconds(session.clock().as_millis()),
        going_on(model),
        source.branch
    );
    let title = clip(
        &format!("{number}{title}"),
        room.saturating_sub(width(&rest)),
    );
    format!("{title}{rest}")
}

fn going_on(model: &Model) -> String {
    let lang = model.lang();
    let session = &model.session;
    if model.playing {
        let speed = match model.speed {
            0 => "1x".to_owned(),
            speed @ 1.. => format!("{}x", 1 << speed.min(6)),
            speed => format!("1/{}x", 1 << speed.unsigned_abs().min(6)),
        };
        return format!("{} {speed}", lang.pick("PLAYING", "播放"));
    }
    if session.failure().is_some() {
        return lang.pick("FAILED", "失败").to_owned();
    }
    if session.is_at_end() {
        return lang.pick("THE END", "结束").to_owned();
    }
    lang.pick("PAUSED", "暂停").to_owned()
}

/// The views by number, and which partition is shown.
pub(super) fn tabs(model: &Model, width: usize) -> Row {
    let lang = model.lang();
    let mut row = Row::new();
    for screen in Screen::ALL {
        let text = format!("{} {}", screen.number(), screen.name(lang));
        row = match screen == model.screen {
            true => row.say(format!("[{text}]"), Tone::Accent),
            false => row.say(format!(" {text} "), Tone::Plain),
        };
        row = row.say(" ", Tone::Plain);
    }
    let all = model.session.picture().partitions.len();
    if let Some(shown) = model.shown_partition()
        && model.screen == Screen::Log
    {
        let at = model.partition.min(all.saturating_sub(1)) + 1;
        let place = match lang.pick(true, false) {
            true => format!("{} ({at} of {all})", shown.name),
            false => format!("{} ({at}/{all})", shown.name),
        };
        let room = width.saturating_sub(self::width(&place));
        row = row.pad(room).say(place, Tone::Strong);
    }
    row
}

/// The invariants, what the producers were told, what this event changed.
pub(super) fn status(model: &Model) -> Row {
    let lang = model.lang();
    let picture = model.session.picture();
    let invariants = &picture.invariants;
    let row = match invariants.broken.first() {
        None => {
            let (all, word) = (invariants.watched, lang.pick("invariants", "项不变式"));
            Row::new().say(format!("OK {all}/{all} {word}"), Tone::Good)
        }
        Some((id, text)) => {
            let (all, broken) = (invariants.watched, invariants.broken.len());
            let text = format!("X {}/{all} {id}: {text}", all - broken);
            return Row::new().say(text, Tone::Bad);
        }
    };
    let (sent, acked, failed) = picture.counts;
    let counts = match lang.pick(true, false) {
        true => format!("   sent {sent} acked {acked}"),
        false => format!("   已发 {sent} 应答 {acked}"),
    };
    let mut row = row.say(counts, Tone::Plain);
    if failed > 0 {
        let text = format!(" {} {failed}", lang.pick("failed", "失败"));
        row = row.say(text, Tone::Bad);
    }
    if picture.settling {
        row = row.say(lang.pick("   settling", "   收尾"), Tone::Dim);
    }
    let changes = model.session.changes();
    if changes.is_empty() {
        return row;
    }
    let listed = changes.iter().take(CHANGES_MAX);
    let listed: Vec<String> = listed.map(|c| format!("{} {}", c.of, c.what)).collect();
    row.say(lang.pick("   changed: ", "   变化："), Tone::Dim)
        .say(listed.join(", "), Tone::Warn)
}

/// A text that is typed, or a word about the last key.
pub(super) fn word(model: &Model) -> Row {
    match (&model.overlay, &model.word) {
        (Overlay::Find(text), _) => Row::new().say(format!("/{text}_"), Tone::Accent),
        (Overlay::Command(text), _) => Row::new().say(format!(":{text}_"), Tone::Accent),
        (_, Some(word)) => Row::new().say(word.clone(), Tone::Accent),
        _ => match &model.hits {
            Some(hits) => Row::dim(format!("/{}  {}", hits.needle, hits.steps.len())),
            None => Row::new(),
        },
    }
}

/// The keys that work now, as many as fit.
pub(super) fn footer(model: &Model, room: usize) -> Row {
    let lang = model.lang();
    let mut row = Row::new();
    if matches!(model.overlay, Overlay::Find(_) | Overlay::Command(_)) {
        return row
            .say("Enter", Tone::Accent)
            .say(lang.pick(" go  ", " 确定  "), Tone::Plain)
            .say("Esc", Tone::Accent)
            .say(lang.pick(" back", " 返回"), Tone::Plain);
    }
    let must = [Command::Quit, Command::Help];
    let cells = |keys: &str, text: &str| width(keys) + width(text) + 3;
    let reserve: usize = hints(model)
        .filter(|(command, ..)| must.contains(command))
        .map(|(_, keys, text)| cells(&keys, text))
        .sum();
    let mut used = 0;
    for (command, keys, text) in hints(model) {
        let needed = cells(&keys, text);
        // Nothing follows the last hint: its two spaces need no room.
        let fits = used + needed + reserve <= room + 2;
        if !fits && !must.contains(&command) {
            continue;
        }
        used += if must.contains(&command) { 0 } else { needed };
        let space = if row.pieces.is_empty() { "" } else { "  " };
        row = row
            .say(format!("{space}{keys}"), Tone::Accent)
            .say(format!(" {text}"), Tone::Plain);
    }
    row
}

/// First command, keys and words of each hint that holds now.
fn hints(model: &Model) -> impl Iterator<Item = (Command, String, &'static str)> {
    let lang = model.lang();
    let typing = matches!(model.overlay, Overlay::Help { .. });
    ROWS.iter().filter_map(move |row| {
        let (keys, en, zh) = row.hint?;
        let works = row.keys.iter().find(|(_, command)| model.works(*command));
        let (_, command) = works?;
        if typing && !matches!(command, Command::Back) {
            return None;
        }
        let keys = match command {
            Command::Answer(_) => letters(model),
            _ => keys.to_owned(),
        };
        Some((*command, keys, lang.pick(en, zh)))
    })
}

/// One letter for each answer that may be chosen.
fn letters(model: &Model) -> String {
    let count = model.quiz.open().map_or(0, |open| open.choices()).min(6);
    let letters: Vec<String> = ('a'..='f').take(count).map(String::from).collect();
    letters.join(" ")
}

/// While the cluster boots: what this is, who takes part.
pub(super) fn cover(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (session, lang) = (&model.session, model.lang());
    let scenario = session.scenario();
    canvas.frame(area);
    canvas.title(2, 0, area.width.saturating_sub(4), "kafkalab", Tone::Accent);
    let room = usize::from(area.width.saturating_sub(6));
    let mut rows = vec![
        Row::new(),
        Row::new().say(session.render(&scenario.title, lang), Tone::Strong),
        Row::dim(format!(
            "{}  {}",
            session.source().name,
            session.source().branch
        )),
        Row::new(),
    ];
    // What is told at a time of its own is no outcome.
    let timed = |tell: &&Tell| matches!(tell.trigger, Trigger::At(_));
    if let Some(tell) = scenario.tells.iter().find(timed) {
        let text = session.render(&tell.text, lang);
        rows.extend(wrap(&text, room).into_iter().map(Row::plain));
        rows.push(Row::new());
    }
    let names = session
        .picture()
        .nodes
        .iter()
        .map(|node| node.name.as_str());
    let names: Vec<&str> = names.collect();
    rows.extend(wrap(&names.join("  "), room).into_iter().map(Row::plain));
    rows.push(Row::new());
    let booting = match session.scout().run().phase() {
        crate::lab::scenario::run::Phase::Failed(why) => why.clone(),
        _ => {
            let text = lang.pick("the cluster boots: step", "集群正在启动：第");
            let unit = lang.pick("", " 步");
            format!("{text} {}{unit}", session.frontier().0)
        }
    };
    rows.push(Row::dim(booting));
    let inside = Rect {
        x: 3,
        y: 1,
        width: area.width.saturating_sub(6),
        height: area.height.saturating_sub(2),
    };
    canvas.rows(inside, &rows);
}
