//! One benchmark under way: what it works with, and where its figures go.

use super::line::{Line, Measured};
use super::progress::Progress;
use super::{Bench, table};
use crate::machine::Machine;
use crate::output;

/// How much less a quick run works on.
const QUICK: u64 = 100;

/// How much is measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scale {
    /// The rows of every benchmark; else each has its own.
    pub(crate) rows: Option<u64>,
    /// One repetition, of a hundredth of the rows unless they are given.
    pub(crate) quick: bool,
}

/// One benchmark under way.
pub(crate) struct Run {
    /// What runs everything.
    pub(crate) machine: Machine,
    /// How many rows to work on.
    pub(crate) rows: u64,
    bench: &'static str,
    quick: bool,
    json: bool,
    progress: Progress,
    lines: Vec<Line>,
}

impl Run {
    /// Begins a benchmark. With `json` each figure is printed as soon as it is known.
    pub(crate) fn begin(bench: &Bench, machine: Machine, scale: Scale, json: bool) -> Run {
        let rows = scale.rows(bench.rows);
        let run = Run {
            machine,
            rows,
            bench: bench.name,
            quick: scale.quick,
            json,
            progress: Progress::start(),
            lines: Vec::new(),
        };
        run.doing(format!("{rows} rows: {}", bench.about));
        run
    }

    /// How often something is measured that is usually measured so many times.
    pub(crate) fn repetitions(&self, usual: usize) -> usize {
        if self.quick { 1 } else { usual }
    }

    /// Whether something works is asked, not how fast it is.
    pub(crate) fn is_quick(&self) -> bool {
        self.quick
    }

    /// Says what is being done now.
    pub(crate) fn doing(&self, what: impl AsRef<str>) {
        self.progress.doing(format!("{}: {}", self.bench, what.as_ref()));
    }

    /// Says something that stays to be read.
    pub(crate) fn say(&self, words: &str) {
        self.progress.aside(|| output::say(&format!("{}: {words}", self.bench)));
    }

    /// A figure is known.
    pub(crate) fn report(&mut self, measured: Measured<'_>) {
        let line = Line::of(self.bench, measured);
        if self.json {
            self.progress.aside(|| output::data(&line.json()));
        }
        self.lines.push(line);
    }

    /// Ends it: without `json` its tables are printed.
    pub(crate) fn end(self) {
        let Run { bench, json, progress, lines, .. } = self;
        drop(progress);
        if json {
            return;
        }
        for (title, table) in table::of(&lines) {
            output::data(&format!("\n{bench}: {title}\n{table}"));
        }
    }
}

impl Scale {
    fn rows(self, usual: u64) -> u64 {
        match (self.rows, self.quick) {
            (Some(rows), _) => rows,
            (None, true) => usual / QUICK,
            (None, false) => usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_is_a_hundredth_unless_rows_are_given() {
        let rows = |rows, quick| Scale { rows, quick }.rows(100_000);
        assert_eq!((rows(None, false), rows(None, true), rows(Some(7), true)), (100_000, 1_000, 7));
    }
}
