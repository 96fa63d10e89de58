//! How many bytes operations take in a message, and what is left out where there is no room. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;
use sojourn_metadata::Entity;
use sojourn_wire::message::operation::{FieldValue, Operation};

/// The largest number of an operation.
const MOST: u64 = i64::MAX.unsigned_abs();

/// How many bytes an operation takes in its message at most: whatever its number is, and however it is settled when it is
/// sent again. What has fitted once fits again.
pub(super) fn wire_bytes(operation: &Operation) -> u64 {
    let largest = Operation {
        sequence: MOST,
        data: BTreeMap::new(),
        base: BTreeMap::new(),
        captured_at: operation.captured_at.clone(),
        name: operation.name.clone(),
        settles: Some(MOST),
        seen: Some(u32::MAX),
        create_anyway: true,
        overtaken: true,
        ..*operation
    };
    [json_bytes(&largest), json_bytes(&operation.data), json_bytes(&operation.base)]
        .into_iter()
        .fold(1, u64::saturating_add)
}

/// Drops the longest values of a base until it has no more than `room` bytes. References stay: the server must know what
/// the row was to leave.
pub(super) fn cut_base(base: &mut BTreeMap<String, FieldValue>, entity: &Entity, room: u64) {
    let mut bytes = json_bytes(base);
    if bytes <= room {
        return;
    }
    let references: BTreeSet<&str> = entity.relationships.iter().map(|r| r.attribute.as_str()).collect();
    let others = base.iter().filter(|(name, _)| !references.contains(name.as_str()));
    let mut others: Vec<(u64, String)> = others.map(|(name, value)| (json_bytes(value), name.clone())).collect();
    others.sort_by_key(|(bytes, _)| Reverse(*bytes));
    for (value, name) in others {
        if bytes <= room {
            return;
        }
        base.remove(&name);
        bytes = bytes.saturating_sub(value + json_bytes(&name) + 2);
    }
}

fn json_bytes(value: &impl Serialize) -> u64 {
    struct Count(u64);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample::metadata;
    use super::*;

    fn base(values: &[(&str, &str)]) -> BTreeMap<String, FieldValue> {
        values.iter().map(|(name, text)| ((*name).to_owned(), FieldValue::Text((*text).to_owned()))).collect()
    }

    #[test]
    fn the_longest_values_of_a_base_go_and_references_stay() {
        let (long, id) = ("x".repeat(100), "0".repeat(36));
        let whole = base(&[("industry", "retail"), ("name", &long), ("parent_id", &id), ("search", "abc")]);
        let cut = |room| {
            let mut base = whole.clone();
            cut_base(&mut base, &metadata().entities[0], room);
            base.into_keys().collect::<Vec<_>>()
        };
        let bytes = json_bytes(&whole);
        assert_eq!(cut(bytes), ["industry", "name", "parent_id", "search"]);
        assert_eq!(cut(bytes - 1), ["industry", "parent_id", "search"]);
        let without_name = bytes - r#""name":"","#.len() as u64 - 100;
        assert_eq!(cut(without_name), ["industry", "parent_id", "search"]);
        assert_eq!(cut(without_name - 1), ["parent_id", "search"]);
        assert_eq!(cut(0), ["parent_id"]);
    }
}
