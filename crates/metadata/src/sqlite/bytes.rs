//! What the bytes of an attribute are on their way to the device: one mapping, for loading a batch and for comparing
//! digests, because the two sides of a comparison must read the same bytes alike.

use sojourn_wire::batch::ValueType;

use super::Storage;
use crate::model::DataType;

impl From<DataType> for ValueType {
    fn from(data_type: DataType) -> Self {
        match data_type {
            DataType::Uuid => Self::Uuid,
            DataType::Bool => Self::Bool,
            DataType::Int2 => Self::Int2,
            DataType::Int4 => Self::Int4,
            DataType::Int8 => Self::Int8,
            DataType::Float4 => Self::Float4,
            DataType::Float8 => Self::Float8,
            DataType::Numeric { .. } => Self::Numeric { as_number: Storage::of(data_type) == Storage::Numeric },
            DataType::Text | DataType::Other => Self::Text,
            DataType::Date => Self::Date,
            DataType::Timestamp => Self::Timestamp,
            DataType::TimestampTz => Self::TimestampTz,
            DataType::Bytea => Self::Bytea,
            DataType::Json => Self::Json,
            DataType::Jsonb => Self::Jsonb,
        }
    }
}
