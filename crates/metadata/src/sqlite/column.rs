//! How an attribute is stored on the device.

use crate::model::DataType;

/// `numeric` up to so many digits survives SQLite's floating point unharmed; beyond, it is kept as text.
const EXACT_DIGITS: u16 = 15;

/// The declared type of a column, and with it what SQLite makes of values written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// Text, whatever is written but blobs.
    Text,
    /// Whole numbers, and booleans as 0 and 1.
    Integer,
    /// Doubles; `NaN`, `Infinity` and `-Infinity` are text, because SQLite turns NaN into NULL.
    Real,
    /// Whole numbers and doubles, of at most 15 digits; what is no number stays text.
    Numeric,
    /// Bytes.
    Blob,
}

impl Storage {
    /// Where values of this type are stored.
    #[must_use]
    pub const fn of(data_type: DataType) -> Self {
        match data_type {
            DataType::Bool | DataType::Int2 | DataType::Int4 | DataType::Int8 => Self::Integer,
            DataType::Float4 | DataType::Float8 => Self::Real,
            DataType::Numeric { precision: Some(..=EXACT_DIGITS) } => Self::Numeric,
            DataType::Bytea => Self::Blob,
            DataType::Numeric { .. }
            | DataType::Uuid
            | DataType::Text
            | DataType::Date
            | DataType::Timestamp
            | DataType::TimestampTz
            | DataType::Json
            | DataType::Jsonb
            | DataType::Other => Self::Text,
        }
    }

    /// The type as it stands in `CREATE TABLE`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Numeric => "NUMERIC",
            Self::Blob => "BLOB",
        }
    }
}
