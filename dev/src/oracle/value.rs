//! Whether a value on the device is the server's. Pure.
//!
//! The server's values come as the text that Postgres prints (in UTC, ISO dates); the device's as SQLite holds them. What
//! SQLite must hold for what is said in the agent's store; here it is said once more, so that a mistake there is seen.

use std::fmt;

use sojourn_metadata::{Attribute, DataType};

/// A value as SQLite holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum DeviceValue {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A double.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Whether both are the same value of the attribute.
#[must_use]
pub fn is_same(attribute: &Attribute, server: Option<&str>, device: &DeviceValue) -> bool {
    let Some(server) = server else { return *device == DeviceValue::Null };
    match (attribute.data_type, device) {
        (DataType::Bool, DeviceValue::Integer(device)) => {
            server == if *device == 1 { "true" } else { "false" } && matches!(device, 0 | 1)
        }
        (DataType::Int2 | DataType::Int4 | DataType::Int8, DeviceValue::Integer(device)) => {
            server == device.to_string()
        }
        (DataType::Float4 | DataType::Float8, DeviceValue::Real(device)) => server.parse() == Ok(*device),
        (DataType::Float4 | DataType::Float8, DeviceValue::Text(device)) => is_no_number(server) && server == device,
        (DataType::Numeric { .. }, device) => is_same_numeric(server, device),
        (DataType::Timestamp, DeviceValue::Text(device)) => iso(server) == *device,
        (DataType::TimestampTz, DeviceValue::Text(device)) => iso(server) == *device,
        (DataType::Bytea, DeviceValue::Blob(device)) => server == hex(device),
        (DataType::Jsonb, DeviceValue::Text(device)) => is_same_json(server, device),
        (DataType::Text, DeviceValue::Text(device)) if attribute.sql_type.starts_with("character(") => {
            // The cast to text takes away what fills a char(n) up.
            server == device.trim_end_matches(' ')
        }
        (
            DataType::Text | DataType::Other | DataType::Uuid | DataType::Date | DataType::Json,
            DeviceValue::Text(device),
        ) => server == device,
        _ => false,
    }
}

fn is_no_number(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

fn is_same_numeric(server: &str, device: &DeviceValue) -> bool {
    match device {
        DeviceValue::Integer(device) => decimal(server) == decimal(&device.to_string()),
        // Up to 15 digits no two decimals are the same double.
        DeviceValue::Real(device) => !is_no_number(server) && server.parse() == Ok(*device),
        DeviceValue::Text(device) if is_no_number(server) => server == device,
        DeviceValue::Text(device) => decimal(server) == decimal(device) && decimal(server).is_some(),
        DeviceValue::Null | DeviceValue::Blob(_) => false,
    }
}

/// Sign, digits and fraction without zeros that say nothing.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole_said, fraction_said) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let is_zero = whole_said.is_empty() && fraction_said.is_empty();
    let is_number = is_digits(whole) && is_digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    is_number.then_some((negative && !is_zero, whole_said, fraction_said))
}

/// `2026-11-22 10:11:12.5+00 BC` as the device writes it: `2026-11-22T10:11:12.5Z BC`.
fn iso(server: &str) -> String {
    let (moment, era) = server.strip_suffix(" BC").map_or((server, ""), |moment| (moment, " BC"));
    let moment = moment.strip_suffix("+00").map_or_else(|| moment.to_owned(), |local| format!("{local}Z"));
    format!("{}{era}", moment.replacen(' ', "T", 1))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// The text that was sent, or another one of the same meaning.
fn is_same_json(server: &str, device: &str) -> bool {
    let meaning = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    server == device || meaning(server).is_some_and(|server| Some(server) == meaning(device))
}

impl fmt::Display for DeviceValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DeviceValue::Null => f.write_str("null"),
            DeviceValue::Integer(number) => write!(f, "integer {number}"),
            DeviceValue::Real(number) => write!(f, "real {number:?}"),
            DeviceValue::Text(text) => write!(f, "text {text:?}"),
            DeviceValue::Blob(bytes) => write!(f, "blob of {} bytes", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(data_type: DataType, sql_type: &str) -> Attribute {
        Attribute {
            id: 1,
            name: "a".into(),
            data_type,
            sql_type: sql_type.into(),
            required: false,
            has_default: false,
            generated: false,
            max_length: None,
            enum_values: vec![],
        }
    }

    fn same(data_type: DataType, server: &str, device: DeviceValue) -> bool {
        is_same(&attribute(data_type, "x"), Some(server), &device)
    }

    fn text(text: &str) -> DeviceValue {
        DeviceValue::Text(text.to_owned())
    }

    #[test]
    fn null_is_null_alone() {
        assert!(is_same(&attribute(DataType::Text, "text"), None, &DeviceValue::Null));
        assert!(!is_same(&attribute(DataType::Text, "text"), None, &text("")));
        assert!(!same(DataType::Text, "", DeviceValue::Null));
    }

    #[test]
    fn booleans_and_whole_numbers() {
        assert!(same(DataType::Bool, "true", DeviceValue::Integer(1)));
        assert!(same(DataType::Bool, "false", DeviceValue::Integer(0)));
        assert!(!same(DataType::Bool, "false", DeviceValue::Integer(1)));
        assert!(!same(DataType::Bool, "false", DeviceValue::Integer(2)));
        assert!(same(DataType::Int8, "-9223372036854775808", DeviceValue::Integer(i64::MIN)));
        assert!(!same(DataType::Int4, "7", text("7")));
    }

    #[test]
    fn doubles_are_exact_and_what_is_no_number_is_text() {
        assert!(same(DataType::Float8, "0.1", DeviceValue::Real(0.1)));
        assert!(same(DataType::Float8, "-0", DeviceValue::Real(0.0)));
        assert!(same(DataType::Float8, "1e+300", DeviceValue::Real(1e300)));
        assert!(!same(DataType::Float4, "0.1", DeviceValue::Real(f64::from(0.1f32))));
        assert!(same(DataType::Float8, "NaN", text("NaN")));
        assert!(!same(DataType::Float8, "1", text("1")));
    }

    #[test]
    fn decimals_are_the_same_number() {
        let numeric = DataType::Numeric { precision: None };
        assert!(same(numeric, "1.50", text("1.50")) && same(numeric, "1.50", text("1.5")));
        assert!(same(numeric, "1.50", DeviceValue::Real(1.5)) && same(numeric, "2.00", DeviceValue::Integer(2)));
        assert!(same(numeric, "0.00", DeviceValue::Integer(0)) && same(numeric, "-0.5", text("-.5")));
        assert!(!same(numeric, "12345678901234567890.1", text("12345678901234567890.2")));
        assert!(!same(numeric, "1", text("")) && !same(numeric, "1", text("1e0")) && same(numeric, "NaN", text("NaN")));
    }

    #[test]
    fn moments_are_iso() {
        assert!(same(DataType::TimestampTz, "2026-11-22 10:11:12.5+00", text("2026-11-22T10:11:12.5Z")));
        assert!(same(DataType::TimestampTz, "0044-03-15 12:00:00+00 BC", text("0044-03-15T12:00:00Z BC")));
        assert!(same(DataType::Timestamp, "2026-11-22 10:11:12", text("2026-11-22T10:11:12")));
        assert!(same(DataType::Timestamp, "-infinity", text("-infinity")));
        assert!(!same(DataType::TimestampTz, "2026-11-22 10:11:12+00", text("2026-11-22T10:11:12")));
    }

    #[test]
    fn bytes_and_json() {
        assert!(same(DataType::Bytea, "\\x00ff", DeviceValue::Blob(vec![0, 255])));
        assert!(!same(DataType::Bytea, "\\x00ff", DeviceValue::Blob(vec![0])));
        assert!(same(DataType::Jsonb, r#"{"a": 1, "b": 2}"#, text(r#"{"b":2,"a":1}"#)));
        assert!(!same(DataType::Jsonb, r#"{"a": 1}"#, text(r#"{"a": 2}"#)));
        assert!(!same(DataType::Json, r#"{"a": 1}"#, text(r#"{"a":1}"#)));
    }

    #[test]
    fn what_fills_a_char_up_does_not_count() {
        let padded = attribute(DataType::Text, "character(5)");
        assert!(is_same(&padded, Some("ab"), &text("ab   ")));
        assert!(!same(DataType::Text, "ab", text("ab   ")));
    }
}
