//! The unfinished part of the queue in outline: enough to tell what a settlement reaches.

use rusqlite::{Connection, Row};

use crate::store::error::Fault;
use crate::store::queue::EntryCommand;

/// An object: its entity's object type code and its id.
pub(super) type Object = (i32, String);

/// How far an entry has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Sent,
    Refused,
}

/// An entry that is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) row_number: i64,
    pub(super) command: EntryCommand,
    pub(super) object: Object,
    pub(super) group: Option<i64>,
    pub(super) stage: Stage,
    /// The entry that it waits for, by row number, when it was parked or cancelled.
    pub(super) waits_for: Option<i64>,
    pub(super) given_up: bool,
}

/// All entries that are not finished, in order of capture; what names no object or no known command is left out.
pub(super) fn read(connection: &Connection) -> Result<Vec<Outline>, Fault> {
    let sql = "SELECT row_number, command_id, object_type_code, object_id, parent_id, state, waits_for, given_up \
               FROM sojourn_queue WHERE state IN (0, 1, 3) AND command_id < 10 \
               AND object_type_code IS NOT NULL AND object_id IS NOT NULL ORDER BY row_number";
    let mut statement = connection.prepare_cached(sql)?;
    let outlines = statement.query_map([], outline)?;
    Ok(outlines.filter_map(Result::transpose).collect::<rusqlite::Result<_>>()?)
}

fn outline(row: &Row<'_>) -> rusqlite::Result<Option<Outline>> {
    let Some(command) = EntryCommand::from_number(row.get(1)?) else { return Ok(None) };
    let id = row.get_ref(3)?.as_bytes().map(|id| String::from_utf8_lossy(id).into_owned());
    Ok(Some(Outline {
        row_number: row.get(0)?,
        command,
        object: (row.get(2)?, id.unwrap_or_default()),
        group: row.get(4)?,
        stage: match row.get(5)? {
            0_i64 => Stage::Waiting,
            1 => Stage::Sent,
            _ => Stage::Refused,
        },
        waits_for: row.get(6)?,
        given_up: row.get(7)?,
    }))
}
