//! What somebody who waits for a benchmark is told, on stderr: one living line on a terminal, else a line each.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

const TICK: Duration = Duration::from_millis(100);

/// Tells what is being done.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Nothing is being done yet.
    pub(crate) fn start() -> Progress {
        let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
        let bar = ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(TICK);
        Progress { bar }
    }

    /// This is being done now.
    pub(crate) fn doing(&self, what: String) {
        match self.bar.is_hidden() {
            true => output::say(&what),
            false => self.bar.set_message(what),
        }
    }

    /// Prints something without the living line in its way.
    pub(crate) fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
