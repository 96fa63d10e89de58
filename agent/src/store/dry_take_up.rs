//! What would be sent, for asking the server what it would say to it.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use sojourn_metadata::Metadata;
use sojourn_wire::message::attachment::MAX_ATTACHMENT_BYTES;
use sojourn_wire::message::operation::OperationChunk;
use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::attachment::Taken;
use super::chunk::{Unit, Units};
use super::error::Fault;
use super::park::{self, Ground};
use super::take_up::{Ceilings, Draft, discards_of, draft_of, unanswered};
use super::{Adopted, Store, StoreError, aside, numbering, queue, state};

impl Store {
    /// The next operations up to `most_bytes` of JSON, as a dry run's chunk of this id, and how many are left out because
    /// they do not fit, can never be sent, or build on what is left out; none when nothing waits. What was sent and has no
    /// verdict comes first, then what waits, with the numbers that it would get. Nothing is stored.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn dry_take_up(&self, chunk: Uuid, most_bytes: u64) -> Result<Option<(Taken, u64)>, StoreError> {
        let Some(adopted) = &self.adopted else { return Ok(None) };
        self.read("reading the operations for a dry run", |connection| {
            let (taken, left_out) = gather(connection, adopted, chunk, most_bytes)?;
            Ok((!taken.chunk.operations.is_empty() || left_out > 0).then_some((taken, left_out)))
        })
    }
}

fn gather(connection: &Connection, adopted: &Adopted, chunk: Uuid, most_bytes: u64) -> Result<(Taken, u64), Fault> {
    let ceilings = Ceilings {
        operations: usize::MAX,
        bytes: most_bytes,
        hard_bytes: most_bytes,
        attachment_bytes: MAX_ATTACHMENT_BYTES,
    };
    let mut gathered = unanswered(connection, adopted, ceilings)?;
    let next = state::get::<i64>(connection, state::NEXT_SEQUENCE)?.unwrap_or(1).unsigned_abs();
    let first = gathered.operations.first().map_or(next, |operation| operation.sequence);
    let open_group = queue::open_group(connection)?.map(|row| row as i64);
    let mut units = Units::after(0, most_bytes);
    let under_way = sent(connection)?.saturating_sub(gathered.operations.len() as u64);
    let (mut left_out, mut full) = (LeftOut { operations: under_way, ..LeftOut::default() }, under_way > 0);
    while let Some(unit) = units.next(connection, open_group)? {
        for discard in discards_of(&unit)? {
            full = full || !gathered.takes(discard, ceilings);
            left_out.operations += u64::from(full);
        }
        let goes = match draft_of(connection, adopted, &unit, ceilings)? {
            Ok(draft) if !left_out.hold_up(connection, adopted, &draft)? => {
                full = full || !gathered.takes(draft, ceilings);
                !full
            }
            _ => false,
        };
        if !goes {
            left_out.note(connection, &adopted.metadata, &unit)?;
        }
    }
    for (sequence, operation) in (first..).zip(&mut gathered.operations) {
        operation.sequence = sequence;
    }
    let attachments = gathered.attachments();
    let since = Some(numbering::first(connection)?.unsigned_abs());
    let (metadata_version, operations) = (adopted.version, gathered.operations);
    let chunk = OperationChunk { chunk, first, metadata_version, operations, since, dry_run: true };
    Ok((Taken { chunk, attachments }, left_out.operations))
}

/// How many operations are under way.
fn sent(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT count(*) FROM sojourn_queue WHERE state = 1 AND sequence IS NOT NULL";
    Ok(connection.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// What a dry run leaves out: how many operations, on which objects, whether they would create them, and which objects their
/// rows were to leave.
#[derive(Debug, Default)]
struct LeftOut {
    operations: u64,
    objects: HashMap<ObjectRef, bool>,
    not_left: HashSet<ObjectRef>,
}

impl LeftOut {
    /// Notes a unit; what of it was given up is not left out with it.
    fn note(&mut self, connection: &Connection, metadata: &Metadata, unit: &Unit) -> rusqlite::Result<()> {
        self.operations += unit.operations.saturating_sub(unit.discards.len() as u64);
        aside::each_object(connection, unit, |object, creates| {
            *self.objects.entry(object).or_default() |= creates;
            Ok(())
        })?;
        self.not_left.extend(park::left_by(connection, metadata, unit)?);
        Ok(())
    }

    /// Whether the operations build on what is left out here, or was refused or parked here before.
    fn hold_up(&self, connection: &Connection, adopted: &Adopted, draft: &Draft) -> Result<bool, Fault> {
        let builds = |ground| match ground {
            Ground::Own(object) => self.objects.contains_key(&object),
            Ground::Created(object) => self.objects.get(&object) == Some(&true),
            Ground::Left(object) => self.not_left.contains(&object),
        };
        let mut grounds = draft.entries().flat_map(|(operation, _)| park::grounds(operation, &adopted.metadata));
        Ok(grounds.any(builds) || park::cause(connection, &adopted.metadata, draft)?.is_some())
    }
}
