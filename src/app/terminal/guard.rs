//! [`Guard`]: raw mode and the other screen, as long as it lives. A panic undoes both before it
//! speaks; a signal is noticed by the loop, which leaves in good order.

use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Holds the terminal.
pub(super) struct Guard {
    /// The last signal, 0 none.
    signal: Arc<AtomicUsize>,
}

impl Guard {
    pub(super) fn new() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        // A terminal that is gone has nothing to be restored, and waiting for its keys never ends.
        #[cfg(unix)]
        signal_hook::flag::register_conditional_shutdown(
            signal_hook::consts::SIGHUP,
            128 + signal_hook::consts::SIGHUP,
            Arc::new(AtomicBool::new(true)),
        )?;
        #[cfg(unix)]
        for number in SIGNALS {
            signal_hook::flag::register_usize(number, signal.clone(), number as usize)?;
        }
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            restore();
            before(what);
        }));
        enable_raw_mode()?;
        // From here on dropping undoes what was done, whatever fails next.
        let guard = Guard { signal };
        execute!(io::stdout(), EnterAlternateScreen)?;
        Ok(guard)
    }

    /// The signal that came, if one did.
    pub(super) fn signal(&self) -> Option<i32> {
        let signal = self.signal.load(Ordering::Relaxed);
        i32::try_from(signal).ok().filter(|signal| *signal != 0)
    }
}

#[cfg(unix)]
const SIGNALS: [i32; 3] = [
    signal_hook::consts::SIGTERM,
    signal_hook::consts::SIGINT,
    signal_hook::consts::SIGQUIT,
];

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// As the terminal was. What it refuses now can not be told to anyone.
fn restore() {
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}
