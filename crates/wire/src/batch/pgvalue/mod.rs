//! What the bytes of a Postgres value mean: decoding the binary forms of the native types.
//!
//! Values that SQLite has too are returned (`read_*`); those it keeps as text are written to the end of
//! a string the caller reuses (`write_*`), which is untouched when there is an error. Everything else a
//! table may hold was cast to text by the server.

mod ascii;
mod calendar;
mod datetime;
mod numeric;
mod scalar;

pub use datetime::{write_date, write_timestamp, write_timestamptz};
pub use numeric::write_numeric;
pub use scalar::{
    read_bool, read_bytea, read_float4, read_float8, read_int2, read_int4, read_int8, read_json, read_jsonb, read_text,
    write_uuid,
};

/// Bytes that are not a value of the type they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no {type_name}: {problem}")]
pub struct ValueError {
    /// The Postgres type.
    pub type_name: &'static str,
    /// What is wrong with the bytes.
    pub problem: &'static str,
}

fn wrong(type_name: &'static str, problem: &'static str) -> ValueError {
    ValueError { type_name, problem }
}

/// The bytes as an array, for types of one width.
fn array<const N: usize>(raw: &[u8], type_name: &'static str) -> Result<[u8; N], ValueError> {
    raw.try_into().map_err(|_| wrong(type_name, "the length is wrong"))
}
