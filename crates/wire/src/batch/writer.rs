//! Making a batch file: push rows or ids, then finish.

use std::io::{self, Write};

use uuid::Uuid;

use super::encode::ColumnBuffer;
use super::header::header_bytes;
use super::tuple::{check_tuple, split_field};
use super::{BatchError, Compression, Header, HeaderFields, Kind, MAX_COLUMNS, ResultCode};

/// The most that [`BatchWriter::raw_bytes`] may grow to: 2 GiB less one byte, room for the largest single
/// row Postgres can send.
pub const MAX_RAW_BYTES: u64 = (1 << 31) - 1;

const ZSTD_LEVEL: i32 = 1;

/// Collects rows or deletes of one entity and makes batch files of them, one after the other, using the
/// same buffers.
#[derive(Debug)]
pub struct BatchWriter {
    kind: Kind,
    attributes: Vec<u32>,
    columns: Vec<ColumnBuffer>,
    rows: u32,
    raw_bytes: u64,
}

impl BatchWriter {
    /// A writer of rows with these attributes, the object id's first.
    ///
    /// # Errors
    /// When there is no attribute, or more than [`MAX_COLUMNS`].
    pub fn for_rows(attributes: Vec<u32>) -> Result<Self, BatchError> {
        match attributes.len() {
            0 => Err(BatchError::Header { field: "attribute count", problem: "lacks the object id" }),
            1..=MAX_COLUMNS => Ok(Self::with_kind(Kind::Rows, attributes)),
            count => Err(BatchError::Limit { what: "attributes", value: count as u64, limit: MAX_COLUMNS as u64 }),
        }
    }

    /// A writer of deletes; the attribute is the object id's.
    #[must_use]
    pub fn for_deletes(object_id_attribute: u32) -> Self {
        Self::with_kind(Kind::Deletes, vec![object_id_attribute])
    }

    fn with_kind(kind: Kind, attributes: Vec<u32>) -> Self {
        let columns = attributes.iter().map(|_| ColumnBuffer::new()).collect();
        Self { kind, attributes, columns, rows: 0, raw_bytes: 0 }
    }

    /// Adds a row: one tuple of a binary COPY with a field per attribute, the object id first.
    ///
    /// # Errors
    /// A tuple that is not exactly that, a batch of deletes, or more than [`MAX_RAW_BYTES`]; the batch is
    /// as before the call.
    pub fn push_copy_row(&mut self, tuple: &[u8]) -> Result<(), BatchError> {
        self.check_kind(Kind::Rows)?;
        let raw_bytes = self.grown_by(tuple.len())?;
        let fields = check_tuple(tuple, self.columns.len())?;
        let mut rest = fields;
        for column in &mut self.columns {
            let Some((field, after)) = split_field(rest) else { break };
            match field {
                Some(value) => column.push(value),
                None => column.push_null(),
            }
            rest = after;
        }
        self.rows += 1;
        self.raw_bytes = raw_bytes;
        Ok(())
    }

    /// Adds the object id of a row to be deleted.
    ///
    /// # Errors
    /// When this is a batch of rows, or has [`MAX_RAW_BYTES`] already.
    pub fn push_id(&mut self, id: Uuid) -> Result<(), BatchError> {
        self.check_kind(Kind::Deletes)?;
        let raw_bytes = self.grown_by(id.as_bytes().len())?;
        for column in &mut self.columns {
            column.push(id.as_bytes());
        }
        self.rows += 1;
        self.raw_bytes = raw_bytes;
        Ok(())
    }

    /// Rows or ids pushed since the last finish.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Bytes pushed since the last finish, as Postgres sent them: what a byte ceiling is compared with.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// Makes the file of what was pushed, and is then empty and ready for the next batch.
    ///
    /// # Errors
    /// When zstd fails, which means that it got no memory; the rows are still there.
    pub fn finish(&mut self, fields: HeaderFields) -> Result<Vec<u8>, BatchError> {
        let body_start = header_bytes(self.attributes.len());
        let body_bytes = self.columns.iter().map(ColumnBuffer::encoded_bytes).sum();
        let mut file = self.write_body(body_start, body_bytes, fields.compression)?;
        let (first_key, last_key) = self.keys();
        let header = Header {
            result: ResultCode::OK,
            file_size: file.len() as u64,
            metadata_version: fields.metadata_version,
            session: fields.session,
            batch_number: fields.batch_number,
            object_type_code: fields.object_type_code,
            kind: self.kind,
            rows: self.rows,
            first_key,
            last_key,
            compression: fields.compression,
            attributes: self.attributes.clone(),
            body_bytes,
            digest: blake3::hash(&file[body_start..]).into(),
        };
        file[..body_start].copy_from_slice(&header.encode());
        self.clear();
        Ok(file)
    }

    /// The body behind room for the header.
    fn write_body(&self, start: usize, bytes: u64, compression: Compression) -> Result<Vec<u8>, BatchError> {
        let file = vec![0; start];
        let written = match compression {
            Compression::None => self.write_plain(file),
            Compression::Zstd => self.write_zstd(file, bytes),
        };
        written.map_err(|error| BatchError::Zstd(error.to_string()))
    }

    fn write_plain(&self, mut file: Vec<u8>) -> io::Result<Vec<u8>> {
        self.write_columns(&mut file)?;
        Ok(file)
    }

    fn write_zstd(&self, file: Vec<u8>, bytes: u64) -> io::Result<Vec<u8>> {
        let mut encoder = zstd::Encoder::new(file, ZSTD_LEVEL)?;
        encoder.set_pledged_src_size(Some(bytes))?;
        self.write_columns(&mut encoder)?;
        encoder.finish()
    }

    fn write_columns(&self, out: &mut impl Write) -> io::Result<()> {
        self.columns.iter().try_for_each(|column| column.write(out))
    }

    fn keys(&self) -> (Uuid, Uuid) {
        let ids = self.columns.first().map_or(&[][..], ColumnBuffer::values).as_chunks().0;
        let key = |id: Option<&[u8; 16]>| id.map_or(Uuid::nil(), |id| Uuid::from_bytes(*id));
        (key(ids.first()), key(ids.last()))
    }

    fn clear(&mut self) {
        self.columns.iter_mut().for_each(ColumnBuffer::clear);
        self.rows = 0;
        self.raw_bytes = 0;
    }

    fn check_kind(&self, wanted: Kind) -> Result<(), BatchError> {
        if self.kind == wanted { Ok(()) } else { Err(BatchError::WrongKind(self.kind)) }
    }

    fn grown_by(&self, bytes: usize) -> Result<u64, BatchError> {
        match self.raw_bytes + bytes as u64 {
            grown @ 0..=MAX_RAW_BYTES => Ok(grown),
            value => Err(BatchError::Limit { what: "bytes of one batch", value, limit: MAX_RAW_BYTES }),
        }
    }
}

/// The file that says why there are no rows; it has no attributes and no body.
#[must_use]
pub fn refusal(fields: HeaderFields, kind: Kind, result: ResultCode) -> Vec<u8> {
    let header = Header {
        result,
        file_size: header_bytes(0) as u64,
        metadata_version: fields.metadata_version,
        session: fields.session,
        batch_number: fields.batch_number,
        object_type_code: fields.object_type_code,
        kind,
        rows: 0,
        first_key: Uuid::nil(),
        last_key: Uuid::nil(),
        compression: Compression::None,
        attributes: Vec::new(),
        body_bytes: 0,
        digest: blake3::hash(&[]).into(),
    };
    header.encode()
}
