//! How a device's value becomes a parameter of a statement. Pure.
//!
//! SQLite lets any value into any column, so the kind is checked here. What the text of a value means is left to
//! Postgres, whose own reading decides; every value but bytes therefore travels as text.

use serde_json::Number;
use sojourn_metadata::{Attribute, DataType};
use sojourn_wire::message::operation::FieldValue;
use uuid::Uuid;

use crate::refusal::Refusal;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// Text in the attribute's own spelling, or null.
    Text(Option<String>),
    /// Bytes, or null.
    Bytes(Option<Vec<u8>>),
    /// Bytes that came ahead in parts.
    Attachment(Uuid),
}

/// The parameter for a value of this attribute.
///
/// # Errors
/// [`Refusal`] when the attribute cannot hold a value of this kind, length or, for an enum, of this name.
pub fn parameter(entity: &str, attribute: &Attribute, value: &FieldValue) -> Result<Parameter, Refusal> {
    let refuse = |problem: &str| Refusal::of(&attribute.name, &format!("{} of {entity} {problem}", attribute.name));
    let kind = attribute.data_type;
    match (kind, value) {
        (DataType::Bytea, FieldValue::Null) => Ok(Parameter::Bytes(None)),
        (_, FieldValue::Null) => Ok(Parameter::Text(None)),
        (DataType::Bytea, FieldValue::Bytes(bytes)) => Ok(Parameter::Bytes(Some(bytes.clone()))),
        (DataType::Bytea, FieldValue::Attachment { attachment, .. }) => Ok(Parameter::Attachment(*attachment)),
        (DataType::Bytea, _) => Err(refuse("must hold bytes (a BLOB), not text or a number")),
        (_, FieldValue::Bytes(_) | FieldValue::Attachment { .. }) => Err(refuse("cannot hold bytes (a BLOB)")),
        (_, FieldValue::Text(text)) => checked(attribute, text).map_err(|problem| refuse(&problem)),
        (_, FieldValue::Number(number)) => {
            let text = from_number(kind, number).map_err(refuse)?;
            checked(attribute, &text).map_err(|problem| refuse(&problem))
        }
    }
}

/// Text that fits the attribute, as far as the metadata can tell.
fn checked(attribute: &Attribute, text: &str) -> Result<Parameter, String> {
    if text.contains('\0') {
        return Err("holds a NUL character, which the server cannot store".to_owned());
    }
    if let Some(most) = attribute.max_length {
        // Spaces at the end do not count: Postgres drops those that do not fit.
        let length = text.trim_end_matches(' ').chars().count();
        if length > most as usize {
            return Err(format!("is too long: {length} characters, at most {most} are allowed"));
        }
    }
    if matches!(attribute.data_type, DataType::Date | DataType::Timestamp | DataType::TimestampTz) && !is_absolute(text)
    {
        // 'today' would mean the day of the replay, not the day it was written.
        return Err("must be a date in ISO-8601, or infinity".to_owned());
    }
    if !attribute.enum_values.is_empty() && !attribute.enum_values.iter().any(|value| value == text) {
        return Err(format!("must be one of {}", attribute.enum_values.join(", ")));
    }
    Ok(Parameter::Text(Some(text.to_owned())))
}

/// Whether a date means the same whenever it is read.
fn is_absolute(text: &str) -> bool {
    let text = text.trim();
    text.starts_with(|first: char| first.is_ascii_digit()) || matches!(text, "infinity" | "-infinity")
}

/// A number in the spelling of the attribute's type.
fn from_number(kind: DataType, number: &Number) -> Result<String, &'static str> {
    match kind {
        DataType::Bool => match number.as_f64() {
            Some(0.0) => Ok("false".to_owned()),
            Some(1.0) => Ok("true".to_owned()),
            _ => Err("must be 0 or 1"),
        },
        DataType::Int2 | DataType::Int4 | DataType::Int8 => whole(number).ok_or("must be a whole number"),
        DataType::Uuid => Err("must hold an id, not a number"),
        DataType::Date | DataType::Timestamp | DataType::TimestampTz => {
            Err("must hold a date in ISO-8601 text, not a number")
        }
        _ => Ok(whole(number).unwrap_or_else(|| number.to_string())),
    }
}

/// The digits of a whole number. SQLite may hold one as a double (`5.0`), exact below 2^53.
fn whole(number: &Number) -> Option<String> {
    if number.is_i64() || number.is_u64() {
        return Some(number.to_string());
    }
    let value = number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0)?;
    Some(format!("{value:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CONTACT, fraction, metadata, number, text};

    fn told(name: &str, value: &FieldValue) -> Result<Parameter, String> {
        let metadata = metadata();
        let column = metadata.table_of(CONTACT).and_then(|table| table.column(name)).expect("there");
        parameter("contact", &column.attribute, value).map_err(|refusal| refusal.reason)
    }

    fn spelled(name: &str, value: &FieldValue) -> String {
        match told(name, value) {
            Ok(Parameter::Text(Some(text))) => text,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn numbers_are_spelled_for_their_type() {
        assert_eq!(spelled("is_vip", &number(1)), "true");
        assert_eq!(spelled("is_vip", &fraction(0.0)), "false");
        assert_eq!(spelled("is_vip", &text("yes")), "yes");
        assert_eq!(spelled("score", &fraction(-5.0)), "-5");
        assert_eq!(spelled("visits", &number(i64::MAX)), "9223372036854775807");
        assert_eq!(spelled("limit", &fraction(12.34)), "12.34");
        assert_eq!(spelled("limit", &text("99999999999999999999.5")), "99999999999999999999.5");
        assert_eq!(spelled("weight", &fraction(1e300)), "1e+300");
        assert_eq!(spelled("weight", &text("NaN")), "NaN");
        assert_eq!(spelled("notes", &fraction(0.1)), "0.1");
        assert_eq!(spelled("extra", &number(5)), "5");
        assert_eq!(spelled("tags", &text("{a,b}")), "{a,b}");
    }

    #[test]
    fn kinds_that_cannot_be_are_refused_with_the_attribute() {
        let blob = FieldValue::Bytes(vec![0, 255]);
        let refused = |name, value: &FieldValue| told(name, value).expect_err("refused");
        assert_eq!(refused("is_vip", &number(2)), "is_vip of contact must be 0 or 1");
        assert_eq!(refused("score", &fraction(1.5)), "score of contact must be a whole number");
        assert_eq!(refused("score", &fraction(1e300)), "score of contact must be a whole number");
        assert_eq!(refused("notes", &blob), "notes of contact cannot hold bytes (a BLOB)");
        assert_eq!(refused("photo", &text("\\x00")), "photo of contact must hold bytes (a BLOB), not text or a number");
        assert_eq!(refused("owner_id", &number(1)), "owner_id of contact must hold an id, not a number");
        assert!(refused("born", &number(20000)).contains("ISO-8601"));
        assert!(refused("notes", &text("a\0b")).contains("NUL"));
        assert_eq!(refused("mood", &text("angry")), "mood of contact must be one of glad, sad");
        assert_eq!(told("photo", &blob), Ok(Parameter::Bytes(Some(vec![0, 255]))));
        assert_eq!(told("photo", &FieldValue::Null), Ok(Parameter::Bytes(None)));
        assert_eq!(told("mood", &FieldValue::Null), Ok(Parameter::Text(None)));
    }

    #[test]
    fn length_is_counted_in_characters_and_spaces_at_the_end_are_free() {
        assert_eq!(spelled("last_name", &text("ÄÖÜäöüßéèê")), "ÄÖÜäöüßéèê");
        assert_eq!(spelled("last_name", &text("Nuñez               ")).trim(), "Nuñez");
        let long = told("last_name", &text("Featherstonehaugh")).expect_err("refused");
        assert_eq!(long, "last_name of contact is too long: 17 characters, at most 10 are allowed");
    }

    #[test]
    fn dates_mean_the_same_whenever_they_are_read() {
        for relative in ["now", "today", "tomorrow", "yesterday", "epoch", "allballs", " Now"] {
            assert!(!is_absolute(relative), "{relative}");
        }
        for absolute in ["2026-11-22", "0044-03-15 BC", "infinity", "-infinity", " 2026-11-22T10:00:00Z"] {
            assert!(is_absolute(absolute), "{absolute}");
        }
    }
}
