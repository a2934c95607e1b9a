//! The loop of the visualiser in a real terminal: keys in, pictures out, time passed on.
//!
//! | file | concern |
//! |---|---|
//! | `guard` | raw mode and the other screen, undone however the program ends |
//! | `input` | the terminal's keys as the visualiser's |
//! | `clipboard` | copying through the terminal's own escape |

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "the loop reads the clock and talks to the terminal"
)]

mod clipboard;
mod guard;
mod input;

use crate::app::tui::{Effect, Event, Model, draw, text};
use guard::Guard;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event;
use std::io::{self, Stdout, Write};
use std::time::{Duration, Instant};

/// The scout makes so many steps between two looks at the keyboard.
const SLICE: usize = 512;
/// A picture is drawn at most so often while the scout is under way.
const FRAME: Duration = Duration::from_millis(33);
/// Without keys the loop looks for signals so often.
const NAP: Duration = Duration::from_millis(200);
/// While the story plays.
const TICK: Duration = Duration::from_millis(20);

/// How a visit ended.
pub enum Left {
    /// The person left.
    Quit,
    /// The person wants plain text; the model goes on there.
    Plain(Box<Model>),
    /// A signal of this number.
    Signal(i32),
}

/// Shows a model until the person leaves. The terminal is as it was afterwards, also after a
/// panic or a signal.
///
/// # Errors
/// What the terminal refused.
pub fn run(mut model: Model) -> io::Result<Left> {
    let guard = Guard::new()?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let mut clock = Instant::now();
    let mut drawn: Option<Instant> = None;
    let mut stale = true;
    loop {
        if let Some(signal) = guard.signal() {
            return Ok(Left::Signal(signal));
        }
        if stale && drawn.is_none_or(|at| at.elapsed() >= FRAME || !model.look().looking_ahead) {
            terminal.draw(|frame| draw(&model, frame.buffer_mut()))?;
            (drawn, stale) = (Some(Instant::now()), false);
        }
        let effect = next(&mut model, &mut clock)?;
        match effect {
            Effect::Nothing => {}
            Effect::Draw => stale = true,
            Effect::Copy(text) => {
                clipboard::copy(&mut io::stdout(), &text)?;
                stale = true;
            }
            Effect::Plain => {
                drop(guard);
                return Ok(Left::Plain(Box::new(model)));
            }
            Effect::Quit { keep } => {
                drop(guard);
                if keep {
                    leave_picture(&model, &terminal)?;
                }
                return Ok(Left::Quit);
            }
        }
    }
}

/// Waits for a key, or for the time of the next beat; without either the scout goes on.
fn next(model: &mut Model, clock: &mut Instant) -> io::Result<Effect> {
    let look = model.look();
    let wait = match (look.looking_ahead, look.playing) {
        (true, _) => Duration::ZERO,
        (_, true) => TICK,
        _ => NAP,
    };
    if event::poll(wait)? {
        match event::read()? {
            event::Event::Key(key) => {
                return Ok(match input::key(key) {
                    Some(key) => model.update(Event::Key(key)),
                    None => Effect::Nothing,
                });
            }
            event::Event::Resize(..) => return Ok(Effect::Draw),
            _ => return Ok(Effect::Nothing),
        }
    }
    let passed = clock.elapsed();
    *clock = Instant::now();
    let passed = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    let played = model.update(Event::Elapsed(passed));
    if played != Effect::Nothing || !look.looking_ahead {
        return Ok(played);
    }
    Ok(model.update(Event::Idle(SLICE)))
}

/// The last picture as text, where the shell goes on.
fn leave_picture(model: &Model, terminal: &Terminal<CrosstermBackend<Stdout>>) -> io::Result<()> {
    let size = terminal.size()?;
    let area = ratatui::layout::Rect::new(0, 0, size.width, size.height);
    let mut buffer = Buffer::empty(area);
    draw(model, &mut buffer);
    let mut out = io::stdout().lock();
    for line in text(&buffer) {
        writeln!(out, "{line}")?;
    }
    out.flush()
}
