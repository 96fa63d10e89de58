//! Collecting one column's values and storing them in the smallest encoding that fits.

use std::io::{self, Write};

pub(super) const ALL_NULL: u8 = 0;
pub(super) const FIXED: u8 = 1;
pub(super) const FIXED_WITH_NULLS: u8 = 2;
pub(super) const LENGTHS_1: u8 = 3;
pub(super) const LENGTHS_2: u8 = 4;
pub(super) const LENGTHS_4: u8 = 5;

const NULL: u32 = u32::MAX;

/// The values of one column, as pushed. Clearing keeps the memory for the next batch.
#[derive(Debug)]
pub(super) struct ColumnBuffer {
    lengths: Vec<u32>,
    values: Vec<u8>,
    nulls: usize,
    shortest: u32,
    longest: u32,
}

impl ColumnBuffer {
    pub(super) fn new() -> Self {
        Self { lengths: Vec::new(), values: Vec::new(), nulls: 0, shortest: NULL, longest: 0 }
    }

    pub(super) fn push(&mut self, value: &[u8]) {
        let length = value.len() as u32;
        self.shortest = self.shortest.min(length);
        self.longest = self.longest.max(length);
        self.lengths.push(length);
        self.values.extend_from_slice(value);
    }

    pub(super) fn push_null(&mut self) {
        self.nulls += 1;
        self.lengths.push(NULL);
    }

    pub(super) fn clear(&mut self) {
        self.lengths.clear();
        self.values.clear();
        self.nulls = 0;
        self.shortest = NULL;
        self.longest = 0;
    }

    pub(super) fn values(&self) -> &[u8] {
        &self.values
    }

    /// The encoding of what is collected.
    fn encoding(&self) -> u8 {
        if self.nulls == self.lengths.len() {
            ALL_NULL
        } else if self.shortest == self.longest {
            if self.nulls == 0 { FIXED } else { FIXED_WITH_NULLS }
        } else if self.longest < u32::from(u8::MAX) {
            LENGTHS_1
        } else if self.longest < u32::from(u16::MAX) {
            LENGTHS_2
        } else {
            LENGTHS_4
        }
    }

    /// Bytes that [`Self::write`] will write.
    pub(super) fn encoded_bytes(&self) -> u64 {
        let rows = self.lengths.len();
        let lead = match self.encoding() {
            ALL_NULL => 0,
            FIXED => 4,
            FIXED_WITH_NULLS => 4 + rows.div_ceil(8),
            LENGTHS_1 => rows,
            LENGTHS_2 => rows * 2,
            _ => rows * 4,
        };
        (1 + lead + self.values.len()) as u64
    }

    /// Writes the column as the body holds it.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let encoding = self.encoding();
        out.write_all(&[encoding])?;
        match encoding {
            ALL_NULL => return Ok(()),
            FIXED => out.write_all(&self.longest.to_le_bytes())?,
            FIXED_WITH_NULLS => {
                out.write_all(&self.longest.to_le_bytes())?;
                out.write_all(&self.bitmap())?;
            }
            // A cast cuts the null's set bits down to the null of the narrower length.
            LENGTHS_1 => out.write_all(&self.lengths.iter().map(|&length| length as u8).collect::<Vec<_>>())?,
            LENGTHS_2 => out.write_all(&bytes_of(&self.lengths, |length| (length as u16).to_le_bytes()))?,
            _ => out.write_all(&bytes_of(&self.lengths, u32::to_le_bytes))?,
        }
        out.write_all(&self.values)
    }

    /// One bit per row, lowest first, set when the row has a value.
    fn bitmap(&self) -> Vec<u8> {
        let set = |byte, (bit, &length): (usize, &u32)| byte | u8::from(length != NULL) << bit;
        self.lengths.chunks(8).map(|eight| eight.iter().enumerate().fold(0, set)).collect()
    }
}

fn bytes_of<const N: usize>(lengths: &[u32], encode: impl Fn(u32) -> [u8; N]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lengths.len() * N);
    for &length in lengths {
        out.extend_from_slice(&encode(length));
    }
    out
}
