//! Taking operations up for sending: numbered without gaps, in order of capture, and the numbers stored first.

use rusqlite::Connection;
use sojourn_wire::message::operation::{Operation, OperationChunk};
use uuid::Uuid;

use super::attachment::{Attachment, Taken, ahead_bytes, attachments};
use super::chunk::{Unit, Units};
use super::error::Fault;
use super::operation::{ENTRY_COLUMNS, Entry, Unsendable, too_large, too_much_ahead};
use super::size::wire_bytes;
use super::{Adopted, Store, StoreError, aside, numbering, park, queue, state};

/// Where a chunk ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ceilings {
    /// Operations in a chunk; a larger group is a chunk of its own.
    pub operations: usize,
    /// Bytes of a chunk's operations as JSON, with room for what they say when they are sent again; a larger operation or
    /// group is a chunk of its own.
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
    /// Operations that were taken up and have no verdict yet come again, with the same numbers; in several chunks if one
    /// would be too large. Otherwise waiting ones get the next numbers, which are stored before this returns. A group is
    /// never cut, but what the user has discarded goes by itself; a group that is still open, and what follows it, is not
    /// taken. What can never be sent is refused here, with its whole group, and what builds on it is parked here until that
    /// is settled; their rows will be asked for again.
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
    let mut draft = unanswered(connection, adopted, ceilings)?;
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

/// What was sent before and has no verdict, as much of it as fits. Sizes were checked when it was taken up.
pub(super) fn unanswered(connection: &Connection, adopted: &Adopted, ceilings: Ceilings) -> Result<Draft, Fault> {
    let sql =
        format!("SELECT {ENTRY_COLUMNS} FROM sojourn_queue WHERE state = 1 AND sequence IS NOT NULL ORDER BY sequence");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let (mut draft, mut unit) = (Draft::default(), Vec::new());
    while let Some(row) = rows.next()? {
        let entry = Entry::read(row)?;
        let group = entry.sent_with();
        let goes_on = group.is_some() && unit.last().is_some_and(|last: &Entry| last.sent_with() == group);
        if !goes_on && !draft.takes(sent_before(connection, adopted, &std::mem::take(&mut unit), ceilings)?, ceilings) {
            return Ok(draft);
        }
        unit.push(entry);
    }
    draft.takes(sent_before(connection, adopted, &unit, ceilings)?, ceilings);
    Ok(draft)
}

fn sent_before(connection: &Connection, adopted: &Adopted, unit: &[Entry], ceilings: Ceilings) -> Result<Draft, Fault> {
    let damaged = |Unsendable(why)| Fault::damaged("an operation that was sent", why);
    operations_of(connection, adopted, unit, ceilings)?.map_err(damaged)
}

fn take_waiting(connection: &Connection, adopted: &Adopted, ceilings: Ceilings) -> Result<Draft, Fault> {
    let open_group = queue::open_group(connection)?.map(|row| row as i64);
    let mut draft = Draft::default();
    let mut units = Units::after(0, ceilings.hard_bytes);
    while draft.operations.len() < ceilings.operations
        && let Some(unit) = units.next(connection, open_group)?
    {
        // They go first: they belong to no group and must not cut one.
        if !discards_of(&unit)?.into_iter().all(|discard| draft.takes(discard, ceilings)) {
            break;
        }
        let next = match draft_of(connection, adopted, &unit, ceilings)? {
            Err(why) => {
                aside::refuse(connection, &unit, &why)?;
                continue;
            }
            Ok(next) => next,
        };
        if let Some(cause) = park::cause(connection, &adopted.metadata, &next)? {
            aside::park(connection, &unit, cause)?;
        } else if !draft.takes(next, ceilings) {
            break;
        }
    }
    number(connection, draft)
}

/// The unit's operations without those that were given up. The inner error says that they can never be sent.
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
    let mut draft = match operations_of(connection, adopted, &unit.entries, ceilings)? {
        Ok(draft) => draft,
        Err(unsendable) => return Ok(Err(unsendable)),
    };
    draft.markers.clone_from(&unit.markers);
    if draft.bytes > hard_bytes {
        return Ok(Err(too_large(draft.bytes, hard_bytes)));
    }
    if draft.ahead > ceilings.attachment_bytes {
        return Ok(Err(too_much_ahead(draft.ahead, ceilings.attachment_bytes)));
    }
    Ok(Ok(draft))
}

/// The operations of these entries. Where the first would leave no room for the last, all go with the least that they need.
fn operations_of(
    connection: &Connection,
    adopted: &Adopted,
    entries: &[Entry],
    ceilings: Ceilings,
) -> Result<Result<Draft, Unsendable>, Fault> {
    let within = |most_bytes: u64| {
        let mut draft = Draft::default();
        for entry in entries {
            match entry.operation(connection, adopted, most_bytes.saturating_sub(draft.bytes))? {
                Ok(operation) => draft.add(entry.row_number, operation),
                Err(unsendable) => return Ok(Err(unsendable)),
            }
        }
        Ok(Ok(draft))
    };
    match within(ceilings.hard_bytes)? {
        Ok(draft) if draft.bytes > ceilings.hard_bytes => within(0),
        whole => Ok(whole),
    }
}

/// What of the unit was given up, each by itself: none needs another. It was numbered once, so its object id is one.
pub(super) fn discards_of(unit: &Unit) -> Result<Vec<Draft>, Fault> {
    let drafts = unit.discards.iter().map(|entry| {
        let discard = entry.discard().map_err(|Unsendable(why)| Fault::damaged("a discarded entry", why))?;
        let mut draft = Draft::default();
        draft.add(entry.row_number, discard);
        Ok(draft)
    });
    drafts.collect()
}

impl Draft {
    fn add(&mut self, row_number: i64, operation: Operation) {
        self.bytes += wire_bytes(&operation);
        self.ahead += ahead_bytes(&operation);
        self.operations.push(operation);
        self.row_numbers.push(row_number);
    }

    fn fits(&self, next: &Self, ceilings: Ceilings) -> bool {
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

    /// Takes these operations in, if they fit.
    pub(super) fn takes(&mut self, next: Self, ceilings: Ceilings) -> bool {
        if !self.fits(&next, ceilings) {
            return false;
        }
        self.operations.extend(next.operations);
        self.row_numbers.extend(next.row_numbers);
        self.markers.extend(next.markers);
        self.bytes += next.bytes;
        self.ahead += next.ahead;
        true
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
