//! What can be compared with what.

use sojourn_metadata::DataType;

/// What a value holds, as far as comparisons care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Uuid,
    Bool,
    Integer,
    Numeric,
    Float4,
    Float8,
    Date,
    Timestamp,
    TimestampTz,
    /// Compared as text, for equality alone.
    Other,
    /// Not compared.
    Opaque,
}

impl Kind {
    pub(super) fn of(data_type: DataType) -> Self {
        match data_type {
            DataType::Uuid => Self::Uuid,
            DataType::Bool => Self::Bool,
            DataType::Int2 | DataType::Int4 | DataType::Int8 => Self::Integer,
            DataType::Float4 => Self::Float4,
            DataType::Float8 => Self::Float8,
            DataType::Numeric { .. } => Self::Numeric,
            DataType::Text => Self::Text,
            DataType::Date => Self::Date,
            DataType::Timestamp => Self::Timestamp,
            DataType::TimestampTz => Self::TimestampTz,
            DataType::Bytea | DataType::Json | DataType::Jsonb => Self::Opaque,
            DataType::Other => Self::Other,
        }
    }

    /// Its words in an error.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Uuid => "a uuid",
            Self::Bool => "true or false",
            Self::Integer => "an integer",
            Self::Numeric => "an exact number",
            Self::Float4 | Self::Float8 => "a floating-point number",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::TimestampTz => "a timestamp with time zone",
            Self::Other => "a type of its own",
            Self::Opaque => "binary or JSON data",
        }
    }

    /// A point in time.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Date | Self::Timestamp | Self::TimestampTz)
    }

    /// Whether attributes of both kinds can be compared without an error, whatever they hold. A numeric may be too
    /// large for a float.
    pub(super) fn compares_with(self, other: Self) -> bool {
        let number = |kind| matches!(kind, Self::Integer | Self::Numeric | Self::Float4 | Self::Float8);
        let float = |kind| matches!(kind, Self::Float4 | Self::Float8);
        match (self, other) {
            (Self::Other | Self::Opaque, _) | (_, Self::Other | Self::Opaque) => false,
            (Self::Numeric, other) | (other, Self::Numeric) if float(other) => false,
            (one, other) if number(one) => number(other),
            (one, other) if one.is_time() => other.is_time(),
            (one, other) => one == other,
        }
    }
}
