//! Taking operations up for sending: numbered without gaps, in order of capture, and the numbers stored first.

use rusqlite::Connection;
use sojourn_wire::message::operation::{Operation, OperationChunk};
use uuid::Uuid;

use super::chunk::{Unit, Units};
use super::error::Fault;
use super::operation::{ENTRY_COLUMNS, Entry, Unsendable, too_large, wire_bytes};
use super::{Adopted, Store, StoreError, queue, refresh, state};

/// Where a chunk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// Operations in a chunk; a larger group is a chunk of its own.
    pub operations: usize,
    /// Bytes of a chunk's operations as JSON; a larger operation or group is a chunk of its own.
    pub bytes: u64,
    /// Bytes that no operation or group may exceed: a larger one is refused here.
    pub hard_bytes: u64,
}

/// Operations that go out together, and the markers around them.
#[derive(Debug, Default)]
struct Draft {
    operations: Vec<Operation>,
    row_numbers: Vec<i64>,
    markers: Vec<i64>,
    bytes: u64,
}

impl Store {
    /// The next operations to send, as the chunk of this id; none when nothing waits.
    ///
    /// Operations that were taken up and have no verdict yet come again, with the same numbers. Otherwise waiting ones
    /// get the next numbers, which are stored before this returns. A group is never cut; one that is still open, and
    /// what follows it, is not taken. What can never be sent is refused here, with its whole group, and its rows will
    /// be asked for again.
    ///
    /// # Errors
    /// That the database is damaged, full, or locked; nothing was numbered.
    pub fn take_up(&mut self, chunk: Uuid, ceilings: Ceilings) -> Result<Option<OperationChunk>, StoreError> {
        let Some(adopted) = self.adopted.clone() else { return Ok(None) };
        self.write("taking up operations", |transaction| {
            let mut operations = unanswered(transaction, &adopted)?;
            if operations.is_empty() {
                operations = take_waiting(transaction, &adopted, ceilings)?;
            }
            let first = operations.first().map(|operation| operation.sequence);
            Ok(first.map(|first| OperationChunk { chunk, first, metadata_version: adopted.version, operations }))
        })
    }
}

/// What was sent before and has no verdict. Sizes were checked when it was taken up.
fn unanswered(connection: &Connection, adopted: &Adopted) -> Result<Vec<Operation>, Fault> {
    let sql =
        format!("SELECT {ENTRY_COLUMNS} FROM sojourn_queue WHERE state = 1 AND sequence IS NOT NULL ORDER BY sequence");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut operations = Vec::new();
    while let Some(row) = rows.next()? {
        let operation = Entry::read(row)?.operation(connection, adopted, u64::MAX)?;
        operations.push(operation.map_err(|Unsendable(why)| Fault::damaged("an operation that was sent", why))?);
    }
    Ok(operations)
}

fn take_waiting(connection: &Connection, adopted: &Adopted, ceilings: Ceilings) -> Result<Vec<Operation>, Fault> {
    let open_group = queue::open_group(connection)?.map(|row| row as i64);
    let mut draft = Draft::default();
    let mut units = Units::after(0, ceilings.hard_bytes);
    while let Some(unit) = units.next(connection, open_group)? {
        match draft_of(connection, adopted, &unit, ceilings.hard_bytes)? {
            Err(why) => refuse(connection, &unit, &why)?,
            Ok(next) if draft.fits(&next, ceilings) => draft.append(next),
            Ok(_) => break,
        }
        if draft.operations.len() >= ceilings.operations {
            break;
        }
    }
    number(connection, draft)
}

/// The unit's operations; the inner error says that they can never be sent.
fn draft_of(
    connection: &Connection,
    adopted: &Adopted,
    unit: &Unit,
    hard_bytes: u64,
) -> Result<Result<Draft, Unsendable>, Fault> {
    let mut draft = Draft { markers: unit.markers.clone(), ..Draft::default() };
    if unit.bytes > hard_bytes {
        return Ok(Err(too_large(unit.bytes, hard_bytes)));
    }
    for entry in &unit.entries {
        let operation = match entry.operation(connection, adopted, hard_bytes)? {
            Ok(operation) => operation,
            Err(unsendable) => return Ok(Err(unsendable)),
        };
        draft.bytes += wire_bytes(&operation);
        draft.operations.push(operation);
        draft.row_numbers.push(entry.row_number);
        if draft.bytes > hard_bytes {
            return Ok(Err(too_large(draft.bytes, hard_bytes)));
        }
    }
    Ok(Ok(draft))
}

impl Draft {
    fn fits(&self, next: &Self, ceilings: Ceilings) -> bool {
        self.operations.is_empty()
            || (self.operations.len() + next.operations.len() <= ceilings.operations
                && self.bytes + next.bytes <= ceilings.bytes)
    }

    fn append(&mut self, next: Self) {
        self.operations.extend(next.operations);
        self.row_numbers.extend(next.row_numbers);
        self.markers.extend(next.markers);
        self.bytes += next.bytes;
    }
}

/// Stores the numbers, and that all of it is sent.
fn number(connection: &Connection, mut draft: Draft) -> Result<Vec<Operation>, Fault> {
    let first: i64 = state::get(connection, state::NEXT_SEQUENCE)?.unwrap_or(1);
    let sql = "UPDATE sojourn_queue SET state = 1, sequence = ?2 WHERE row_number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut next = first;
    for (operation, row_number) in draft.operations.iter_mut().zip(&draft.row_numbers) {
        statement.execute((row_number, next))?;
        operation.sequence = next.unsigned_abs();
        next += 1;
    }
    for marker in &draft.markers {
        statement.execute((marker, None::<i64>))?;
    }
    if next != first {
        state::put(connection, state::NEXT_SEQUENCE, &next)?;
    }
    Ok(draft.operations)
}

/// Gives a unit up: its entries stay for the user to see, its rows come back from the server.
fn refuse(connection: &Connection, unit: &Unit, Unsendable(why): &Unsendable) -> Result<(), Fault> {
    let reason = match unit.markers.is_empty() {
        true => format!("this change cannot be sent: {why}"),
        false => format!("this group of changes cannot be sent: {why}"),
    };
    let range = (unit.first_row, unit.last_row);
    let objects = "SELECT object_type_code, object_id FROM sojourn_queue \
                   WHERE row_number BETWEEN ?1 AND ?2 AND state = 0 AND command_id < 10";
    let mut statement = connection.prepare_cached(objects)?;
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        if let (Some(code), Some(id)) = (row.get(0)?, row.get::<_, Option<String>>(1)?) {
            refresh::add(connection, code, &id)?;
        }
    }
    let sql = "UPDATE sojourn_queue SET state = 3, verdict = 'rejected', reason = ?3 \
               WHERE row_number BETWEEN ?1 AND ?2 AND state = 0 AND command_id < 10";
    connection.prepare_cached(sql)?.execute((range.0, range.1, reason))?;
    settle_markers(connection, unit)
}

fn settle_markers(connection: &Connection, unit: &Unit) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("UPDATE sojourn_queue SET state = 2 WHERE row_number = ?1")?;
    for marker in &unit.markers {
        statement.execute([marker])?;
    }
    Ok(())
}
