//! Progress on standard error for what takes longer than a second.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// A bar that appears after a second.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    began: Instant,
    shown: bool,
    enabled: bool,
    len: u64,
}

impl Progress {
    pub(super) fn new(len: u64, enabled: bool) -> Self {
        Progress {
            bar: None,
            began: Instant::now(),
            shown: false,
            enabled,
            len,
        }
    }

    /// Moves on; `what` is what is being done.
    pub(super) fn at(&mut self, position: u64, what: &str) {
        if !self.enabled || (!self.shown && self.began.elapsed() < Duration::from_secs(1)) {
            return;
        }
        let len = self.len;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(len), ProgressDrawTarget::stderr());
            if let Ok(style) =
                ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {elapsed}")
            {
                bar.set_style(style);
            }
            bar
        });
        self.shown = true;
        bar.set_position(position);
        bar.set_message(what.to_owned());
    }

    pub(super) fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
