//! One decoded column: where each value lies in the body, found once.

use std::ops::Range;

use super::BatchError;
use super::cursor::Cursor;
use super::encode::{ALL_NULL, FIXED, FIXED_WITH_NULLS, LENGTHS_1, LENGTHS_2, LENGTHS_4};

/// Marks the offset of a null. Bodies are shorter than 2 GiB, so no real offset has this bit.
const NULL_BIT: u32 = 1 << 31;
const ROWS_PER_RANK: usize = 64;

/// A column's place in the body. Every range in here was checked against the body.
#[derive(Debug)]
pub(super) struct Layout {
    values: Range<usize>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    AllNull,
    Fixed {
        width: usize,
    },
    FixedWithNulls {
        width: usize,
        bitmap: Range<usize>,
        ranks: Vec<u32>,
    },
    /// Offsets into the values: one per row, with [`NULL_BIT`] for a null, and the end.
    Variable {
        offsets: Vec<u32>,
    },
}

/// The values of one column of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    rows: usize,
    values: &'a [u8],
    view: View<'a>,
}

#[derive(Debug, Clone, Copy)]
enum View<'a> {
    AllNull,
    Fixed { width: usize },
    FixedWithNulls { width: usize, bitmap: &'a [u8], ranks: &'a [u32] },
    Variable { offsets: &'a [u32] },
}

impl<'a> Column<'a> {
    /// The bytes of row `row` as Postgres sent them; `None` for a null and for a row past the end.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        if row >= self.rows {
            return None;
        }
        match self.view {
            View::AllNull => None,
            View::Fixed { width } => self.nth(row, width),
            View::FixedWithNulls { width, bitmap, ranks } => self.nth(rank(bitmap, ranks, row)?, width),
            View::Variable { offsets } => {
                let [start, end] = *offsets.get(row..)?.first_chunk()?;
                if start & NULL_BIT != 0 {
                    return None;
                }
                self.values.get(start as usize..(end & !NULL_BIT) as usize)
            }
        }
    }

    /// Number of rows, nulls included.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The values from the first row to the last, `None` for nulls.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&'a [u8]>> + use<'a> {
        let column = *self;
        (0..column.rows).map(move |row| column.get(row))
    }

    #[inline]
    fn nth(&self, index: usize, width: usize) -> Option<&'a [u8]> {
        let start = index * width;
        self.values.get(start..start + width)
    }
}

impl Layout {
    /// Reads column number `column` of a body with so many rows, and checks all of it.
    pub(super) fn read(body: &mut Cursor<'_>, column: usize, rows: usize) -> Result<Self, BatchError> {
        let offset = body.position();
        let wrong = |problem| BatchError::Column { column, offset, problem };
        match body.u8("column encoding")? {
            ALL_NULL => Ok(Self { values: 0..0, shape: Shape::AllNull }),
            FIXED => {
                let width = body.u32("column width")? as usize;
                let values = take(body, rows, width, wrong)?;
                Ok(Self { values, shape: Shape::Fixed { width } })
            }
            FIXED_WITH_NULLS => {
                let width = body.u32("column width")? as usize;
                let bitmap_start = body.position();
                let bitmap = body.take(rows.div_ceil(8), "column bitmap")?;
                let bitmap_range = bitmap_start..body.position();
                let (ranks, present) = rank_bitmap(bitmap, rows).map_err(wrong)?;
                let values = take(body, present, width, wrong)?;
                Ok(Self { values, shape: Shape::FixedWithNulls { width, bitmap: bitmap_range, ranks } })
            }
            LENGTHS_1 => variable(body, rows, |length: [u8; 1]| nullable(length[0].into(), u8::MAX.into())),
            LENGTHS_2 => variable(body, rows, |length| nullable(u16::from_le_bytes(length).into(), u16::MAX.into())),
            LENGTHS_4 => variable(body, rows, |length| nullable(u32::from_le_bytes(length), u32::MAX)),
            _ => Err(wrong("its encoding is unknown")),
        }
    }

    /// The column over the body it was read from.
    #[inline]
    pub(super) fn view<'a>(&'a self, body: &'a [u8], rows: usize) -> Column<'a> {
        let slice = |range: &Range<usize>| body.get(range.clone()).unwrap_or_default();
        let view = match &self.shape {
            Shape::AllNull => View::AllNull,
            Shape::Fixed { width } => View::Fixed { width: *width },
            Shape::FixedWithNulls { width, bitmap, ranks } => {
                View::FixedWithNulls { width: *width, bitmap: slice(bitmap), ranks }
            }
            Shape::Variable { offsets } => View::Variable { offsets },
        };
        Column { rows, values: slice(&self.values), view }
    }

    /// Whether every row has a value of this width.
    pub(super) fn is_fixed(&self, wanted: usize) -> bool {
        matches!(self.shape, Shape::Fixed { width } if width == wanted)
    }
}

/// Takes `count` values of the same width.
fn take(
    body: &mut Cursor<'_>,
    count: usize,
    width: usize,
    wrong: impl Fn(&'static str) -> BatchError,
) -> Result<Range<usize>, BatchError> {
    let bytes = count.checked_mul(width).ok_or(wrong("its values are longer than memory"))?;
    let start = body.position();
    body.take(bytes, "column values")?;
    Ok(start..body.position())
}

/// Reads lengths and values, turning lengths into offsets.
fn variable<const N: usize>(
    body: &mut Cursor<'_>,
    rows: usize,
    decode: impl Fn([u8; N]) -> Option<u32>,
) -> Result<Layout, BatchError> {
    let bytes = rows.saturating_mul(N);
    let lengths = body.take(bytes, "column lengths")?.as_chunks::<N>().0;
    let mut offsets = Vec::with_capacity(rows + 1);
    let mut end = 0_usize;
    for &length in lengths {
        let length = decode(length);
        offsets.push(end as u32 | if length.is_none() { NULL_BIT } else { 0 });
        end = end.saturating_add(length.unwrap_or(0) as usize);
    }
    let start = body.position();
    body.take(end, "column values")?;
    offsets.push(end as u32);
    Ok(Layout { values: start..body.position(), shape: Shape::Variable { offsets } })
}

fn nullable(length: u32, null: u32) -> Option<u32> {
    (length != null).then_some(length)
}

/// The number of values before each 64th row, and their total.
fn rank_bitmap(bitmap: &[u8], rows: usize) -> Result<(Vec<u32>, usize), &'static str> {
    let used_bits = rows % 8;
    if used_bits != 0 && bitmap.last().is_some_and(|last| last >> used_bits != 0) {
        return Err("its bitmap has bits past the last row");
    }
    let mut present = 0;
    let ranks = bitmap
        .chunks(ROWS_PER_RANK / 8)
        .map(|word| {
            let before = present;
            present += word.iter().map(|byte| byte.count_ones()).sum::<u32>();
            before
        })
        .collect();
    Ok((ranks, present as usize))
}

/// The number of values before `row`, or `None` when the row is null.
#[inline]
fn rank(bitmap: &[u8], ranks: &[u32], row: usize) -> Option<usize> {
    let word_start = row / ROWS_PER_RANK * (ROWS_PER_RANK / 8);
    let tail = bitmap.get(word_start..)?;
    let word = match tail.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => tail.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    let bit = 1_u64 << (row % ROWS_PER_RANK);
    let before = (word & (bit - 1)).count_ones();
    (word & bit != 0).then_some((ranks.get(row / ROWS_PER_RANK)? + before) as usize)
}
