//! What somebody else changed of a row that the user has deleted. Pure.

use serde::Serialize;
use serde_json::{Map, Value};

/// An attribute that somebody else has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// Its name.
    pub attribute: String,
    /// What it held when the user deleted the row.
    pub yours: Value,
    /// What it holds on the server, as far as the device was told.
    pub theirs: Value,
}

/// What differs between the row that was deleted and the server's.
pub(super) fn changes(base: Option<&Value>, server: Option<Map<String, Value>>) -> Vec<Changed> {
    let Some(base) = base.and_then(Value::as_object) else { return Vec::new() };
    let changed = |(attribute, theirs): (String, Value)| {
        let yours = base.get(&attribute).filter(|yours| **yours != theirs)?.clone();
        Some(Changed { attribute, yours, theirs })
    };
    server.unwrap_or_default().into_iter().filter_map(changed).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_both_sides_tell_and_tell_differently_was_changed() {
        let base = json!({"city": "Graz", "name": "Ada", "phone": null});
        let server = json!({"city": "Linz", "name": "Ada", "phone": "1", "photo": "?"});
        let changed = changes(Some(&base), server.as_object().cloned());
        let of = |attribute: &str, yours, theirs| Changed { attribute: attribute.to_owned(), yours, theirs };
        assert_eq!(changed, [of("city", json!("Graz"), json!("Linz")), of("phone", Value::Null, json!("1"))]);
        assert_eq!(changes(Some(&base), None), []);
        assert_eq!(changes(None, server.as_object().cloned()), []);
    }
}
