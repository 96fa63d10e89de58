//! Entries of the queue, read and changed by a settlement.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row, params};

use super::chain::{Chain, Link};
use super::outline::Object;
use crate::store::error::Fault;
use crate::store::image::{self, Values};
use crate::store::queue::EntryCommand;

/// The unfinished entries of an object, with the image beneath them.
pub(super) fn chain(connection: &Connection, object: &Object) -> Result<Chain, Fault> {
    let sql = "SELECT row_number, command_id, data, base, given_up FROM sojourn_queue \
               WHERE object_type_code = ?1 AND object_id = ?2 AND state IN (0, 1, 3) AND command_id < 10 \
               ORDER BY row_number";
    let mut statement = connection.prepare_cached(sql)?;
    let links = statement.query_map(params![object.0, object.1], link)?;
    let links: Vec<Option<Link>> = links.collect::<rusqlite::Result<_>>()?;
    Ok(Chain::new(links.into_iter().flatten().collect(), image::read(connection, object.0, &object.1)?))
}

fn link(row: &Row<'_>) -> rusqlite::Result<Option<Link>> {
    let Some(command) = EntryCommand::from_number(row.get(1)?) else { return Ok(None) };
    Ok(Some(Link {
        row_number: row.get(0)?,
        command,
        data: values(row, 2)?,
        base: values(row, 3)?,
        withdrawn: row.get(4)?,
    }))
}

/// What no program can read has no values.
fn values(row: &Row<'_>, column: usize) -> rusqlite::Result<Values> {
    let json = row.get_ref(column)?.as_bytes_or_null()?.unwrap_or_default();
    Ok(serde_json::from_slice(json).unwrap_or_default())
}

/// Stores the links that differ from what they were, and the image.
pub(super) fn store(connection: &Connection, object: &Object, before: &[Link], after: &Chain) -> Result<(), Fault> {
    for (before, link) in before.iter().zip(&after.links) {
        if before.data != link.data || before.base != link.base {
            put_values(connection, link)?;
        }
    }
    image::write(connection, object.0, &object.1, after.image.as_ref())
}

/// Stores what the entry sets and what was there before.
pub(super) fn put_values(connection: &Connection, link: &Link) -> Result<(), Fault> {
    let text = |values: &Values| serde_json::to_string(values).map_err(|error| Fault::damaged("values", error));
    let data = (link.command != EntryCommand::Delete).then(|| text(&link.data)).transpose()?;
    let base = (!matches!(link.command, EntryCommand::Create | EntryCommand::Invoke)).then(|| text(&link.base));
    let sql = "UPDATE sojourn_queue SET data = ?2, base = ?3 WHERE row_number = ?1";
    connection.prepare_cached(sql)?.execute(params![link.row_number, data, base.transpose()?])?;
    Ok(())
}

/// Puts bytes beside the entry.
pub(super) fn put_bytes(connection: &Connection, row_number: i64, attribute: &str, bytes: &[u8]) -> Result<(), Fault> {
    let sql = "INSERT OR REPLACE INTO sojourn_blob (row_number, attribute, bytes) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![row_number, attribute, bytes])?;
    Ok(())
}

/// Takes bytes away that the entry does not set any more.
pub(super) fn drop_bytes(connection: &Connection, row_number: i64, attribute: &str) -> Result<(), Fault> {
    let sql = "DELETE FROM sojourn_blob WHERE row_number = ?1 AND attribute = ?2";
    connection.prepare_cached(sql)?.execute(params![row_number, attribute])?;
    Ok(())
}

/// Notes whether the user wants it although there are duplicates.
pub(super) fn want_anyway(connection: &Connection, row_number: i64, anyway: bool) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue SET create_anyway = ?2 WHERE row_number = ?1";
    connection.prepare_cached(sql)?.execute((row_number, anyway))?;
    Ok(())
}

/// The user does now what the entry says: with other values it is another act. A copy of the file in which it was fixed
/// otherwise is told apart by that.
pub(super) fn done_now(connection: &Connection, row_number: i64) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue SET action_date = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE row_number = ?1";
    connection.prepare_cached(sql)?.execute([row_number])?;
    Ok(())
}

/// Lets entries wait again, as what settles their old number.
pub(super) fn send_again(connection: &Connection, row_numbers: &BTreeSet<i64>) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue SET state = 0, settles = coalesce(sequence, settles), sequence = NULL, \
               verdict = NULL, reason = NULL, attribute = NULL, trace_id = NULL, rule = NULL, cause = NULL, \
               waits_for = NULL, let_go_for = NULL, detail = NULL WHERE row_number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for row_number in row_numbers {
        statement.execute([row_number])?;
    }
    Ok(())
}

/// Gives entries up. The server is told of those that it has refused; it knows nothing of the others.
pub(super) fn give_up(connection: &Connection, row_numbers: &BTreeSet<i64>) -> Result<(), Fault> {
    send_again(connection, row_numbers)?;
    let sql = "UPDATE sojourn_queue SET given_up = 1, state = CASE WHEN settles IS NULL THEN 4 ELSE 0 END \
               WHERE row_number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut forget = connection.prepare_cached("DELETE FROM sojourn_blob WHERE row_number = ?1")?;
    for row_number in row_numbers {
        statement.execute([row_number])?;
        forget.execute([row_number])?;
    }
    Ok(())
}

/// Entries that wait on a row that the server has deleted say so, though they were made since: the server does not know that
/// the row is still on this device.
pub(super) fn overtake_gone(connection: &Connection) -> Result<(), Fault> {
    let sql = "UPDATE sojourn_queue AS q SET overtaken = 1 WHERE state = 0 AND given_up = 0 AND command_id < 10 \
               AND EXISTS (SELECT 1 FROM sojourn_image AS i WHERE i.object_type_code = q.object_type_code \
                           AND i.object_id = q.object_id AND i.image IS NULL)";
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// The unfinished entries whose values name this id, with what they set.
pub(super) fn naming(connection: &Connection, id: &str) -> Result<Vec<(i32, Link)>, Fault> {
    let sql = "SELECT row_number, command_id, data, base, given_up, object_type_code FROM sojourn_queue \
               WHERE state IN (0, 1, 3) AND given_up = 0 AND command_id < 10 AND object_type_code IS NOT NULL \
               AND (instr(data, ?1) > 0 OR instr(base, ?1) > 0)";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_map([id], |row| Ok((row.get(5)?, link(row)?)))?;
    let found: Vec<(i32, Option<Link>)> = found.collect::<rusqlite::Result<_>>()?;
    Ok(found.into_iter().filter_map(|(code, link)| Some((code, link?))).collect())
}

/// Which entries were sent and have no verdict: they come again under their numbers, and the server takes no others for
/// them.
pub(super) fn sent(connection: &Connection) -> Result<BTreeSet<i64>, Fault> {
    let sql = "SELECT row_number FROM sojourn_queue WHERE state = 1 AND given_up = 0 AND command_id < 10";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
