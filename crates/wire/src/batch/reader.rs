//! Opening a batch file: everything is checked here, so that reading values cannot fail.

use uuid::Uuid;

use super::column::Layout;
use super::cursor::Cursor;
use super::{BatchError, Column, Compression, Header, MAX_BODY_BYTES, MAX_RAW_BYTES, ResultCode};

/// What a reader is willing to hold. Decoding allocates about five times `body_bytes` at worst (columns of
/// empty values), and commonly a little more than the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The longest body, in bytes after decompression.
    pub body_bytes: u64,
    /// The most rows.
    pub rows: u32,
}

impl Default for DecodeLimits {
    /// [`MAX_BODY_BYTES`] and a million rows.
    fn default() -> Self {
        Self { body_bytes: MAX_BODY_BYTES, rows: 1_000_000 }
    }
}

/// A batch whose every byte was checked.
#[derive(Debug)]
pub struct Batch {
    header: Header,
    body: Vec<u8>,
    columns: Vec<Layout>,
}

impl Batch {
    /// Opens a whole batch file.
    ///
    /// # Errors
    /// A file that is cut, damaged, or over the limits; [`BatchError::Refused`] when it carries a result
    /// other than success.
    pub fn decode(file: &[u8], limits: DecodeLimits) -> Result<Self, BatchError> {
        let header = Header::parse(file)?;
        let stored = stored_body(file, &header)?;
        if header.result != ResultCode::OK {
            return Err(BatchError::Refused(header.result));
        }
        check_limits(&header, limits)?;
        let body = expand(stored, &header)?;
        let columns = read_columns(&body, &header)?;
        let batch = Self { header, body, columns };
        batch.check_keys()?;
        Ok(batch)
    }

    /// What the file says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.header.rows as usize
    }

    /// Column number `index`, in the order of [`Header::attributes`]; `None` past the last.
    #[inline]
    #[must_use]
    pub fn column(&self, index: usize) -> Option<Column<'_>> {
        Some(self.columns.get(index)?.view(&self.body, self.rows()))
    }

    /// All columns, in the order of [`Header::attributes`].
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Column<'_>> {
        self.columns.iter().map(|layout| layout.view(&self.body, self.rows()))
    }

    /// The object ids, row by row: the first column.
    pub fn object_ids(&self) -> impl Iterator<Item = Uuid> + '_ {
        let column = self.column(0);
        let id = |value: Option<&[u8]>| Uuid::from_slice(value?).ok();
        column.into_iter().flat_map(|column| column.iter()).filter_map(id)
    }

    fn check_keys(&self) -> Result<(), BatchError> {
        let Some(last) = self.rows().checked_sub(1) else { return Ok(()) };
        let wrong = |problem| BatchError::Column { column: 0, offset: 0, problem };
        let layout = self.columns.first().filter(|layout| layout.is_fixed(16));
        let ids = layout.ok_or(wrong("it does not hold object ids"))?.view(&self.body, self.rows());
        let is = |row, key: Uuid| ids.get(row) == Some(key.as_bytes());
        if is(0, self.header.first_key) && is(last, self.header.last_key) {
            Ok(())
        } else {
            Err(wrong("its first and last value are not the header's keys"))
        }
    }
}

/// The body as stored, after its size and digest were found right.
fn stored_body<'a>(file: &'a [u8], header: &Header) -> Result<&'a [u8], BatchError> {
    let actual = file.len() as u64;
    if header.file_size != actual {
        return Err(BatchError::FileSize { stated: header.file_size, actual });
    }
    let stored = file.get(header.bytes()..).unwrap_or_default();
    if blake3::hash(stored) == header.digest { Ok(stored) } else { Err(BatchError::BodyDigest) }
}

fn check_limits(header: &Header, limits: DecodeLimits) -> Result<(), BatchError> {
    let at_most = |what, value, limit| match value <= limit {
        true => Ok(()),
        false => Err(BatchError::Limit { what, value, limit }),
    };
    at_most("rows of the batch", header.rows.into(), limits.rows.into())?;
    at_most("bytes of the body", header.body_bytes, limits.body_bytes.min(MAX_RAW_BYTES))
}

/// The body before compression, never longer than the header's word for it.
fn expand(stored: &[u8], header: &Header) -> Result<Vec<u8>, BatchError> {
    let stated = header.body_bytes;
    let body = match header.compression {
        Compression::None if stored.len() as u64 != stated => Err(stored.len() as u64),
        Compression::None => Ok(stored.to_vec()),
        Compression::Zstd => {
            let body =
                zstd::bulk::decompress(stored, stated as usize).map_err(|error| BatchError::Zstd(error.to_string()))?;
            if body.len() as u64 == stated { Ok(body) } else { Err(body.len() as u64) }
        }
    };
    body.map_err(|actual| BatchError::BodySize { stated, actual })
}

fn read_columns(body: &[u8], header: &Header) -> Result<Vec<Layout>, BatchError> {
    let cursor = &mut Cursor::new(body);
    let rows = header.rows as usize;
    let columns =
        (0..header.attributes.len()).map(|column| Layout::read(cursor, column, rows)).collect::<Result<_, _>>()?;
    match cursor.remaining() as u64 {
        0 => Ok(columns),
        left => Err(BatchError::LeftOver(left)),
    }
}
