//! The header: what a batch says of itself before its body is touched.

use uuid::Uuid;

use super::cursor::Cursor;
use super::{BatchError, Compression, Kind, MAX_COLUMNS, ResultCode};

const MAGIC: [u8; 4] = *b"SJRN";
const VERSION: u16 = 1;
const BYTES_BEFORE_ATTRIBUTES: usize = 128;
const CHECKSUM_BYTES: usize = 8;

/// What the caller knows of a batch; the writer counts and computes the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderFields {
    /// The run of GoOffline or background sync.
    pub session: Uuid,
    /// Position within the session.
    pub batch_number: u32,
    /// The entity.
    pub object_type_code: i32,
    /// The published metadata the attributes belong to.
    pub metadata_version: u32,
    /// How to store the body.
    pub compression: Compression,
}

/// A parsed header whose checksum was right. The body may still be missing or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Success, or why there are no rows.
    pub result: ResultCode,
    /// Bytes of the whole file, header included.
    pub file_size: u64,
    /// The published metadata the attributes belong to; a device with older metadata must not load it.
    pub metadata_version: u32,
    /// The run of GoOffline or background sync.
    pub session: Uuid,
    /// Position within the session.
    pub batch_number: u32,
    /// The entity.
    pub object_type_code: i32,
    /// Rows or deletes.
    pub kind: Kind,
    /// Number of rows.
    pub rows: u32,
    /// Object id of the first row; nil when there are none.
    pub first_key: Uuid,
    /// Object id of the last row; nil when there are none.
    pub last_key: Uuid,
    /// How the body is stored.
    pub compression: Compression,
    /// Entity-stable attribute ids, one per column; the object id's first.
    pub attributes: Vec<u32>,
    /// Bytes of the body before compression.
    pub body_bytes: u64,
    /// BLAKE3 of the body as stored.
    pub digest: [u8; 32],
}

impl Header {
    /// Reads the header at the start of `file`, which may be cut anywhere after it (a first part will do).
    ///
    /// # Errors
    /// Anything that is not a header this build can read, down to one flipped bit.
    pub fn parse(file: &[u8]) -> Result<Self, BatchError> {
        let cursor = &mut Cursor::new(file);
        check_format(cursor)?;
        let kind = cursor.u8("kind")?;
        let compression = cursor.u8("compression")?;
        let result = ResultCode(cursor.i32("result")?);
        let metadata_version = cursor.u32("metadata version")?;
        let file_size = cursor.u64("file size")?;
        let body_bytes = cursor.u64("body length")?;
        let session = cursor.uuid("session")?;
        let batch_number = cursor.u32("batch number")?;
        let object_type_code = cursor.i32("object type code")?;
        let rows = cursor.u32("row count")?;
        let attribute_count = cursor.u16("attribute count")?;
        let reserved = cursor.u16("reserved")?;
        let first_key = cursor.uuid("first key")?;
        let last_key = cursor.uuid("last key")?;
        let digest = cursor.array("digest")?;
        let attributes = cursor.take(usize::from(attribute_count) * 4, "attributes")?;
        check_sum(file, cursor)?;
        let header = Self {
            result,
            file_size,
            metadata_version,
            session,
            batch_number,
            object_type_code,
            kind: Kind::from_byte(kind)?,
            rows,
            first_key,
            last_key,
            compression: Compression::from_byte(compression)?,
            attributes: attribute_ids(attributes),
            body_bytes,
            digest,
        };
        header.check(reserved)?;
        Ok(header)
    }

    /// Bytes of the header itself: the body starts here.
    #[must_use]
    pub fn bytes(&self) -> usize {
        header_bytes(self.attributes.len())
    }

    /// The header as it stands in a file.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.push(self.kind as u8);
        out.push(self.compression as u8);
        out.extend_from_slice(&self.result.0.to_le_bytes());
        out.extend_from_slice(&self.metadata_version.to_le_bytes());
        out.extend_from_slice(&self.file_size.to_le_bytes());
        out.extend_from_slice(&self.body_bytes.to_le_bytes());
        out.extend_from_slice(self.session.as_bytes());
        out.extend_from_slice(&self.batch_number.to_le_bytes());
        out.extend_from_slice(&self.object_type_code.to_le_bytes());
        out.extend_from_slice(&self.rows.to_le_bytes());
        out.extend_from_slice(&(self.attributes.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 2]);
        out.extend_from_slice(self.first_key.as_bytes());
        out.extend_from_slice(self.last_key.as_bytes());
        out.extend_from_slice(&self.digest);
        for attribute in &self.attributes {
            out.extend_from_slice(&attribute.to_le_bytes());
        }
        let sum = checksum(&out);
        out.extend_from_slice(&sum);
        out
    }

    /// The rules between fields, so that no reader needs to think of them.
    fn check(&self, reserved: u16) -> Result<(), BatchError> {
        let wrong = |field, problem| Err(BatchError::Header { field, problem });
        let columns = self.attributes.len();
        let keys_nil = self.first_key.is_nil() && self.last_key.is_nil();
        if reserved != 0 {
            wrong("reserved", "is not zero")
        } else if columns > MAX_COLUMNS {
            wrong("attribute count", "is more than a query can have columns")
        } else if self.result != ResultCode::OK && (self.rows != 0 || self.body_bytes != 0) {
            wrong("result", "is an error, yet there are rows")
        } else if self.result == ResultCode::OK && columns == 0 {
            wrong("attribute count", "lacks the object id")
        } else if self.kind == Kind::Deletes && columns > 1 {
            wrong("attribute count", "is more than 1 in a batch of deletes")
        } else if self.rows == 0 && !keys_nil {
            wrong("first and last key", "are set, yet there are no rows")
        } else {
            Ok(())
        }
    }
}

/// Bytes of a header with so many attributes.
pub(super) fn header_bytes(attributes: usize) -> usize {
    BYTES_BEFORE_ATTRIBUTES + attributes * 4 + CHECKSUM_BYTES
}

fn check_format(cursor: &mut Cursor<'_>) -> Result<(), BatchError> {
    let magic = cursor.array("magic")?;
    if magic != MAGIC {
        return Err(BatchError::Magic(magic));
    }
    match cursor.u16("format version")? {
        VERSION => Ok(()),
        other => Err(BatchError::Version(other)),
    }
}

fn check_sum(file: &[u8], cursor: &mut Cursor<'_>) -> Result<(), BatchError> {
    let covered = file.get(..cursor.position()).unwrap_or_default();
    let stated: [u8; CHECKSUM_BYTES] = cursor.array("header checksum")?;
    if stated == checksum(covered) { Ok(()) } else { Err(BatchError::HeaderChecksum) }
}

fn checksum(covered: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&blake3::hash(covered).as_bytes()[..CHECKSUM_BYTES]);
    sum
}

fn attribute_ids(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|id| u32::from_le_bytes(*id)).collect()
}
