//! One tuple of a binary COPY: a big-endian i16 field count, then per field an i32 length (-1 for null)
//! and its bytes.

use super::BatchError;

/// The trailer of a COPY stream stands where a field count would.
const TRAILER: i16 = -1;

/// Splits the next field off `rest`; the inner `None` is a null.
///
/// Returns the field and what follows it, or `None` when `rest` is cut or the length is negative.
#[inline]
pub(super) fn split_field(rest: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    match i32::from_be_bytes(*length) {
        -1 => Some((None, rest)),
        length => {
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            Some((Some(value), rest))
        }
    }
}

/// Checks a tuple to its end, so that pushing its fields cannot fail half way; returns the fields.
pub(super) fn check_tuple(tuple: &[u8], columns: usize) -> Result<&[u8], BatchError> {
    let wrong = |offset, problem| BatchError::Copy { offset, problem };
    let (count, fields) = tuple.split_first_chunk().ok_or(wrong(0, "the tuple has no field count"))?;
    let actual = usize::from(field_count(i16::from_be_bytes(*count))?);
    if actual != columns {
        return Err(BatchError::FieldCount { expected: columns, actual });
    }
    let mut rest = fields;
    for column in 0..columns {
        let offset = tuple.len() - rest.len();
        let (field, after) = split_field(rest).ok_or(wrong(offset, "the field is cut or its length is negative"))?;
        if column == 0 && field.is_none_or(|id| id.len() != 16) {
            return Err(BatchError::ObjectId);
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(fields)
    } else {
        Err(wrong(tuple.len() - rest.len(), "there is data after the last field"))
    }
}

/// Finds the end of a tuple in data that may arrive in pieces, without looking at any field twice.
#[derive(Debug, Default)]
pub(super) struct TupleScan {
    fields_left: u16,
    /// Where the next field starts; 0 before the field count was read.
    at: usize,
}

/// What a look at the data gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// The tuple ends after so many bytes.
    Tuple(usize),
    /// Not a tuple but the two bytes of the trailer.
    Trailer,
    /// Nothing can be said before there are so many bytes.
    Needs(usize),
}

impl TupleScan {
    /// Goes on from where the last call stopped; `data` is the same tuple with more bytes.
    pub(super) fn advance(&mut self, data: &[u8]) -> Result<Scan, BatchError> {
        if self.at == 0 {
            let Some(count) = data.first_chunk() else { return Ok(Scan::Needs(2)) };
            match i16::from_be_bytes(*count) {
                TRAILER => return Ok(Scan::Trailer),
                count => self.fields_left = field_count(count)?,
            }
            self.at = 2;
        }
        self.skip_fields(data)
    }

    fn skip_fields(&mut self, data: &[u8]) -> Result<Scan, BatchError> {
        while self.fields_left > 0 {
            let Some(length) = data.get(self.at..).and_then(|rest| rest.first_chunk()) else {
                return Ok(Scan::Needs(self.at + 4));
            };
            self.at += 4 + self.field_length(*length)?;
            self.fields_left -= 1;
        }
        Ok(if self.at <= data.len() { Scan::Tuple(self.at) } else { Scan::Needs(self.at) })
    }

    fn field_length(&self, bytes: [u8; 4]) -> Result<usize, BatchError> {
        match i32::from_be_bytes(bytes) {
            -1 => Ok(0),
            length => usize::try_from(length)
                .map_err(|_| BatchError::Copy { offset: self.at, problem: "a field length is negative" }),
        }
    }
}

fn field_count(count: i16) -> Result<u16, BatchError> {
    u16::try_from(count).map_err(|_| BatchError::Copy { offset: 0, problem: "the field count is negative" })
}
