//! A file in parts: small enough for a slow link, put together only when all are there.

use super::BatchError;

/// The most bytes of one part: 256 KiB.
pub const PART_BYTES: usize = 256 * 1024;

/// How many parts make up a file, and how many bytes: what a manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// Number of parts.
    pub count: u32,
    /// Bytes of the whole file.
    pub bytes: u64,
}

impl Parts {
    /// What [`split`] makes of a file of so many bytes.
    #[must_use]
    pub fn of(file: &[u8], part_bytes: usize) -> Self {
        Self { count: split(file, part_bytes).len() as u32, bytes: file.len() as u64 }
    }
}

/// Cuts a file into parts of `part_bytes` (at least 1, at most [`PART_BYTES`]), the last one shorter.
pub fn split(file: &[u8], part_bytes: usize) -> impl ExactSizeIterator<Item = &[u8]> {
    file.chunks(part_bytes.clamp(1, PART_BYTES))
}

/// Puts a file together from its parts, in their order.
///
/// # Errors
/// As [`Assembler::push`] and [`Assembler::finish`].
pub fn join<'a>(parts: impl IntoIterator<Item = &'a [u8]>, expected: Parts) -> Result<Vec<u8>, BatchError> {
    let mut assembler = Assembler::new(expected);
    for part in parts {
        assembler.push(part)?;
    }
    assembler.finish()
}

/// Collects the parts of one file as they arrive, in their order.
///
/// It never holds more than arrived, whatever the manifest says.
#[derive(Debug)]
pub struct Assembler {
    expected: Parts,
    count: u32,
    file: Vec<u8>,
}

impl Assembler {
    /// An assembler that has nothing yet.
    #[must_use]
    pub fn new(expected: Parts) -> Self {
        Self { expected, count: 0, file: Vec::new() }
    }

    /// The number of the part that comes next, from 0; the count when all are there.
    #[must_use]
    pub fn next_part(&self) -> u32 {
        self.count
    }

    /// Bytes that have arrived.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.file.len() as u64
    }

    /// Adds the next part.
    ///
    /// # Errors
    /// When there are more parts or more bytes than expected; the part is not added.
    pub fn push(&mut self, part: &[u8]) -> Result<(), BatchError> {
        let bytes = (self.file.len() + part.len()) as u64;
        let one_more = u64::from(self.count) + 1;
        at_most("parts", one_more, self.expected.count.into())?;
        at_most("bytes", bytes, self.expected.bytes)?;
        self.file.extend_from_slice(part);
        self.count += 1;
        Ok(())
    }

    /// The whole file.
    ///
    /// # Errors
    /// When parts or bytes are missing.
    pub fn finish(self) -> Result<Vec<u8>, BatchError> {
        exactly("parts", self.count.into(), self.expected.count.into())?;
        exactly("bytes", self.bytes(), self.expected.bytes)?;
        Ok(self.file)
    }
}

fn at_most(what: &'static str, actual: u64, expected: u64) -> Result<(), BatchError> {
    if actual <= expected { Ok(()) } else { Err(BatchError::Parts { what, expected, actual }) }
}

fn exactly(what: &'static str, actual: u64, expected: u64) -> Result<(), BatchError> {
    if actual == expected { Ok(()) } else { Err(BatchError::Parts { what, expected, actual }) }
}
