//! Sessions as a table, for people.

use std::fmt;

use indicatif::{HumanBytes, HumanCount};

use super::{History, Outcome, SessionShown};
use crate::commands::plain_table;

/// The characters of a session's id that are shown; `--session` takes them.
const SHORT: usize = 8;

const COLUMNS: [&str; 11] = [
    "session",
    "began",
    "prepare",
    "rows",
    "deletes",
    "batches",
    "on the wire",
    "of rows",
    "retries",
    "elapsed",
    "outcome",
];

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sessions.is_empty() {
            return write!(f, "No session is remembered: this device has not gone offline yet, nor synchronised.");
        }
        let mut table = plain_table(&COLUMNS);
        for session in &self.sessions {
            table.add_row(row(session));
        }
        write!(f, "{table}\n\nOne in full: sojourn-agent history --session {}", short(&self.sessions[0]))
    }
}

fn row(shown: &SessionShown) -> [String; COLUMNS.len()] {
    let moved = shown.moved;
    [
        short(shown),
        shown.started_at.clone(),
        format!("{} ms", shown.prepare_ms),
        HumanCount(moved.rows).to_string(),
        HumanCount(moved.deletes).to_string(),
        moved.batches.to_string(),
        HumanBytes(moved.wire_bytes).to_string(),
        HumanBytes(moved.row_bytes).to_string(),
        moved.retries.to_string(),
        format!("{} ms", shown.elapsed_ms),
        shown.outcome.word().to_owned(),
    ]
}

fn short(shown: &SessionShown) -> String {
    shown.session.to_string().chars().take(SHORT).collect()
}

impl Outcome {
    /// The word for it to the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::CutShort => "cut short",
            Self::Unfinished => "not finished",
        }
    }
}
