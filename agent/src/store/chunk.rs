//! Cutting the waiting part of the queue into units that go out whole: one operation, or one group.

use rusqlite::{Connection, OptionalExtension};

use super::error::Fault;
use super::operation::{ENTRY_COLUMNS, Entry};
use super::queue::EntryCommand;

/// One operation, or a group with its markers.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// Its operations; left empty once they are beyond the ceiling, so that memory stays bounded.
    pub(super) entries: Vec<Entry>,
    /// Its operations that the user has discarded: they go out whatever becomes of the others.
    pub(super) discards: Vec<Entry>,
    pub(super) markers: Vec<i64>,
    /// How many operations it has.
    pub(super) operations: u64,
    pub(super) first_row: i64,
    pub(super) last_row: i64,
    /// Bytes of its images as stored.
    pub(super) bytes: u64,
}

/// A walk over the waiting entries, in order of capture.
#[derive(Debug)]
pub(super) struct Units {
    after: i64,
    hard_bytes: u64,
}

impl Units {
    pub(super) fn after(row_number: i64, hard_bytes: u64) -> Self {
        Self { after: row_number, hard_bytes }
    }

    /// The next unit; none at the end, and none from the open group on.
    pub(super) fn next(&mut self, connection: &Connection, open_group: Option<i64>) -> Result<Option<Unit>, Fault> {
        let Some(entry) = self.entry(connection)? else { return Ok(None) };
        if open_group.is_some_and(|start| entry.row_number >= start) {
            return Ok(None);
        }
        let mut unit = Unit { first_row: entry.row_number, ..Unit::default() };
        let is_group = entry.command == Some(EntryCommand::Start);
        self.add(&mut unit, entry);
        while is_group && unit.markers.len() < 2 {
            match self.entry(connection)? {
                Some(entry) => self.add(&mut unit, entry),
                None => break,
            }
        }
        Ok(Some(unit))
    }

    fn entry(&mut self, connection: &Connection) -> Result<Option<Entry>, Fault> {
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM sojourn_queue WHERE state = 0 AND row_number > ?1 ORDER BY row_number LIMIT 1"
        );
        let entry = connection.prepare_cached(&sql)?.query_row([self.after], Entry::read).optional()?;
        if let Some(entry) = &entry {
            self.after = entry.row_number;
        }
        Ok(entry)
    }

    fn add(&self, unit: &mut Unit, entry: Entry) {
        unit.last_row = entry.row_number;
        unit.bytes += entry.stored_bytes();
        unit.operations += u64::from(!matches!(entry.command, Some(EntryCommand::Start | EntryCommand::Stop)));
        match entry.command {
            Some(EntryCommand::Start | EntryCommand::Stop) => unit.markers.push(entry.row_number),
            _ if entry.given_up => unit.discards.push(entry),
            _ if unit.bytes > self.hard_bytes => unit.entries.clear(),
            _ => unit.entries.push(entry),
        }
    }
}
