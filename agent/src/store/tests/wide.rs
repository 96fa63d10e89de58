//! Entities with more attributes than SQLite lets a function have arguments or a compound SELECT have parts, and names
//! with every character that could break SQL or JSON.

use sojourn_metadata::{DataType, Metadata};

use super::sample::{Sample, attribute, entity, id, metadata};

fn only(attributes: Vec<sojourn_metadata::Attribute>) -> Metadata {
    Metadata { entities: vec![entity(1, "account", attributes)], ..metadata() }
}

#[test]
fn six_hundred_attributes_are_captured() {
    let name = |number: u32| format!("attribute_{number}");
    let types =
        [DataType::Text, DataType::Int4, DataType::Float8, DataType::Bytea, DataType::Numeric { precision: Some(9) }];
    let attributes = (2..602).map(|id| attribute(id, &name(id), types[id as usize % types.len()])).collect();
    let sample = Sample::with(&only(attributes));
    let columns: Vec<String> = (2..602).map(name).collect();
    let values = ["'t'", "4", "0.5", "x'00'", "7"];
    let row: Vec<&str> = (2..602).map(|number| values[number % values.len()]).collect();
    let insert =
        |verb: &str| format!("{verb} INTO account (id, {}) VALUES ({}, {})", columns.join(", "), id(1), row.join(", "));
    let foreign = sample.foreign();
    foreign.execute_batch(&insert("INSERT")).expect("a create");
    foreign.execute_batch("UPDATE account SET attribute_601 = 5").expect("an update");
    foreign.execute_batch(&insert("REPLACE")).expect("an update");
    foreign.execute_batch("DELETE FROM account").expect("a delete");
    let entries = sample.store.queue_entries(10).expect("a queue");
    let count =
        |image: &Option<serde_json::Value>| image.as_ref().and_then(|i| i.as_object()).map(serde_json::Map::len);
    let counts: Vec<_> = entries.iter().map(|entry| (count(&entry.data), count(&entry.base))).collect();
    assert_eq!(counts, [(Some(600), None), (Some(1), Some(1)), (Some(1), Some(1)), (None, Some(480))]);
    assert_eq!(entries[0].data.as_ref().map(|data| &data["attribute_602"]), Some(&serde_json::Value::Null));
    assert_eq!(entries[0].data.as_ref().map(|data| &data["attribute_600"]), Some(&serde_json::json!("t")));
}

#[test]
fn names_may_have_any_character() {
    let names = [
        "größe",
        "it's",
        "say \"hi\"",
        "back\\slash",
        "a.b",
        "naïve 🦀",
        "select",
        "rowid",
        "NEW",
        "data",
        "tab\there",
    ];
    let attributes = (2..).zip(names).map(|(id, name)| attribute(id, name, DataType::Text)).collect();
    let sample = Sample::with(&only(attributes));
    let columns: Vec<String> = names.iter().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
    let sql =
        format!("INSERT INTO account (id, {}) VALUES ({}, {})", columns.join(", "), id(1), ["'v'"; 11].join(", "));
    let foreign = sample.foreign();
    foreign.execute_batch(&sql).expect("a create");
    foreign.execute_batch(&format!("UPDATE account SET {} = 'w'", columns.join(" = 'w', "))).expect("an update");
    let entries = sample.store.queue_entries(10).expect("a queue");
    for name in names {
        assert_eq!(entries[0].data.as_ref().map(|data| &data[name]), Some(&"v".into()), "{name}");
        assert_eq!(entries[1].data.as_ref().map(|data| &data[name]), Some(&"w".into()), "{name}");
        assert_eq!(entries[1].base.as_ref().map(|base| &base[name]), Some(&"v".into()), "{name}");
    }
}

#[test]
fn an_entity_may_have_nothing_but_its_id() {
    let sample = Sample::with(&only(vec![]));
    let foreign = sample.foreign();
    foreign
        .execute_batch(&format!("INSERT INTO account VALUES ({0}); REPLACE INTO account VALUES ({0})", id(1)))
        .expect("a create");
    foreign.execute_batch("UPDATE account SET id = id; DELETE FROM account").expect("a delete");
    assert_eq!(sample.queue(), ["create 1 {}", "delete 1 <- {}"]);
}
