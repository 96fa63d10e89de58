//! Taking operations up for sending: numbered without gaps, in order of capture, and the numbers stored first.

use rusqlite::Connection;
use sojourn_wire::message::operation::{Operation, OperationChunk};
use uuid::Uuid;

use super::attachment::{Attachment, Taken, ahead_bytes, attachments};
use super::chunk::{Unit, Units};
use super::error::Fault;
use super::operation::{ENTRY_COLUMNS, Entry, Unsendable, too_large, too_much_ahead, wire_bytes};
use super::{Adopted, Store, StoreError, aside, numbering, park, queue, state};

/// Where a chunk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// Operations in a chunk; a larger group is a chunk of its own.
    pub operations: usize,
    /// Bytes of a chunk's operations as JSON; a larger operation or group is a chunk of its own.
    pub bytes: u64,
    /// Bytes that no operation or group may exceed: a larger one is refused here.
    pub hard_bytes: u64,
    /// Bytes of the attachments of a chunk; an operation or group that has more is refused here.
    pub attachment_bytes: u64,
}

/// Operations that go out together, and the markers around them.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) operations: Vec<Operation>,
    row_numbers: Vec<i64>,
    markers: Vec<i64>,
    bytes: u64,
    /// Bytes of its attachments.
    ahead: u64,
}

impl Store {
    /// The next operations to send, as the chunk of this id; none when nothing waits.
    ///
    /// Operations that were taken up and have no verdict yet come again, with the same numbers. Otherwise waiting ones
    /// get the next numbers, which are stored before this returns. A group is never cut; one that is still open, and
    /// what follows it, is not taken. What can never be sent is refused here, with its whole group, and what builds on it
    /// is parked here until that is settled; their rows will be asked for again.
    ///
    /// # Errors
    /// That the database is damaged, full, or locked; nothing was numbered.
    pub fn take_up(&mut self, chunk: Uuid, ceilings: Ceilings) -> Result<Option<Taken>, StoreError> {
        let Some(adopted) = self.adopted.clone() else { return Ok(None) };
        self.write("taking up operations", |transaction| take_up(transaction, &adopted, chunk, ceilings))
    }
}

pub(super) fn take_up(
    connection: &Connection,
    adopted: &Adopted,
    chunk: Uuid,
    ceilings: Ceilings,
) -> Result<Option<Taken>, Fault> {
    let mut draft = unanswered(connection, adopted, ceilings.hard_bytes)?;
    let since = Some(numbering::first(connection)?.unsigned_abs());
    if draft.operations.is_empty() {
        draft = take_waiting(connection, adopted, ceilings)?;
    }
    let Some(first) = draft.operations.first().map(|operation| operation.sequence) else { return Ok(None) };
    let attachments = draft.attachments();
    let (metadata_version, operations) = (adopted.version, draft.operations);
    let chunk = OperationChunk { chunk, first, metadata_version, operations, since, dry_run: false };
    Ok(Some(Taken { chunk, attachments }))
}

/// What was sent before and has no verdict. Sizes were checked when it was taken up.
pub(super) fn unanswered(connection: &Connection, adopted: &Adopted, hard_bytes: u64) -> Result<Draft, Fault> {
    let sql =
        format!("SELECT {ENTRY_COLUMNS} FROM sojourn_queue WHERE state = 1 AND sequence IS NOT NULL ORDER BY sequence");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut draft = Draft::default();
    while let Some(row) = rows.next()? {
        let entry = Entry::read(row)?;
        let operation = entry.operation(connection, adopted, hard_bytes.saturating_sub(draft.bytes))?;
        let damaged = |Unsendable(why)| Fault::damaged("an operation that was sent", why);
        draft.add(entry.row_number, operation.map_err(damaged)?);
    }
    Ok(draft)
}

fn take_waiting(connection: &Connection, adopted: &Adopted, ceilings: Ceilings) -> Result<Draft, Fault> {
    let open_group = queue::open_group(connection)?.map(|row| row as i64);
    let mut draft = Draft::default();
    let mut units = Units::after(0, ceilings.hard_bytes);
    while let Some(unit) = units.next(connection, open_group)? {
        let next = match draft_of(connection, adopted, &unit, ceilings)? {
            Err(why) => {
                aside::refuse(connection, &unit, &why)?;
                discards_of(&unit)?
            }
            Ok(next) => match park::cause(connection, &adopted.metadata, &next)? {
                Some(cause) => {
                    aside::park(connection, &unit, cause)?;
                    discards_of(&unit)?
                }
                None if draft.fits(&next, ceilings) => next,
                None => break,
            },
        };
        draft.append(next);
        if draft.operations.len() >= ceilings.operations {
            break;
        }
    }
    number(connection, draft)
}

/// The unit's operations, those that were given up first: they belong to no group and must not cut one. The inner error
/// says that the others can never be sent.
pub(super) fn draft_of(
    connection: &Connection,
    adopted: &Adopted,
    unit: &Unit,
    ceilings: Ceilings,
) -> Result<Result<Draft, Unsendable>, Fault> {
    let hard_bytes = ceilings.hard_bytes;
    if unit.bytes > hard_bytes {
        return Ok(Err(too_large(unit.bytes, hard_bytes)));
    }
    let mut draft = Draft { markers: unit.markers.clone(), ..discards_of(unit)? };
    for entry in &unit.entries {
        match entry.operation(connection, adopted, hard_bytes.saturating_sub(draft.bytes))? {
            Ok(operation) => draft.add(entry.row_number, operation),
            Err(unsendable) => return Ok(Err(unsendable)),
        }
        if draft.bytes > hard_bytes {
            return Ok(Err(too_large(draft.bytes, hard_bytes)));
        }
        if draft.ahead > ceilings.attachment_bytes {
            return Ok(Err(too_much_ahead(draft.ahead, ceilings.attachment_bytes)));
        }
    }
    Ok(Ok(draft))
}

/// What was given up was numbered once, so its object id is one.
fn discards_of(unit: &Unit) -> Result<Draft, Fault> {
    let mut draft = Draft::default();
    for entry in &unit.discards {
        let discard = entry.discard().map_err(|Unsendable(why)| Fault::damaged("a discarded entry", why))?;
        draft.add(entry.row_number, discard);
    }
    Ok(draft)
}

impl Draft {
    fn add(&mut self, row_number: i64, operation: Operation) {
        self.bytes += wire_bytes(&operation);
        self.ahead += ahead_bytes(&operation);
        self.operations.push(operation);
        self.row_numbers.push(row_number);
    }

    pub(super) fn fits(&self, next: &Self, ceilings: Ceilings) -> bool {
        self.operations.is_empty()
            || (self.operations.len() + next.operations.len() <= ceilings.operations
                && self.bytes + next.bytes <= ceilings.bytes
                && self.ahead + next.ahead <= ceilings.attachment_bytes)
    }

    /// The operations, each with its entry's row number.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&Operation, i64)> {
        self.operations.iter().zip(self.row_numbers.iter().copied())
    }

    /// What these operations send ahead.
    pub(super) fn attachments(&self) -> Vec<Attachment> {
        attachments(&self.operations, &self.row_numbers)
    }

    pub(super) fn append(&mut self, next: Self) {
        self.operations.extend(next.operations);
        self.row_numbers.extend(next.row_numbers);
        self.markers.extend(next.markers);
        self.bytes += next.bytes;
        self.ahead += next.ahead;
    }
}

/// Stores the numbers, and that all of it is sent.
fn number(connection: &Connection, mut draft: Draft) -> Result<Draft, Fault> {
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
    Ok(draft)
}
