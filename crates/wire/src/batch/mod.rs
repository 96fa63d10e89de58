//! The batch file: rows or deletes of one entity, as columns, under one header.
//!
//! The server writes one with [`BatchWriter`] from the tuples of a binary `COPY` (read with
//! [`CopyStream`]); it travels in [parts](split) and the device opens it with [`Batch::decode`].
//! The codec knows no types: a value is the bytes Postgres sent, and [`pgvalue`] says what they mean.
//!
//! What a reader may rely on: a file that decodes is whole and unaltered. Every bit is covered by the
//! header checksum or the body digest, every length is checked at decode, and what a lying header can
//! make the reader allocate is bounded by [`DecodeLimits`]. Neither is a signature: they find
//! accidents, not forgers.
//!
//! # Format, version 1
//!
//! All integers are little endian; `n` is the attribute count.
//!
//! ## Header: 136 + 4n bytes
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic, `SJRN` |
//! | 4 | 2 | format version, u16, 1 |
//! | 6 | 1 | kind: 1 rows, 2 deletes |
//! | 7 | 1 | compression: 0 none, 1 zstd; 2 is reserved for lz4 |
//! | 8 | 4 | result code, i32: 0 is success, see [`ResultCode`] |
//! | 12 | 4 | metadata version, u32 |
//! | 16 | 8 | size of the whole file, u64 |
//! | 24 | 8 | length of the body before compression, u64 |
//! | 32 | 16 | session, uuid |
//! | 48 | 4 | batch number within the session, u32 |
//! | 52 | 4 | object type code of the entity, i32 |
//! | 56 | 4 | row count, u32 |
//! | 60 | 2 | attribute count `n`, u16, at most 1664 |
//! | 62 | 2 | reserved, zero |
//! | 64 | 16 | object id of the first row, uuid; nil when there are no rows |
//! | 80 | 16 | object id of the last row, uuid; nil when there are no rows |
//! | 96 | 32 | BLAKE3 of the body as stored (compressed) |
//! | 128 | 4n | attribute ids, u32 each; the first is always the object id's |
//! | 128 + 4n | 8 | the first 8 bytes of BLAKE3 over everything before this field |
//!
//! The body follows the header and ends with the file.
//!
//! A file whose result code is not 0 carries no rows and an empty, uncompressed body.
//!
//! ## Body
//!
//! One column per attribute, in the header's order, nothing between or after them. A column starts with
//! a byte that names its encoding; `r` is the row count, and values are in row order. A null has no
//! value bytes.
//!
//! | byte | encoding | what follows |
//! |---|---|---|
//! | 0 | all null | nothing |
//! | 1 | fixed | width u32, then `r` values of that width |
//! | 2 | fixed with nulls | width u32, bitmap, then the values that are not null |
//! | 3, 4, 5 | variable | `r` lengths of 1, 2 or 4 bytes (all bits set: null), then the values |
//!
//! The bitmap has `ceil(r / 8)` bytes; bit `i % 8` (lowest first) of byte `i / 8` is set when row `i`
//! has a value, and the bits past the last row are zero. A writer takes the first encoding of the table
//! that fits; a reader accepts any. The first column holds the object ids: when there are rows it is
//! fixed with width 16, and its first and last value are the header's keys. A batch of deletes has this
//! column alone.

mod codes;
mod column;
mod copy;
mod cursor;
mod digest;
mod encode;
mod error;
mod header;
mod parts;
pub mod pgvalue;
mod reader;
mod tuple;
mod value;
mod writer;

pub use codes::{Compression, Kind, ResultCode};
pub use column::Column;
pub use copy::CopyStream;
pub use digest::{Digest, RangeHasher, RowHasher};
pub use error::BatchError;
pub use header::{Header, HeaderFields};
pub use parts::{Assembler, PART_BYTES, Parts, join, split};
pub use reader::{Batch, DecodeLimits};
pub use value::{Value, ValueType};
pub use writer::{BatchWriter, MAX_RAW_BYTES, refusal};

/// The widest row Postgres can send: its limit on the columns of one `SELECT`.
pub const MAX_COLUMNS: usize = 1664;

/// The longest body, before compression, that a device accepts: 256 MiB.
pub const MAX_BODY_BYTES: u64 = 256 << 20;

/// The most bytes, as Postgres sends them, that a batch for a device may be made of. A column's encoding takes at most
/// one byte more than its values took in the COPY, so that the body stays within [`MAX_BODY_BYTES`].
pub const MAX_BATCH_BYTES: u64 = MAX_BODY_BYTES - MAX_COLUMNS as u64;

#[cfg(test)]
mod tests;
