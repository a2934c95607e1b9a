//! The ruler with a lane for each machine.

use super::ruler::{LETTERS, Tick, ticks};
use crate::app::tui::cells::{Row, Tone, clip, fit, width};
use crate::app::tui::model::Model;
use crate::app::tui::picture::NodeLook;
use crate::app::tui::plain::seconds;

/// Cells for the name of a machine.
const NAME: usize = 7;
/// Between two times.
const LABEL_EVERY: usize = 10;
/// Rows beside the lanes: times, now, legend.
const AROUND: usize = 3;

/// The rows that all machines need.
pub(super) fn wanted(model: &Model) -> usize {
    nodes(model).len() + AROUND
}

/// Brokers, clients of the scenario, controllers.
fn nodes(model: &Model) -> Vec<&NodeLook> {
    let picture = model.session.picture();
    let is_client = |node: &&NodeLook| {
        let mut clients = picture.clients.iter();
        clients.any(|client| client.node == node.node)
    };
    let brokers = picture.nodes.iter().filter(|node| node.is_broker);
    let clients = picture.nodes.iter().filter(is_client);
    let others = picture.nodes.iter();
    let others = others.filter(|node| node.is_controller && !node.is_broker);
    brokers.chain(clients).chain(others).collect()
}

pub(super) fn rows(model: &Model, room: usize, height: usize) -> Vec<Row> {
    let ticks = ticks(model, room.saturating_sub(NAME));
    let lanes = height.saturating_sub(AROUND);
    let mut rows = vec![times(model, &ticks)];
    let nodes = nodes(model);
    for node in nodes.iter().take(lanes) {
        rows.push(lane(node, &ticks));
    }
    rows.push(caret(&ticks));
    rows.push(legend(model, &ticks, room));
    rows
}

fn times(model: &Model, ticks: &[Tick]) -> Row {
    let ready = model.session.ready_at();
    let (mut text, mut at) = (" ".repeat(NAME), NAME);
    for tick in ticks {
        let fold = tick.fold.as_ref().map_or(0, |fold| width(fold));
        let place = at + fold;
        let due = tick.fold.is_some() || width(&text) + LABEL_EVERY <= place || at == NAME;
        if due && width(&text) <= place && !tick.later {
            text = fit(&text, place);
            text.push_str(&seconds(tick.at.since(ready).as_millis()));
            text.push(' ');
        }
        at = place + 1;
    }
    Row::dim(text)
}

fn lane(node: &NodeLook, ticks: &[Tick]) -> Row {
    let name = fit(&clip(&node.name, NAME - 1), NAME);
    let mut row = Row::new().say(name, Tone::Strong);
    for tick in ticks {
        if let Some(fold) = &tick.fold {
            let sign = if tick.later { " " } else { "~" };
            row = row.say(sign.repeat(width(fold)), Tone::Dim);
        }
        row = match (tick.later, tick.node == Some(node.node)) {
            (true, _) => row.say(" ", Tone::Plain),
            (_, false) => row.say(".", Tone::Dim),
            (_, true) if tick.is_now => row.say(tick.letter.to_string(), Tone::Accent),
            (_, true) => row.say(tick.letter.to_string(), Tone::Plain),
        };
    }
    row
}

fn caret(ticks: &[Tick]) -> Row {
    let past = ticks.iter().filter(|tick| !tick.later);
    let cells: usize = past.map(Tick::width).sum();
    let at = (NAME + cells).saturating_sub(usize::from(cells > 0));
    let later = ticks.iter().filter(|tick| tick.later).count();
    Row::plain(" ".repeat(at))
        .say("^", Tone::Accent)
        .say(".".repeat(later), Tone::Dim)
}

/// The letters that are there.
fn legend(model: &Model, ticks: &[Tick], room: usize) -> Row {
    let lang = model.lang();
    let is_there = |letter: char| {
        ticks
            .iter()
            .any(|tick| !tick.later && tick.letter == letter)
    };
    let there = LETTERS.iter().filter(|(letter, ..)| is_there(*letter));
    let words = there.map(|(letter, en, zh)| format!("{letter} {}", lang.pick(en, zh)));
    let words: Vec<String> = words.collect();
    Row::dim(clip(
        &format!("{}{}", " ".repeat(NAME), words.join("  ")),
        room,
    ))
}
