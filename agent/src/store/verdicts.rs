//! Storing verdicts.

use rusqlite::{Connection, OptionalExtension, params};
use sojourn_wire::message::operation::{Verdict, VerdictKind};
use uuid::Uuid;

use super::attachment::Taken;
use super::error::Fault;
use super::image::{Image, Values};
use super::rebase::UNSETTLED;
use super::take_up::{Ceilings, take_up};
use super::{Store, StoreError, groups, image, overdue, refresh};

const CREATE: i64 = 1;
const PLAYED_BACK: u8 = 2;
const REFUSED: u8 = 3;
const GIVEN_UP: u8 = 4;

/// An entry that was sent and has no verdict yet.
struct Sent {
    row_number: i64,
    object_type_code: i32,
    object_id: String,
    command: i64,
    given_up: bool,
    data: Option<Vec<u8>>,
}

impl Store {
    /// Stores verdicts. An operation that has one keeps it, so repeating this is harmless. The rows of refused
    /// operations will be asked for again: the user decides knowing what the server has. So will rows that were created
    /// here, and rows that the server has taken away: a filter or a policy may keep them from the user, and the server does
    /// not know that they are on the device.
    ///
    /// What was parked for an operation that the user has settled meanwhile waits again at once, but only once for each.
    ///
    /// # Errors
    /// That the database is damaged, full, or locked; nothing was stored.
    pub fn settle(&mut self, verdicts: &[Verdict]) -> Result<(), StoreError> {
        self.write("storing verdicts", |transaction| settle(transaction, verdicts))
    }

    /// Stores verdicts and takes up what comes next, in one transaction: each commit waits for the disk.
    ///
    /// # Errors
    /// As [`Self::settle`] and [`Self::take_up`]; nothing was stored.
    pub fn settle_and_take_up(
        &mut self,
        verdicts: &[Verdict],
        chunk: Uuid,
        ceilings: Ceilings,
    ) -> Result<Option<Taken>, StoreError> {
        let adopted = self.adopted.clone();
        self.write("storing verdicts", |transaction| {
            settle(transaction, verdicts)?;
            adopted.map_or(Ok(None), |adopted| take_up(transaction, &adopted, chunk, ceilings))
        })
    }
}

fn settle(connection: &Connection, verdicts: &[Verdict]) -> Result<(), Fault> {
    let mut parked = Vec::new();
    for verdict in verdicts {
        parked.extend(settle_one(connection, verdict)?);
    }
    overdue::follow_up(connection, &parked)?;
    groups::send_again(connection)?;
    groups::finish(connection)
}

/// The row number, when it was parked or cancelled, and the cause for which it was before.
fn settle_one(connection: &Connection, verdict: &Verdict) -> Result<Option<overdue::Parked>, Fault> {
    let Some(sent) = unanswered(connection, verdict.sequence)? else { return Ok(None) };
    let done = verdict.verdict.is_done();
    let parked = match verdict.verdict {
        VerdictKind::Parked | VerdictKind::Cancelled if !sent.given_up => {
            Some(overdue::Parked::read(connection, sent.row_number, verdict.cause)?)
        }
        _ => None,
    };
    store(connection, &sent, verdict, done)?;
    if done || sent.given_up {
        connection.prepare_cached("DELETE FROM sojourn_blob WHERE row_number = ?1")?.execute([sent.row_number])?;
    }
    let gone = done && !sent.given_up && uncover(connection, &sent)?;
    if !done || sent.given_up || gone || sent.command == CREATE {
        refresh::add(connection, sent.object_type_code, &sent.object_id)?;
    }
    Ok(parked)
}

fn store(connection: &Connection, sent: &Sent, verdict: &Verdict, done: bool) -> Result<(), Fault> {
    let state = match done {
        // Whatever the server says to it: nothing is left that could be done.
        _ if sent.given_up => GIVEN_UP,
        true => PLAYED_BACK,
        false => REFUSED,
    };
    let json = || serde_json::to_string(verdict).map_err(|error| Fault::damaged("a verdict", error));
    let detail = (!done).then(json).transpose()?;
    let cause = verdict.cause.and_then(|cause| i64::try_from(cause).ok());
    let Verdict { reason, attribute, trace_id, rule, .. } = verdict;
    let sql = "UPDATE sojourn_queue SET state = ?2, verdict = ?3, reason = ?4, attribute = ?5, trace_id = ?6, \
               rule = ?7, cause = ?8, detail = ?9 WHERE row_number = ?1";
    let word = verdict.verdict.word();
    let values = params![sent.row_number, state, word, reason, attribute, trace_id, rule, cause, detail];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Takes what was done off the server's image: the server has it now. The image goes when nothing hides it any more.
/// Answers whether the server had taken the row away.
fn uncover(connection: &Connection, sent: &Sent) -> Result<bool, Fault> {
    let (code, id) = (sent.object_type_code, sent.object_id.as_str());
    let Some(image) = image::read(connection, code, id)? else { return Ok(false) };
    let gone = matches!(image, Image::Gone);
    let sql = format!("SELECT 1 FROM sojourn_queue WHERE object_type_code = ?1 AND object_id = ?2 AND {UNSETTLED}");
    let hides = connection.prepare_cached(&sql)?.exists(params![code, id])?;
    let image = match image {
        // The row is not the user's any more: only the server can tell whether it is again.
        Image::Gone => {
            refresh::add(connection, code, id)?;
            hides.then_some(Image::Gone)
        }
        Image::Hidden(mut values) if hides => {
            let done: Option<Values> = sent.data.as_deref().and_then(|data| serde_json::from_slice(data).ok());
            values.retain(|attribute, _| done.as_ref().is_none_or(|done| !done.contains_key(attribute)));
            Some(Image::Hidden(values))
        }
        Image::Hidden(_) => None,
    };
    image::write(connection, code, id, image.as_ref())?;
    Ok(gone)
}

/// The entry of an operation that has no verdict yet. Not `UPDATE … RETURNING`: that keeps a journal for each statement.
fn unanswered(connection: &Connection, sequence: u64) -> rusqlite::Result<Option<Sent>> {
    let Ok(sequence) = i64::try_from(sequence) else { return Ok(None) };
    let sql = "SELECT row_number, object_type_code, object_id, command_id, given_up, CAST(data AS BLOB) \
               FROM sojourn_queue WHERE sequence = ?1 AND state = 1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Sent {
            row_number: row.get(0)?,
            object_type_code: row.get(1)?,
            object_id: row.get(2)?,
            command: row.get(3)?,
            given_up: row.get(4)?,
            data: row.get(5)?,
        })
    };
    connection.prepare_cached(sql)?.query_row([sequence], read).optional()
}
