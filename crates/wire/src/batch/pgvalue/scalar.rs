//! Types whose binary form is (nearly) the value itself.

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::{ValueError, array, wrong};

/// A `bool`.
///
/// # Errors
/// Not one byte of 0 or 1.
pub fn read_bool(raw: &[u8]) -> Result<bool, ValueError> {
    match raw {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(wrong("bool", "it is neither 0 nor 1")),
    }
}

/// An `int2`.
///
/// # Errors
/// Not 2 bytes.
pub fn read_int2(raw: &[u8]) -> Result<i16, ValueError> {
    array(raw, "int2").map(i16::from_be_bytes)
}

/// An `int4`.
///
/// # Errors
/// Not 4 bytes.
pub fn read_int4(raw: &[u8]) -> Result<i32, ValueError> {
    array(raw, "int4").map(i32::from_be_bytes)
}

/// An `int8`.
///
/// # Errors
/// Not 8 bytes.
pub fn read_int8(raw: &[u8]) -> Result<i64, ValueError> {
    array(raw, "int8").map(i64::from_be_bytes)
}

/// A `float4`; NaN and the infinities included.
///
/// # Errors
/// Not 4 bytes.
pub fn read_float4(raw: &[u8]) -> Result<f32, ValueError> {
    array(raw, "float4").map(f32::from_be_bytes)
}

/// A `float8`; NaN and the infinities included.
///
/// # Errors
/// Not 8 bytes.
pub fn read_float8(raw: &[u8]) -> Result<f64, ValueError> {
    array(raw, "float8").map(f64::from_be_bytes)
}

/// A `text`, or any other type whose binary form is its text.
///
/// # Errors
/// Not UTF-8.
pub fn read_text(raw: &[u8]) -> Result<&str, ValueError> {
    str::from_utf8(raw).map_err(|_| wrong("text", "it is not UTF-8"))
}

/// A `json`, as it was written.
///
/// # Errors
/// Not UTF-8.
pub fn read_json(raw: &[u8]) -> Result<&str, ValueError> {
    str::from_utf8(raw).map_err(|_| wrong("json", "it is not UTF-8"))
}

/// A `jsonb`, as Postgres prints it.
///
/// # Errors
/// Not version 1, or not UTF-8.
pub fn read_jsonb(raw: &[u8]) -> Result<&str, ValueError> {
    match raw {
        [1, text @ ..] => str::from_utf8(text).map_err(|_| wrong("jsonb", "it is not UTF-8")),
        _ => Err(wrong("jsonb", "its version is not 1")),
    }
}

/// A `bytea`: the bytes are the value.
#[must_use]
pub fn read_bytea(raw: &[u8]) -> &[u8] {
    raw
}

/// A `uuid` as 36 characters, lower case with hyphens.
///
/// # Errors
/// Not 16 bytes.
pub fn write_uuid(raw: &[u8], out: &mut String) -> Result<(), ValueError> {
    let id = Uuid::from_bytes(array(raw, "uuid")?);
    out.push_str(id.hyphenated().encode_lower(&mut [0; Hyphenated::LENGTH]));
    Ok(())
}
