//! The small vocabularies of the header: kind, compression, result.

use std::fmt;

use super::BatchError;

/// What the rows of a batch mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Whole rows, to be inserted or updated.
    Rows = 1,
    /// Object ids of rows to be removed.
    Deletes = 2,
}

impl Kind {
    pub(super) fn from_byte(byte: u8) -> Result<Self, BatchError> {
        match byte {
            1 => Ok(Self::Rows),
            2 => Ok(Self::Deletes),
            other => Err(BatchError::Kind(other)),
        }
    }
}

/// How the body is stored. 2 is reserved for lz4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Compression {
    /// As it is.
    None = 0,
    /// One zstd frame, written at level 1.
    #[default]
    Zstd = 1,
}

impl Compression {
    pub(super) fn from_byte(byte: u8) -> Result<Self, BatchError> {
        match byte {
            0 => Ok(Self::None),
            1 => Ok(Self::Zstd),
            other => Err(BatchError::Compression(other)),
        }
    }
}

/// How making the batch went. Codes unknown to this build stay what they are: a newer service may name
/// errors that an older device has no word for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResultCode(pub i32);

impl ResultCode {
    /// The rows are all there.
    pub const OK: Self = Self(0);
    /// The service failed; the same request may work later.
    pub const INTERNAL: Self = Self(1);
    /// The user may not read the entity.
    pub const FORBIDDEN: Self = Self(2);
    /// The metadata changed while the session ran.
    pub const METADATA_CHANGED: Self = Self(3);
    /// The session is over or was replaced.
    pub const SESSION_GONE: Self = Self(4);
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OK => f.write_str("ok"),
            Self::INTERNAL => f.write_str("internal error"),
            Self::FORBIDDEN => f.write_str("forbidden"),
            Self::METADATA_CHANGED => f.write_str("metadata changed"),
            Self::SESSION_GONE => f.write_str("session gone"),
            Self(code) => write!(f, "unknown result {code}"),
        }
    }
}
