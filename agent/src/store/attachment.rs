//! Binary values on their way out: where the bytes of a queue entry are, and which of them go ahead as attachments.

use rusqlite::{Connection, MAIN_DB, OptionalExtension, params};
use sojourn_metadata::Entity;
use sojourn_metadata::sqlite::{Ident, keep_bytes, rowid};
use sojourn_wire::message::operation::{FieldValue, Operation, OperationChunk};
use uuid::Uuid;

use super::error::Fault;
use super::{Store, StoreError};

/// A chunk that was taken up, and what must be on the server before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// The chunk.
    pub chunk: OperationChunk,
    /// The binary values that its operations name.
    pub attachments: Vec<Attachment>,
}

/// A binary value that goes ahead of its operation, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What its operation calls it.
    pub id: Uuid,
    /// The queue entry that sets it.
    pub row_number: i64,
    /// The attribute.
    pub attribute: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// What these operations, of these entries, send ahead.
pub(super) fn attachments(operations: &[Operation], row_numbers: &[i64]) -> Vec<Attachment> {
    let of = |(operation, row_number): (&Operation, &i64)| -> Vec<Attachment> {
        let ahead = operation.data.iter().filter_map(|(attribute, value)| match value {
            FieldValue::Attachment { attachment, bytes } => Some(Attachment {
                id: *attachment,
                row_number: *row_number,
                attribute: attribute.clone(),
                bytes: *bytes,
            }),
            _ => None,
        });
        ahead.collect()
    };
    operations.iter().zip(row_numbers).flat_map(of).collect()
}

/// How many bytes an operation sends ahead.
pub(super) fn ahead_bytes(operation: &Operation) -> u64 {
    let bytes = operation.data.values().map(|value| match value {
        FieldValue::Attachment { bytes, .. } => *bytes,
        _ => 0,
    });
    bytes.sum()
}

impl Store {
    /// Up to `most` bytes, from `offset` on, of the binary value that a queue entry sets; the rest of it is not read into
    /// memory.
    ///
    /// # Errors
    /// That the bytes are gone, or cannot be read.
    pub fn attachment_part(
        &self,
        row_number: i64,
        attribute: &str,
        offset: u64,
        most: usize,
    ) -> Result<Vec<u8>, StoreError> {
        let metadata = &self.adopted()?.metadata;
        self.read("reading an attachment", |connection| {
            let sql = "SELECT object_type_code, CAST(object_id AS TEXT) FROM sojourn_queue WHERE row_number = ?1";
            let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i32>(0)?, row.get::<_, String>(1)?));
            let entry = connection.prepare_cached(sql)?.query_row([row_number], read).optional()?;
            let gone = || Fault::damaged(attribute, format!("the bytes of queue entry {row_number} are gone"));
            let (object_type_code, object_id) = entry.ok_or_else(gone)?;
            let entity = metadata.entity_of(object_type_code).ok_or_else(gone)?;
            let place = Place::of(connection, entity, row_number, &object_id, attribute)?.ok_or_else(gone)?;
            Ok(place.read(connection, usize::try_from(offset).unwrap_or(usize::MAX), most)?)
        })
    }
}

/// Where the bytes that an entry sets are: kept beside it, or else in its row.
#[derive(Debug)]
pub(super) struct Place {
    table: String,
    column: String,
    rowid: i64,
}

impl Place {
    /// Finds the bytes of an entry; nothing when they are gone.
    pub(super) fn of(
        connection: &Connection,
        entity: &Entity,
        row_number: i64,
        object_id: &str,
        attribute: &str,
    ) -> rusqlite::Result<Option<Self>> {
        let kept = "SELECT rowid FROM sojourn_blob WHERE row_number = ?1 AND attribute = ?2";
        let kept = connection.prepare_cached(kept)?.query_row((row_number, attribute), |row| row.get(0)).optional()?;
        if let Some(rowid) = kept {
            return Ok(Some(Self { table: "sojourn_blob".to_owned(), column: "bytes".to_owned(), rowid }));
        }
        let Some(rowid) = rowid(entity) else { return Ok(None) };
        let (table, key, column) = (Ident(&entity.name), Ident(&entity.key().name), Ident(attribute));
        let sql = format!("SELECT {rowid} FROM {table} WHERE {key} = ?1 AND typeof({column}) IN ('blob', 'text')");
        let stored = connection.prepare_cached(&sql)?.query_row([object_id], |row| row.get(0)).optional()?;
        Ok(stored.map(|rowid| Self { table: entity.name.clone(), column: attribute.to_owned(), rowid }))
    }

    /// How many there are.
    pub(super) fn length(&self, connection: &Connection) -> rusqlite::Result<usize> {
        Ok(self.open(connection)?.len())
    }

    /// Up to `most` of them, from `offset` on.
    pub(super) fn read(&self, connection: &Connection, offset: usize, most: usize) -> rusqlite::Result<Vec<u8>> {
        let blob = self.open(connection)?;
        let mut bytes = vec![0; blob.len().saturating_sub(offset).min(most)];
        blob.read_at_exact(&mut bytes, offset)?;
        Ok(bytes)
    }

    fn open<'a>(&self, connection: &'a Connection) -> rusqlite::Result<rusqlite::blob::Blob<'a>> {
        connection.blob_open(MAIN_DB, self.table.as_str(), self.column.as_str(), self.rowid, true)
    }
}

/// Keeps the bytes of an object's row for the entries that set them, before the agent writes or removes the row: its
/// writes pass by the triggers.
pub(super) fn keep(connection: &Connection, entity: &Entity, object_id: &str) -> rusqlite::Result<()> {
    for sql in keep_bytes(entity) {
        connection.prepare_cached(&sql)?.execute(params![object_id])?;
    }
    Ok(())
}
