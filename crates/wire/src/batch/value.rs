//! Postgres' bytes as the device holds them: the one place that says so, for loading rows and for digests of them.

use super::pgvalue::{self, ValueError};

/// A value as SQLite holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A whole number or a boolean.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text in UTF-8.
    Text(&'a str),
    /// Bytes; also text that is not UTF-8, which SQLite takes from anyone.
    Blob(&'a [u8]),
}

/// What the bytes of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// `uuid`
    Uuid,
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric {
        /// The device's column makes a number of it: it has 15 digits at most.
        as_number: bool,
    },
    /// `text`, and everything that the server casts to text.
    Text,
    /// `date`
    Date,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
}

impl<'a> Value<'a> {
    /// Postgres' bytes as they are given to the device's column; `text` is room for those that are written out.
    ///
    /// # Errors
    /// Bytes that are no value of the type.
    #[inline]
    pub fn read(raw: &'a [u8], value_type: ValueType, text: &'a mut String) -> Result<Self, ValueError> {
        text.clear();
        Ok(match value_type {
            ValueType::Bool => Self::Integer(pgvalue::read_bool(raw)?.into()),
            ValueType::Int2 => Self::Integer(pgvalue::read_int2(raw)?.into()),
            ValueType::Int4 => Self::Integer(pgvalue::read_int4(raw)?.into()),
            ValueType::Int8 => Self::Integer(pgvalue::read_int8(raw)?),
            ValueType::Float4 => float4(pgvalue::read_float4(raw)?),
            ValueType::Float8 => float8(pgvalue::read_float8(raw)?),
            ValueType::Text => Self::Text(pgvalue::read_text(raw)?),
            ValueType::Json => Self::Text(pgvalue::read_json(raw)?),
            ValueType::Jsonb => Self::Text(pgvalue::read_jsonb(raw)?),
            ValueType::Bytea => Self::Blob(pgvalue::read_bytea(raw)),
            ValueType::Uuid => written(raw, text, pgvalue::write_uuid)?,
            ValueType::Numeric { .. } => written(raw, text, pgvalue::write_numeric)?,
            ValueType::Date => written(raw, text, pgvalue::write_date)?,
            ValueType::Timestamp => written(raw, text, pgvalue::write_timestamp)?,
            ValueType::TimestampTz => written(raw, text, pgvalue::write_timestamptz)?,
        })
    }
}

fn written<'a>(
    raw: &[u8],
    text: &'a mut String,
    write: impl FnOnce(&[u8], &mut String) -> Result<(), ValueError>,
) -> Result<Value<'a>, ValueError> {
    write(raw, text)?;
    Ok(Value::Text(text))
}

/// Widened bit by bit, 0.1 would become 0.10000000149011612; its shortest decimal form is what a person wrote.
fn float4(number: f32) -> Value<'static> {
    match number.to_string().parse() {
        Ok(shortest) if number.is_finite() => Value::Real(shortest),
        _ => float8(number.into()),
    }
}

fn float8(number: f64) -> Value<'static> {
    match number {
        f64::INFINITY => Value::Text("Infinity"),
        f64::NEG_INFINITY => Value::Text("-Infinity"),
        number if number.is_nan() => Value::Text("NaN"),
        number => Value::Real(number),
    }
}
