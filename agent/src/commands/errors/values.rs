//! `--set attribute=value` and `--unset attribute`. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::problem::ErrorsProblem;

/// Values by name, of what is set and what is unset.
///
/// # Errors
/// [`ErrorsProblem::Twice`].
pub fn values(set: Vec<(String, Value)>, unset: Vec<String>) -> Result<BTreeMap<String, Value>, ErrorsProblem> {
    let mut values = BTreeMap::new();
    for (name, value) in set.into_iter().chain(unset.into_iter().map(|name| (name, Value::Null))) {
        if values.insert(name.clone(), value).is_some() {
            return Err(ErrorsProblem::Twice(name));
        }
    }
    Ok(values)
}

/// A name and its value, from `name=value`.
///
/// # Errors
/// In words for the user.
pub fn assignment(text: &str) -> Result<(String, Value), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value_of(value))),
        _ => Err("write attribute=value; `attribute=` sets empty text".to_owned()),
    }
}

/// JSON where it is a single value or bytes in base64, and else the text itself. A number that JSON would write in another
/// way, as `1.50`, is text too: the attribute's type says what becomes of it.
fn value_of(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(number)) if number.to_string() == text => Value::Number(number),
        Ok(Value::Object(object)) if object.len() == 1 && object.contains_key("base64") => Value::Object(object),
        Ok(value @ (Value::Null | Value::Bool(_) | Value::String(_))) => value,
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_json_where_they_can_be() {
        let cases = [
            ("a=7", json!(7)),
            ("a=-1.5", json!(-1.5)),
            ("a=1.50", json!("1.50")),
            ("a=12345678901234567890.5", json!("12345678901234567890.5")),
            ("a=0123", json!("0123")),
            ("a=true", json!(true)),
            ("a=null", json!(null)),
            ("a=\"7\"", json!("7")),
            ("a=", json!("")),
            ("a=x=y", json!("x=y")),
            ("a={\"x\": 1}", json!("{\"x\": 1}")),
            ("a=[1]", json!("[1]")),
            ("a={\"base64\": \"AA==\"}", json!({"base64": "AA=="})),
        ];
        for (text, expected) in cases {
            assert_eq!(assignment(text), Ok(("a".to_owned(), expected)), "{text}");
        }
        assert!(assignment("a").is_err() && assignment("=7").is_err());
    }

    #[test]
    fn an_attribute_has_one_value() {
        let set = || vec![("a".to_owned(), json!(1))];
        let both = values(set(), vec!["b".to_owned()]).expect("two attributes");
        assert_eq!(both, BTreeMap::from([("a".to_owned(), json!(1)), ("b".to_owned(), Value::Null)]));
        assert!(matches!(values(set(), vec!["a".to_owned()]), Err(ErrorsProblem::Twice(name)) if name == "a"));
    }
}
