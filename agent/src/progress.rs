//! What the user sees while something takes longer than a moment. Bars go to stderr, and only to a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use sojourn_wire::message::prepare::EntityCounts;

/// What the user is shown.
#[derive(Debug, Clone)]
pub struct Progress {
    visible: bool,
    bar: ProgressBar,
}

impl Progress {
    /// Bars on a terminal.
    #[must_use]
    pub fn bars() -> Self {
        Self { visible: true, bar: ProgressBar::hidden() }
    }

    /// Nothing, for scripts.
    #[must_use]
    pub fn silent() -> Self {
        Self { visible: false, bar: ProgressBar::hidden() }
    }

    /// Something of unknown length has begun.
    pub fn begin(&mut self, what: &'static str) {
        self.replace(ProgressBar::new_spinner().with_message(what));
        self.bar.enable_steady_tick(std::time::Duration::from_millis(100));
    }

    /// Rows are about to move.
    pub fn rows(&mut self, totals: &[EntityCounts]) {
        let rows = totals.iter().map(|entity| entity.insert + entity.update + entity.delete).sum();
        self.replace(
            ProgressBar::new(rows)
                .with_style(style("{msg} [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left")),
        );
        self.bar.set_message("moving data");
    }

    /// Operations are about to be played back.
    pub fn operations(&mut self, waiting: u64) {
        self.replace(
            ProgressBar::new(waiting)
                .with_style(style("{msg} [{bar:30}] {human_pos}/{human_len} operations, {per_sec}, {eta} left")),
        );
        self.bar.set_message("playing back");
    }

    /// Rows are about to be compared.
    pub fn comparing(&mut self, rows: u64) {
        self.replace(
            ProgressBar::new(rows)
                .with_style(style("{msg} [{bar:30}] {human_pos}/{human_len} rows, {per_sec}, {eta} left")),
        );
        self.bar.set_message("comparing");
        self.bar.enable_steady_tick(std::time::Duration::from_millis(100));
    }

    /// Rows or operations are done.
    pub fn advance(&self, by: u64) {
        self.bar.inc(by);
    }

    /// It is over.
    pub fn end(&mut self) {
        self.bar.finish_and_clear();
    }

    fn replace(&mut self, bar: ProgressBar) {
        self.bar.finish_and_clear();
        if self.visible {
            self.bar = bar;
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
