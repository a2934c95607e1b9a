//! Messages on their way, earliest arrival first.

use crate::app::tui::cells::{Row, Tone, clip, fit};
use crate::app::tui::inspect::Item;
use crate::app::tui::model::Model;
use crate::app::tui::picture::{FLIGHTS_MAX, Flight, Place};
use crate::app::tui::plain::seconds;
use crate::lab::text::Lang;

/// Cells of the way.
const WAY: usize = 12;

pub(super) fn title(model: &Model) -> String {
    let count = model.session.picture().flights.len();
    let more = if count < FLIGHTS_MAX { "" } else { "+" };
    match model.lang() {
        Lang::En => format!("in flight {count}{more}, earliest first"),
        Lang::Zh => format!("在途 {count}{more}，先到者在前"),
    }
}

pub(super) fn rows(model: &Model, room: usize, height: usize) -> Vec<Row> {
    let flights = &model.session.picture().flights;
    let selected = match model.selected_item() {
        Some(Item::Message(index)) => Some(index),
        _ => None,
    };
    let from = selected.map_or(0, |index| (index + 1).saturating_sub(height));
    let mut rows: Vec<Row> = Vec::new();
    for (index, flight) in flights.iter().enumerate().skip(from).take(height) {
        let row = row(model, flight, room, selected == Some(index));
        rows.push(row.of(Item::Message(index)));
    }
    rows
}

fn row(model: &Model, flight: &Flight, room: usize, selected: bool) -> Row {
    let lang = model.lang();
    let (way, tone) = way(flight, lang);
    let when = match flight.arrives {
        Some(at) if !flight.receiver_down => {
            seconds(at.since(model.session.ready_at()).as_millis())
        }
        _ => String::new(),
    };
    let ends = format!("{} ->{}", clip(&flight.ends.0, 6), clip(&flight.ends.1, 6));
    let label = room.saturating_sub(2 + 12 + WAY + 3 + 10);
    Row::new()
        .say(if selected { "> " } else { "  " }, Tone::Accent)
        .say(fit(&ends, 12), Tone::Plain)
        .say(fit(&flight.label, label), Tone::Plain)
        .say(" ", Tone::Plain)
        .say(way, tone)
        .say(format!(" {when}"), Tone::Dim)
}

/// How far it is, or why it waits.
fn way(flight: &Flight, lang: Lang) -> (String, Tone) {
    let part = match flight.place {
        Place::Way(part) => usize::from(part),
        Place::Inbox => return (boxed(lang.pick("inbox", "收件箱")), Tone::Dim),
        Place::Muted => return (boxed(lang.pick("behind one", "排队")), Tone::Dim),
        Place::Held => return (boxed(lang.pick("held", "扣住")), Tone::Warn),
    };
    let gone = (part * WAY / 1_000).min(WAY - 1);
    if flight.receiver_down || flight.cut {
        let sign = if flight.receiver_down { "x" } else { "/" };
        let text = format!("|{}", fit(&format!("{}{sign}", "=".repeat(gone)), WAY));
        return (format!("{text}|"), Tone::Bad);
    }
    let rest = WAY - gone - 1;
    (
        format!("|{}>{}|", "=".repeat(gone), ".".repeat(rest)),
        Tone::Plain,
    )
}

fn boxed(word: &str) -> String {
    format!("|{}|", fit(word, WAY))
}
