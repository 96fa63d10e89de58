//! Digests of what an entity's table holds, for comparing it with the server row by row.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row};
use sojourn_metadata::Entity;
use sojourn_metadata::sqlite::Ident;
use sojourn_wire::batch::{Digest, RangeHasher, RowHasher, ValueType};
use sojourn_wire::message::verify::KeyRange;
use uuid::Uuid;

use super::error::Fault;
use super::rebase::UNSETTLED;
use super::value::from_sqlite;
use super::{Store, StoreError};

const DIGESTING: &str = "comparing rows with the server";
/// Into how many parts a range can be cut, at most.
const CUTS: usize = 16;

/// What a range of an entity's keys holds on the device, without rows that have unsettled operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRange {
    /// How many rows.
    pub rows: u64,
    /// The digest of their ids and values, in key order.
    pub digest: Digest,
    /// Some of their keys, evenly spaced and in order: where the range can be cut.
    pub cuts: Vec<Uuid>,
}

/// Single rows of an entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldRows {
    /// The digest of each row, without those of [`Self::unsettled`].
    pub digests: BTreeMap<Uuid, Digest>,
    /// Objects with unsettled operations: not answered yet, or refused or parked; whether or not there is a row.
    pub unsettled: BTreeSet<Uuid>,
}

impl Store {
    /// What ranges of an entity's keys hold, one after the other. One row is in memory at a time.
    ///
    /// # Errors
    /// [`StoreError::NoEntity`]; that the database cannot be read.
    pub fn held_ranges(&self, entity: &str, ranges: &[KeyRange]) -> Result<Vec<HeldRange>, StoreError> {
        let entity = self.entity(entity)?;
        self.read(DIGESTING, |connection| {
            let reading = Reading::of(connection, entity)?;
            ranges.iter().map(|range| reading.range(*range)).collect()
        })
    }

    /// Every row of ranges of an entity's keys.
    ///
    /// # Errors
    /// As [`Self::held_ranges`].
    pub fn held_rows(&self, entity: &str, ranges: &[KeyRange]) -> Result<HeldRows, StoreError> {
        let entity = self.entity(entity)?;
        self.read(DIGESTING, |connection| {
            // One state of the rows and of the queue.
            let transaction = connection.unchecked_transaction()?;
            let reading = Reading::of(&transaction, entity)?;
            let mut held = HeldRows { unsettled: unsettled(&transaction, entity)?, ..HeldRows::default() };
            for range in ranges {
                reading.visit(*range, |id, digest| {
                    held.digests.insert(id, digest);
                })?;
            }
            Ok(held)
        })
    }

    /// The ids of an entity's rows that are no object id at all, so that the server cannot be asked about them.
    ///
    /// # Errors
    /// As [`Self::held_ranges`].
    pub fn strange_ids(&self, entity: &str) -> Result<Vec<String>, StoreError> {
        let entity = self.entity(entity)?;
        self.read(DIGESTING, |connection| {
            let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
            let mut statement = connection.prepare(&format!("SELECT {key} FROM {table}"))?;
            let mut rows = statement.query([])?;
            let mut strange = Vec::new();
            while let Some(row) = rows.next()? {
                if object_id(row)?.is_none() {
                    strange.push(String::from_utf8_lossy(row.get_ref(0)?.as_bytes().unwrap_or_default()).into_owned());
                }
            }
            Ok(strange)
        })
    }
}

/// A statement that reads rows of one entity by key range.
struct Reading<'a> {
    connection: &'a Connection,
    types: Vec<ValueType>,
    select: String,
}

impl<'a> Reading<'a> {
    fn of(connection: &'a Connection, entity: &Entity) -> Result<Self, Fault> {
        let types = entity.attributes.iter().map(|attribute| attribute.data_type.into()).collect();
        let columns: Vec<String> = entity.attributes.iter().map(|a| Ident(&a.name).to_string()).collect();
        let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
        let some = connection.prepare_cached(&format!("SELECT 1 FROM sojourn_queue WHERE {UNSETTLED}"))?.exists([])?;
        let settled = match some {
            false => "true".to_owned(),
            true => format!(
                "NOT EXISTS (SELECT 1 FROM sojourn_queue AS q WHERE q.object_type_code = {} \
                 AND q.object_id = {table}.{key} AND {UNSETTLED})",
                entity.object_type_code
            ),
        };
        // No key in text is less than '' or greater than 'g'.
        let select = format!(
            "SELECT {} FROM {table} WHERE {key} > ?1 AND {key} <= ?2 AND {settled} ORDER BY {key}",
            columns.join(", ")
        );
        Ok(Self { connection, types, select })
    }

    fn range(&self, range: KeyRange) -> Result<HeldRange, Fault> {
        let (mut rows, mut hasher, mut cuts) = (0, RangeHasher::new(), Cuts::default());
        self.visit(range, |id, digest| {
            rows += 1;
            hasher.push(digest);
            cuts.push(id);
        })?;
        Ok(HeldRange { rows, digest: hasher.finish(), cuts: cuts.kept })
    }

    /// Hands the rows of a range to `visit`, in key order.
    fn visit(&self, range: KeyRange, mut visit: impl FnMut(Uuid, Digest)) -> Result<(), Fault> {
        let after = range.after.map(|key| key.to_string()).unwrap_or_default();
        let to = range.to.map_or_else(|| "g".to_owned(), |key| key.to_string());
        let mut statement = self.connection.prepare_cached(&self.select)?;
        let mut rows = statement.query([after, to])?;
        let mut hasher = RowHasher::new();
        while let Some(row) = rows.next()? {
            let Some(id) = object_id(row)? else { continue };
            for (column, value_type) in self.types.iter().enumerate() {
                hasher.push(from_sqlite(row.get_ref(column)?), *value_type);
            }
            visit(id, hasher.finish());
        }
        Ok(())
    }
}

/// The object id in the first column, if it is one as the server writes it.
fn object_id(row: &Row<'_>) -> rusqlite::Result<Option<Uuid>> {
    let text = row.get_ref(0)?.as_str().unwrap_or_default();
    let id = Uuid::try_parse(text).ok();
    Ok(id.filter(|id| *id.hyphenated().encode_lower(&mut [0; 36]) == *text))
}

fn unsettled(connection: &Connection, entity: &Entity) -> Result<BTreeSet<Uuid>, Fault> {
    let sql = format!("SELECT DISTINCT object_id FROM sojourn_queue WHERE object_type_code = ?1 AND {UNSETTLED}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([entity.object_type_code])?;
    let mut objects = BTreeSet::new();
    while let Some(row) = rows.next()? {
        objects.extend(object_id(row)?);
    }
    Ok(objects)
}

/// Evenly spaced keys of a range whose length is not known before its end: every key, then every second, and so on.
struct Cuts {
    kept: Vec<Uuid>,
    every: u64,
    seen: u64,
}

impl Default for Cuts {
    fn default() -> Self {
        Self { kept: Vec::with_capacity(CUTS), every: 1, seen: 0 }
    }
}

impl Cuts {
    fn push(&mut self, key: Uuid) {
        self.seen += 1;
        if !self.seen.is_multiple_of(self.every) {
            return;
        }
        self.kept.push(key);
        if self.kept.len() == CUTS {
            self.every *= 2;
            let mut place = 0;
            self.kept.retain(|_| {
                place += 1;
                place % 2 == 0
            });
        }
    }
}
