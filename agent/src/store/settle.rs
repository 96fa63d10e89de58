//! Storing verdicts.

use rusqlite::{Connection, OptionalExtension, params};
use sojourn_wire::message::operation::{Verdict, VerdictKind};

use super::error::Fault;
use super::{Store, StoreError, refresh};

const CREATE: i64 = 1;
const PLAYED_BACK: u8 = 2;
const REFUSED: u8 = 3;

impl Store {
    /// Stores verdicts. An operation that has one keeps it, so repeating this is harmless. The rows of refused
    /// operations will be asked for again: what the server has is what counts. So will rows that were created here: a
    /// filter or a policy may keep them from the user, and the server does not know that they are on the device.
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
    let Some((row_number, object_type_code, object_id, command)) = unanswered(connection, verdict.sequence)? else {
        return Ok(());
    };
    let done = matches!(verdict.verdict, VerdictKind::Applied | VerdictKind::Merged);
    let state = if done { PLAYED_BACK } else { REFUSED };
    let Verdict { reason, attribute, trace_id, .. } = verdict;
    let sql = "UPDATE sojourn_queue SET state = ?2, verdict = ?3, reason = ?4, attribute = ?5, trace_id = ?6 \
               WHERE row_number = ?1";
    let values = params![row_number, state, verdict.verdict.word(), reason, attribute, trace_id];
    connection.prepare_cached(sql)?.execute(values)?;
    if done {
        connection.prepare_cached("DELETE FROM sojourn_blob WHERE row_number = ?1")?.execute([row_number])?;
    }
    if !done || command == CREATE {
        refresh::add(connection, object_type_code, &object_id)?;
    }
    Ok(())
}

/// The entry of an operation that has no verdict yet. Not `UPDATE … RETURNING`: that keeps a journal for each statement.
fn unanswered(connection: &Connection, sequence: u64) -> rusqlite::Result<Option<(i64, i32, String, i64)>> {
    let Ok(sequence) = i64::try_from(sequence) else { return Ok(None) };
    let sql = "SELECT row_number, object_type_code, object_id, command_id FROM sojourn_queue \
               WHERE sequence = ?1 AND state = 1";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
    connection.prepare_cached(sql)?.query_row([sequence], read).optional()
}

/// Markers are done when no operation of their group is under way any more.
fn settle_markers(connection: &Connection) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue AS marker SET state = 2 WHERE state = 1 AND command_id >= 10 AND NOT EXISTS (
        SELECT 1 FROM sojourn_queue AS member WHERE member.state = 1 AND member.command_id < 10
            AND member.parent_id = coalesce(marker.parent_id, marker.row_number))";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
