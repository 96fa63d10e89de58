//! What can be wrong with a batch, a COPY stream, or the parts of a file.

use super::{Kind, ResultCode};

/// Why a batch could not be written or read. Nothing of it is usable after an error; offsets are bytes
/// from the start of what the message names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The data ends inside a field.
    #[error("{field} at offset {offset} needs {need} bytes, only {have} are left")]
    Truncated {
        /// The field that is cut.
        field: &'static str,
        /// Where it starts.
        offset: usize,
        /// Its length in bytes.
        need: usize,
        /// The bytes that are there.
        have: usize,
    },
    /// The first four bytes are not `SJRN`.
    #[error("not a batch file: it starts with {0:02x?}")]
    Magic([u8; 4]),
    /// A format this build cannot read.
    #[error("batch format version {0} is unknown to this build")]
    Version(u16),
    /// A kind this build does not know.
    #[error("batch kind {0} is unknown to this build")]
    Kind(u8),
    /// A compression this build does not know.
    #[error("batch compression {0} is unknown to this build")]
    Compression(u8),
    /// The header's bytes do not give its checksum.
    #[error("the header is damaged: its checksum does not match")]
    HeaderChecksum,
    /// A header field contradicts the format.
    #[error("header field {field}: {problem}")]
    Header {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file is not as long as its header says.
    #[error("the header says {stated} bytes, the file has {actual}")]
    FileSize {
        /// Bytes according to the header.
        stated: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// The body's bytes do not give its digest.
    #[error("the body is damaged: its digest does not match")]
    BodyDigest,
    /// The server made no rows and says why.
    #[error("the server refused the batch: {0}")]
    Refused(ResultCode),
    /// More than the reader or the format allows.
    #[error("{what}: {value} is more than the limit of {limit}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        value: u64,
        /// How much is allowed.
        limit: u64,
    },
    /// The compressor or decompressor failed.
    #[error("zstd: {0}")]
    Zstd(String),
    /// The body is not as long as the header says.
    #[error("the header says {stated} body bytes, there are {actual}")]
    BodySize {
        /// Bytes according to the header.
        stated: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// There are bytes after the last column.
    #[error("the body has {0} bytes after its last column")]
    LeftOver(u64),
    /// A column contradicts the format.
    #[error("column {column} at body offset {offset}: {problem}")]
    Column {
        /// Its number, from 0.
        column: usize,
        /// Where it starts in the uncompressed body.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The COPY stream contradicts Postgres' format.
    #[error("COPY data at offset {offset}: {problem}")]
    Copy {
        /// Bytes from the start of the tuple, or of the stream's header.
        offset: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// A tuple has not as many fields as the batch has attributes.
    #[error("the tuple has {actual} fields, the batch {expected} attributes")]
    FieldCount {
        /// Attributes of the batch.
        expected: usize,
        /// Fields of the tuple.
        actual: usize,
    },
    /// The first field of a tuple is not a uuid.
    #[error("the first field is the object id and must have 16 bytes")]
    ObjectId,
    /// Rows pushed into a batch of deletes, or ids into one of rows.
    #[error("the batch is of kind {0:?}")]
    WrongKind(Kind),
    /// The parts are not the file they should be.
    #[error("{what}: {actual} arrived, {expected} expected")]
    Parts {
        /// What was counted.
        what: &'static str,
        /// How many there should be.
        expected: u64,
        /// How many there are.
        actual: u64,
    },
}
