//! What the user sees while something takes longer than a moment: bars on a terminal, or lines for whoever reads them
//! later. Both go to stderr.

mod course;
mod painter;
mod words;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use indicatif::ProgressBar;
use sojourn_wire::message::prepare::EntityCounts;

use self::painter::{Canvas, Painter};

/// What the user is shown. Clones show the same.
#[derive(Debug, Clone)]
pub struct Progress {
    manner: Manner,
    shown: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Bars,
    Lines,
    Silent,
}

#[derive(Debug, Clone)]
enum Shown {
    Nothing,
    Spinner(ProgressBar),
    Course(Arc<Painter>),
}

impl Progress {
    /// Bars on a terminal.
    #[must_use]
    pub fn bars() -> Self {
        Self { manner: Manner::Bars, shown: Shown::Nothing }
    }

    /// A line about once a second.
    #[must_use]
    pub fn lines() -> Self {
        Self { manner: Manner::Lines, shown: Shown::Nothing }
    }

    /// Nothing, for scripts.
    #[must_use]
    pub fn silent() -> Self {
        Self { manner: Manner::Silent, shown: Shown::Nothing }
    }

    /// Something of unknown length has begun.
    pub fn begin(&mut self, what: &'static str) {
        self.end();
        match self.manner {
            Manner::Bars => {
                let bar = ProgressBar::new_spinner().with_message(what);
                bar.enable_steady_tick(Duration::from_millis(100));
                self.shown = Shown::Spinner(bar);
            }
            Manner::Lines => {
                let _ = writeln!(std::io::stderr(), "{what}");
            }
            Manner::Silent => {}
        }
    }

    /// These rows and deletes are about to move. From here on it shows the mean of what was [received](Self::received)
    /// and what was [loaded](Self::loaded).
    pub fn moving(&mut self, totals: &[EntityCounts]) {
        match totals.iter().map(|entity| entity.insert + entity.update + entity.delete).sum() {
            // What waits in the spool may be left to load.
            0 => self.begin("moving data"),
            rows => self.start("moving data", "rows", rows),
        }
    }

    /// So many more rows or deletes have come over the wire, whole or as a share of their file.
    pub fn received(&self, rows: u64) {
        if let Shown::Course(painter) = &self.shown {
            painter.course().received(rows);
        }
    }

    /// So many more bytes have come over the wire.
    pub fn received_bytes(&self, bytes: u64) {
        if let Shown::Course(painter) = &self.shown {
            painter.course().received_bytes(bytes);
        }
    }

    /// So many more rows or deletes are in the tables. The last of them does not show before the [end](Self::end), when
    /// everything is committed.
    pub fn loaded(&self, rows: u64) {
        if let Shown::Course(painter) = &self.shown {
            painter.course().loaded(rows);
        }
    }

    /// Operations are about to be played back.
    pub fn operations(&mut self, waiting: u64) {
        self.start("playing back", "operations", waiting);
    }

    /// Rows are about to be compared.
    pub fn comparing(&mut self, rows: u64) {
        self.start("comparing", "rows", rows);
    }

    /// Operations were played back, or rows compared: so many more are done.
    pub fn advance(&self, by: u64) {
        if let Shown::Course(painter) = &self.shown {
            let mut course = painter.course();
            course.received(by);
            course.loaded(by);
        }
    }

    /// It is over.
    pub fn end(&mut self) {
        match std::mem::replace(&mut self.shown, Shown::Nothing) {
            Shown::Nothing => {}
            Shown::Spinner(bar) => bar.finish_and_clear(),
            Shown::Course(painter) => painter.end(),
        }
    }

    fn start(&mut self, what: &'static str, unit: &'static str, total: u64) {
        self.end();
        let canvas = match self.manner {
            Manner::Bars => Canvas::bar(total),
            Manner::Lines => Canvas::Lines,
            Manner::Silent => return,
        };
        self.shown = Shown::Course(Arc::new(Painter::start(what, unit, total, canvas)));
    }
}
