//! The screens. Every function draws from the model and changes nothing.
//!
//! ```text
//! +- title: where we are -------------------------------------------------------+
//! | views                                                    partition (1 of 2) |
//! | the view: logs, quorum or clients                                           |
//! +- in flight -----------------------------------------------------------------+   wide screens put
//! | messages                                                                    |   clients, quorum and
//! +- last: what happened -------------------------------------------------------+   the inspector beside
//! | narration, question                                                         |
//! +-----------------------------------------------------------------------------+
//! | ruler of events (lanes on wide screens)                                     |
//! | status                                                                      |
//! | keys that work now                                                          |
//! +-----------------------------------------------------------------------------+
//! ```

mod canvas;
mod chrome;
mod clients;
mod compact;
mod flights;
mod front;
mod lanes;
mod log;
mod narration;
mod partitions;
mod quorum;
mod ruler;
mod theme;
mod wide;

use super::cells::{Row, Tone, width};
use super::model::{Model, Overlay, Screen};
use canvas::Canvas;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The smallest screen that shows anything but its size.
const LEAST: (u16, u16) = (40, 10);
/// From here on panels stand beside each other.
const WIDE: (u16, u16) = (112, 32);

/// Draws the screen into the whole buffer.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    buffer.reset();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let mut canvas = Canvas::new(model, buffer);
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(model, &mut canvas, area);
    } else if !model.session.has_begun() {
        chrome::cover(model, &mut canvas, area);
    } else if area.width >= WIDE.0 && area.height >= WIDE.1 {
        wide::draw(model, &mut canvas, area);
    } else {
        compact::draw(model, &mut canvas, area);
    }
    canvas.finish();
}

/// A picture as lines of text, without colours and without spaces at the ends.
pub fn text(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let line = |y: u16| {
        let (mut line, mut skip) = (String::new(), 0);
        for x in area.x..area.right() {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = width(symbol).max(1);
            }
            skip -= 1;
        }
        line.trim_end().to_owned()
    };
    (area.y..area.bottom()).map(line).collect()
}

fn too_small(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (width, height) = LEAST;
    let (past, all) = model
        .session
        .count_beats(model.settings.filter, model.session.now());
    let lines = [
        format!(
            "{width}x{height} {}",
            model.lang().pick("needed", "为最小尺寸")
        ),
        format!("{}x{}", area.width, area.height),
        format!("{past}/{all}"),
        "q".to_owned(),
    ];
    for (row, line) in lines.iter().enumerate().take(usize::from(area.height)) {
        canvas.text(0, row as u16, area.width, line, Tone::Plain);
    }
}

/// Whether something stands in front of the view.
fn in_front(model: &Model) -> bool {
    !matches!(
        model.overlay,
        Overlay::None | Overlay::Find(_) | Overlay::Command(_)
    )
}

/// The rows of the view, or of what is in front of it; with `alone` nothing stands beside it.
fn body(model: &Model, width: usize, height: usize, alone: bool) -> Vec<Row> {
    match &model.overlay {
        Overlay::Help { filter, scroll } => front::help(model, filter, *scroll, width, height),
        Overlay::Inspect { path, line } => front::inspector(model, path, *line, width, height),
        Overlay::Card { scroll } => front::card(model, *scroll, width),
        Overlay::None | Overlay::Find(_) | Overlay::Command(_) => match model.screen {
            Screen::Log => partitions::rows(model, width, height, alone),
            Screen::Quorum => quorum::rows(model, width),
            Screen::Clients => clients::rows(model, width),
        },
    }
}
