//! Reading the tuples of `COPY … TO STDOUT (FORMAT binary)` off its messages.

use super::BatchError;
use super::tuple::{Scan, TupleScan};

const SIGNATURE: [u8; 11] = *b"PGCOPY\n\xff\r\n\0";
const FIXED_HEADER_BYTES: usize = 19;
/// Flags from bit 16 up change the format; one that is not understood must stop the reader.
const CRITICAL_FLAGS: u32 = 0xffff_0000;

/// Cuts a binary COPY stream into tuples, wherever its chunks begin and end.
///
/// Postgres sends each tuple as a message of its own (the first one glued to the stream's header), so
/// tuples are normally slices of the caller's chunk; only one that spans chunks is copied together.
#[derive(Debug, Default)]
pub struct CopyStream {
    state: State,
    /// The beginning of a header or tuple whose end has not arrived, or the spanning tuple just given out.
    pending: Vec<u8>,
    given_out: bool,
    scan: TupleScan,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    Tuples,
    Done,
}

impl CopyStream {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next tuple off the front of `chunk`, for [`BatchWriter::push_copy_row`].
    ///
    /// `None` means that the chunk is used up: call again with the next one. The tuple borrows from the
    /// chunk, or from the stream itself when it spans chunks.
    ///
    /// # Errors
    /// Data that is not Postgres' binary COPY format, or anything after its trailer. The stream is of no
    /// use afterwards.
    ///
    /// [`BatchWriter::push_copy_row`]: super::BatchWriter::push_copy_row
    pub fn next_tuple<'s, 'c: 's>(&'s mut self, chunk: &mut &'c [u8]) -> Result<Option<&'s [u8]>, BatchError> {
        if std::mem::take(&mut self.given_out) {
            self.pending.clear();
        }
        if self.state == State::Header && !self.take_header(chunk)? {
            return Ok(None);
        }
        if self.state == State::Done || chunk.is_empty() {
            return self.end_of_chunk(chunk);
        }
        if self.pending.is_empty() { self.tuple_in_chunk(chunk) } else { self.tuple_across_chunks(chunk) }
    }

    /// Says that the stream has ended.
    ///
    /// # Errors
    /// [`BatchError::Copy`] when the trailer has not arrived: rows may be missing.
    pub fn finish(self) -> Result<(), BatchError> {
        match self.state {
            State::Done => Ok(()),
            _ => Err(BatchError::Copy { offset: self.pending.len(), problem: "the stream ended before its trailer" }),
        }
    }

    fn end_of_chunk(&self, chunk: &[u8]) -> Result<Option<&[u8]>, BatchError> {
        if chunk.is_empty() {
            Ok(None)
        } else {
            Err(BatchError::Copy { offset: 0, problem: "there is data after the trailer" })
        }
    }

    fn tuple_in_chunk<'c>(&mut self, chunk: &mut &'c [u8]) -> Result<Option<&'c [u8]>, BatchError> {
        let mut scan = TupleScan::default();
        match scan.advance(chunk)? {
            Scan::Tuple(end) => Ok(chunk.split_off(..end)),
            Scan::Trailer => {
                *chunk = chunk.get(2..).unwrap_or_default();
                self.state = State::Done;
                self.end_of_chunk(chunk).map(|_| None)
            }
            Scan::Needs(_) => {
                self.pending.extend_from_slice(chunk);
                *chunk = &[];
                self.scan = scan;
                Ok(None)
            }
        }
    }

    fn tuple_across_chunks(&mut self, chunk: &mut &[u8]) -> Result<Option<&[u8]>, BatchError> {
        loop {
            match self.scan.advance(&self.pending)? {
                Scan::Tuple(_) => {
                    self.scan = TupleScan::default();
                    self.given_out = true;
                    return Ok(Some(&self.pending));
                }
                Scan::Trailer => {
                    self.pending.clear();
                    self.state = State::Done;
                    return self.end_of_chunk(chunk);
                }
                Scan::Needs(bytes) => {
                    if !self.fill(bytes, chunk) {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Takes the stream's header off the front of `chunk`; false when its end has not arrived.
    fn take_header(&mut self, chunk: &mut &[u8]) -> Result<bool, BatchError> {
        let whole = self.fill(FIXED_HEADER_BYTES, chunk);
        check_signature(&self.pending)?;
        if !whole {
            return Ok(false);
        }
        let extension = check_flags(&self.pending)?;
        if !self.fill(FIXED_HEADER_BYTES + extension, chunk) {
            return Ok(false);
        }
        self.pending.clear();
        self.state = State::Tuples;
        Ok(true)
    }

    /// Moves bytes from `chunk` until `pending` has so many; false when the chunk ends first.
    fn fill(&mut self, bytes: usize, chunk: &mut &[u8]) -> bool {
        let missing = bytes.saturating_sub(self.pending.len()).min(chunk.len());
        self.pending.extend_from_slice(chunk.split_off(..missing).unwrap_or_default());
        self.pending.len() >= bytes
    }
}

fn check_signature(header: &[u8]) -> Result<(), BatchError> {
    let offset = header.iter().zip(&SIGNATURE).position(|(actual, expected)| actual != expected);
    match offset {
        None => Ok(()),
        Some(offset) => Err(BatchError::Copy { offset, problem: "the signature of a binary COPY is missing" }),
    }
}

/// Checks the flags and returns the length of the header extension.
fn check_flags(header: &[u8]) -> Result<usize, BatchError> {
    let word = |offset: usize| {
        let bytes = header.get(offset..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| u32::from_be_bytes(*bytes))
    };
    if word(11) & CRITICAL_FLAGS != 0 {
        return Err(BatchError::Copy { offset: 11, problem: "a critical flag is not understood" });
    }
    i32::try_from(word(15))
        .and_then(usize::try_from)
        .map_err(|_| BatchError::Copy { offset: 15, problem: "the header extension's length is negative" })
}
