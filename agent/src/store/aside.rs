//! Units that are not sent: their entries stay for the user to settle, and their rows come back from the server.

use rusqlite::{Connection, params};
use sojourn_wire::message::operation::VerdictKind;
use sojourn_wire::message::prepare::ObjectRef;

use super::chunk::Unit;
use super::error::Fault;
use super::operation::Unsendable;
use super::refresh;

/// Refuses a unit that can never be sent.
pub(super) fn refuse(connection: &Connection, unit: &Unit, Unsendable(why): &Unsendable) -> Result<(), Fault> {
    let what = if unit.markers.is_empty() { "change" } else { "group of changes" };
    set_aside(connection, unit, VerdictKind::Rejected, &format!("this {what} cannot be sent: {why}"), None)
}

/// Parks a unit until this entry is settled.
pub(super) fn park(connection: &Connection, unit: &Unit, cause: i64) -> Result<(), Fault> {
    let reason = "this waits until the operation on which it builds is settled: that one cannot be sent";
    set_aside(connection, unit, VerdictKind::Parked, reason, Some(cause))
}

fn set_aside(
    connection: &Connection,
    unit: &Unit,
    kind: VerdictKind,
    reason: &str,
    waits_for: Option<i64>,
) -> Result<(), Fault> {
    each_object(connection, unit, |object, _| {
        refresh::add(connection, object.object_type_code, &object.object_id.to_string())
    })?;
    let sql = "UPDATE sojourn_queue SET state = 3, verdict = ?3, reason = ?4, waits_for = ?5 \
               WHERE row_number BETWEEN ?1 AND ?2 AND state = 0 AND given_up = 0 AND command_id < 10";
    let values = params![unit.first_row, unit.last_row, kind.word(), reason, waits_for];
    connection.prepare_cached(sql)?.execute(values)?;
    let mut statement = connection.prepare_cached("UPDATE sojourn_queue SET state = 1 WHERE row_number = ?1")?;
    for marker in &unit.markers {
        statement.execute([marker])?;
    }
    Ok(())
}

/// Visits the objects of a unit's operations, and says whether they would be created. What names no object that the server
/// could know is left out.
pub(super) fn each_object(
    connection: &Connection,
    unit: &Unit,
    mut visit: impl FnMut(ObjectRef, bool) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let sql = "SELECT object_type_code, CAST(object_id AS BLOB), command_id = 1 FROM sojourn_queue \
               WHERE row_number BETWEEN ?1 AND ?2 AND state = 0 AND given_up = 0 AND command_id < 10 \
               AND object_type_code IS NOT NULL AND object_id IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((unit.first_row, unit.last_row))?;
    while let Some(row) = rows.next()? {
        let id = str::from_utf8(row.get_ref(1)?.as_blob()?).ok().and_then(|id| id.parse().ok());
        if let Some(object_id) = id {
            visit(ObjectRef { object_type_code: row.get(0)?, object_id }, row.get(2)?)?;
        }
    }
    Ok(())
}
