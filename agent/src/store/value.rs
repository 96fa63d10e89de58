//! One value, on its way from Postgres' bytes into SQLite, or out of SQLite.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef as Sqlite};
use sojourn_metadata::DataType;
use sojourn_wire::batch::pgvalue::{self, ValueError};

/// A value as SQLite holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValueRef<'a> {
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

impl<'a> From<Sqlite<'a>> for ValueRef<'a> {
    fn from(value: Sqlite<'a>) -> Self {
        match value {
            Sqlite::Null => Self::Null,
            Sqlite::Integer(number) => Self::Integer(number),
            Sqlite::Real(number) => Self::Real(number),
            Sqlite::Text(bytes) => str::from_utf8(bytes).map_or(Self::Blob(bytes), Self::Text),
            Sqlite::Blob(bytes) => Self::Blob(bytes),
        }
    }
}

impl ToSql for ValueRef<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => Sqlite::Null,
            Self::Integer(number) => Sqlite::Integer(number),
            Self::Real(number) => Sqlite::Real(number),
            Self::Text(text) => Sqlite::Text(text.as_bytes()),
            Self::Blob(bytes) => Sqlite::Blob(bytes),
        }))
    }
}

/// Postgres' bytes as the device holds them; `text` is room for those that are written out.
///
/// # Errors
/// Bytes that are no value of the type.
#[inline]
pub(super) fn read<'a>(raw: &'a [u8], data_type: DataType, text: &'a mut String) -> Result<ValueRef<'a>, ValueError> {
    text.clear();
    Ok(match data_type {
        DataType::Bool => ValueRef::Integer(pgvalue::read_bool(raw)?.into()),
        DataType::Int2 => ValueRef::Integer(pgvalue::read_int2(raw)?.into()),
        DataType::Int4 => ValueRef::Integer(pgvalue::read_int4(raw)?.into()),
        DataType::Int8 => ValueRef::Integer(pgvalue::read_int8(raw)?),
        DataType::Float4 => float4(pgvalue::read_float4(raw)?),
        DataType::Float8 => float8(pgvalue::read_float8(raw)?),
        DataType::Text | DataType::Other => ValueRef::Text(pgvalue::read_text(raw)?),
        DataType::Json => ValueRef::Text(pgvalue::read_json(raw)?),
        DataType::Jsonb => ValueRef::Text(pgvalue::read_jsonb(raw)?),
        DataType::Bytea => ValueRef::Blob(pgvalue::read_bytea(raw)),
        DataType::Uuid => written(raw, text, pgvalue::write_uuid)?,
        DataType::Numeric { .. } => written(raw, text, pgvalue::write_numeric)?,
        DataType::Date => written(raw, text, pgvalue::write_date)?,
        DataType::Timestamp => written(raw, text, pgvalue::write_timestamp)?,
        DataType::TimestampTz => written(raw, text, pgvalue::write_timestamptz)?,
    })
}

fn written<'a>(
    raw: &[u8],
    text: &'a mut String,
    write: impl FnOnce(&[u8], &mut String) -> Result<(), ValueError>,
) -> Result<ValueRef<'a>, ValueError> {
    write(raw, text)?;
    Ok(ValueRef::Text(text))
}

/// Widened bit by bit, 0.1 would become 0.10000000149011612; its shortest decimal form is what a person wrote.
fn float4(number: f32) -> ValueRef<'static> {
    match number.to_string().parse() {
        Ok(shortest) if number.is_finite() => ValueRef::Real(shortest),
        _ => float8(number.into()),
    }
}

fn float8(number: f64) -> ValueRef<'static> {
    match number {
        f64::INFINITY => ValueRef::Text("Infinity"),
        f64::NEG_INFINITY => ValueRef::Text("-Infinity"),
        number if number.is_nan() => ValueRef::Text("NaN"),
        number => ValueRef::Real(number),
    }
}
