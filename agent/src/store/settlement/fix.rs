//! A value that the user gives instead of a refused one, under the same rules as a write to the entity's table.

use serde_json::Value;
use sojourn_metadata::sqlite::Storage;
use sojourn_metadata::{Attribute, DataType, Entity};
use sojourn_wire::message::operation::FieldValue;

use crate::store::image::blob;

/// A value that an entry may set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fixed {
    /// As the queue keeps it.
    pub(super) value: Value,
    /// Its bytes, of a binary attribute.
    pub(super) bytes: Option<Vec<u8>>,
}

/// The value as the queue keeps it, or in words why the attribute cannot have it. `create`: the row is not there yet, and
/// the server may give it a default.
pub(super) fn check(entity: &Entity, name: &str, value: &Value, create: bool) -> Result<Fixed, String> {
    let at = format!("{}.{name}", entity.name);
    let Some(attribute) = entity.attribute(name) else {
        return Err(format!("{} has no attribute {name:?}; see its columns in the device's database", entity.name));
    };
    if attribute.name == entity.key().name {
        return Err(format!("{at} cannot be changed; discard the entry and insert a new row instead"));
    }
    if attribute.generated {
        return Err(format!("{at} is computed by the server; leave it out"));
    }
    if value.is_null() {
        let may_miss = !attribute.required || (create && attribute.has_default);
        let nothing = Fixed { value: Value::Null, bytes: None };
        return if may_miss { Ok(nothing) } else { Err(format!("{at} is required: it must have a value")) };
    }
    let problem = |problem: String| format!("{at} {problem}");
    if attribute.data_type == DataType::Bytea {
        return bytes(value).map_err(problem);
    }
    let value = typed(attribute, value).map_err(problem)?;
    length(attribute, &value).and_then(|()| member(attribute, &value)).map_err(problem)?;
    Ok(Fixed { value, bytes: None })
}

fn bytes(value: &Value) -> Result<Fixed, String> {
    match serde_json::from_value(value.clone()) {
        Ok(FieldValue::Bytes(bytes)) => Ok(Fixed { value: blob(), bytes: Some(bytes) }),
        _ => Err(r#"holds bytes: write {"base64":"…"}"#.to_owned()),
    }
}

fn typed(attribute: &Attribute, value: &Value) -> Result<Value, String> {
    let whole = |least: i64, most: i64| {
        let number = integer(value).filter(|number| (least..=most).contains(number));
        number.map(Value::from).ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    };
    match attribute.data_type {
        DataType::Bool => match (value.as_bool(), integer(value)) {
            (Some(flag), _) => Ok(Value::from(i64::from(flag))),
            (None, Some(number @ (0 | 1))) => Ok(Value::from(number)),
            _ => Err("must be 0 or 1".to_owned()),
        },
        DataType::Int2 => whole(i16::MIN.into(), i16::MAX.into()),
        DataType::Int4 => whole(i32::MIN.into(), i32::MAX.into()),
        DataType::Int8 => whole(i64::MIN, i64::MAX),
        data_type => match Storage::of(data_type) {
            Storage::Real | Storage::Numeric => number(value),
            _ => text(value),
        },
    }
}

/// Whole numbers may come as text, as SQLite takes them.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn number(value: &Value) -> Result<Value, String> {
    let refused = || "must be a number, or the text NaN, Infinity or -Infinity".to_owned();
    match value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => Ok(value.clone()),
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(integer(value).map_or(Value::from(number), Value::from)),
            _ => Err(refused()),
        },
        _ => Err(refused()),
    }
}

fn text(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value.clone()),
        Value::Number(number) => Ok(Value::from(number.to_string())),
        _ => Err("must be text".to_owned()),
    }
}

/// Postgres cuts spaces beyond the length off by itself.
fn length(attribute: &Attribute, value: &Value) -> Result<(), String> {
    let limit = attribute.max_length.filter(|_| attribute.data_type == DataType::Text);
    let (Some(most), Some(text)) = (limit, value.as_str()) else { return Ok(()) };
    match text.trim_end_matches(' ').chars().count() > most as usize {
        true => Err(format!("has at most {most} characters")),
        false => Ok(()),
    }
}

fn member(attribute: &Attribute, value: &Value) -> Result<(), String> {
    let values = &attribute.enum_values;
    match value.as_str() {
        Some(text) if !values.is_empty() && !values.iter().any(|value| value == text) => {
            Err(format!("must be one of: {}", values.join(", ")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::tests::sample::metadata;

    fn checked(name: &str, value: Value, create: bool) -> Result<Value, String> {
        let metadata = metadata();
        let entity = metadata.entities.iter().find(|entity| entity.attribute(name).is_some()).expect("an entity");
        check(entity, name, &value, create).map(|fixed| fixed.value)
    }

    #[test]
    fn values_become_what_the_queue_keeps() {
        let cases = [
            ("name", json!("A"), json!("A")),
            ("name", json!(7), json!("7")),
            ("industry", json!("it's"), json!("it's")),
            ("industry", json!(null), json!(null)),
            ("state_code", json!("3"), json!(3)),
            ("revenue", json!("1.5"), json!(1.5)),
            ("revenue", json!("7"), json!(7)),
            ("a_float8", json!("NaN"), json!("NaN")),
            ("a_bool", json!(true), json!(1)),
            ("a_long", json!("12345678901234567890.5"), json!("12345678901234567890.5")),
            ("logo", json!({"base64": "AAE="}), json!({"blob": true})),
        ];
        for (name, given, kept) in cases {
            assert_eq!(checked(name, given, false), Ok(kept), "{name}");
        }
        assert_eq!(checked("state_code", json!(null), true), Ok(json!(null)), "the server has a default");
    }

    #[test]
    fn what_a_write_may_not_set_is_refused_in_words() {
        let cases = [
            ("name", json!(null), "account.name is required: it must have a value"),
            ("name", json!("x".repeat(21)), "account.name has at most 20 characters"),
            ("industry", json!("mining"), "account.industry must be one of: retail, it's"),
            ("state_code", json!(40_000), "account.state_code must be a whole number from -32768 to 32767"),
            ("state_code", json!(null), "account.state_code is required: it must have a value"),
            ("revenue", json!("much"), "account.revenue must be a number, or the text NaN, Infinity or -Infinity"),
            ("id", json!("x"), "account.id cannot be changed; discard the entry and insert a new row instead"),
            ("search", json!("x"), "account.search is computed by the server; leave it out"),
            ("a_bool", json!(2), "everything.a_bool must be 0 or 1"),
            ("a_text", json!(["x"]), "everything.a_text must be text"),
        ];
        for (name, given, words) in cases {
            assert_eq!(checked(name, given, false), Err(words.to_owned()));
        }
        let unknown = check(&metadata().entities[0], "colour", &json!(1), false).expect_err("unknown");
        assert!(unknown.starts_with("account has no attribute \"colour\""), "{unknown}");
        assert!(checked("logo", json!("x"), false).expect_err("no bytes").contains("base64"));
    }
}
