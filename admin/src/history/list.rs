//! Sessions as a table.

use std::fmt;

use sojourn_prepare::db::history::SessionMoved;

use super::{Listing, outcome};
use crate::table::{bytes_or_dash, count_or_dash, ms_or_dash, plain_table};

/// The characters of a session's id that are shown; `--session` takes them.
const SHORT: usize = 8;

const COLUMNS: [&str; 12] = [
    "session",
    "subscription",
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

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(newest) = self.sessions.first() else { return write!(f, "There was no session yet.") };
        let mut table = plain_table(&COLUMNS);
        for session in &self.sessions {
            table.add_row(row(session));
        }
        write!(f, "{table}\n\nOne in full: sojourn-admin history --session {}", short(newest))
    }
}

fn row(moved: &SessionMoved) -> [String; COLUMNS.len()] {
    [
        short(moved),
        moved.subscription.clone(),
        moved.started_at.clone(),
        ms_or_dash(moved.prepare_ms),
        count_or_dash(moved.rows),
        count_or_dash(moved.deletes),
        count_or_dash(moved.batches),
        bytes_or_dash(moved.wire_bytes),
        bytes_or_dash(moved.row_bytes),
        count_or_dash(moved.retries),
        ms_or_dash(moved.elapsed_ms),
        outcome(&moved.state).to_owned(),
    ]
}

fn short(moved: &SessionMoved) -> String {
    moved.session.to_string().chars().take(SHORT).collect()
}
