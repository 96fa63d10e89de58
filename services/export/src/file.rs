//! The file of one batch, and what it covers.

use std::time::Instant;

use bytes::Bytes;
use sojourn_wire::batch::{BatchError, BatchWriter, Compression, HeaderFields};
use uuid::Uuid;

use crate::plan::{Place, Position};

/// What a batch covers: the keys up to a position, less those that were not shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Up to here.
    pub to: Position,
    /// Hidden, gone or too large.
    pub skipped: Vec<Uuid>,
}

/// A batch that was read and is not a file yet.
#[derive(Debug)]
pub struct Read {
    /// Where it begins.
    pub place: Place,
    /// Where it ends, and what was left out.
    pub range: Range,
    /// Its rows.
    pub writer: BatchWriter,
    /// How long Postgres took, in microseconds.
    pub read_us: u64,
}

/// A batch's file.
#[derive(Debug)]
pub struct File {
    /// Where it begins.
    pub place: Place,
    /// Where it ends, and what was left out.
    pub range: Range,
    /// Its rows or ids.
    pub rows: u32,
    /// Bytes of the rows as Postgres sent them.
    pub row_bytes: u64,
    /// Its bytes.
    pub bytes: Bytes,
    /// How long Postgres took, in microseconds.
    pub read_us: u64,
    /// How long it took to make, in microseconds.
    pub encode_us: u64,
}

impl Read {
    /// Makes the file: it transposes and compresses, and may take tens of milliseconds.
    ///
    /// # Errors
    /// When the rows cannot be a batch.
    pub fn into_file(self, session: Uuid, batch_number: u32, metadata_version: u32) -> Result<File, BatchError> {
        let started = Instant::now();
        let Self { place, range, mut writer, read_us } = self;
        let (rows, row_bytes) = (writer.rows(), writer.raw_bytes());
        let header = HeaderFields {
            session,
            batch_number,
            object_type_code: place.step.object_type_code,
            metadata_version,
            compression: Compression::Zstd,
        };
        let bytes = Bytes::from(writer.finish(header)?);
        Ok(File { place, range, rows, row_bytes, bytes, read_us, encode_us: micros(started) })
    }
}

/// Microseconds since then.
#[must_use]
pub fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
