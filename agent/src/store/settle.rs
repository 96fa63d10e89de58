//! Storing verdicts.

use rusqlite::{Connection, OptionalExtension, params};
use sojourn_wire::message::operation::{Verdict, VerdictKind};

use super::error::Fault;
use super::{Store, StoreError, refresh};

const PLAYED_BACK: u8 = 2;
const REFUSED: u8 = 3;

impl Store {
    /// Stores verdicts. An operation that has one keeps it, so repeating this is harmless. The rows of refused
    /// operations will be asked for again: what the server has is what counts.
    ///
    /// # Errors
    /// That the database is damaged, full, or locked; nothing was stored.
    pub fn settle(&mut self, verdicts: &[Verdict]) -> Result<(), StoreError> {
        self.write("storing verdicts", |transaction| {
            for verdict in verdicts {
                settle_one(transaction, verdict)?;
            }
            settle_markers(transaction)
        })
    }
}

fn settle_one(connection: &Connection, verdict: &Verdict) -> Result<(), Fault> {
    let done = matches!(verdict.verdict, VerdictKind::Applied | VerdictKind::Merged);
    let state = if done { PLAYED_BACK } else { REFUSED };
    let sql = "UPDATE sojourn_queue SET state = ?2, verdict = ?3, reason = ?4, attribute = ?5, trace_id = ?6 \
               WHERE sequence = ?1 AND state = 1 RETURNING object_type_code, object_id";
    let Ok(sequence) = i64::try_from(verdict.sequence) else { return Ok(()) };
    let values = params![sequence, state, verdict.verdict.word(), verdict.reason, verdict.attribute, verdict.trace_id];
    let mut statement = connection.prepare_cached(sql)?;
    let object: Option<(i32, String)> = statement.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    match object {
        Some((code, id)) if !done => Ok(refresh::add(connection, code, &id)?),
        _ => Ok(()),
    }
}

/// Markers are done when no operation of their group is under way any more.
fn settle_markers(connection: &Connection) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue AS marker SET state = 2 WHERE state = 1 AND command_id >= 10 AND NOT EXISTS (
        SELECT 1 FROM sojourn_queue AS member WHERE member.state = 1 AND member.command_id < 10
            AND member.parent_id = coalesce(marker.parent_id, marker.row_number))";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
