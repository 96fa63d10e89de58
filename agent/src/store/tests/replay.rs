//! Whatever another program does: replaying the queue onto a copy of the tables as they were gives the tables as they
//! are. Nothing is missed, nothing is captured that did not happen.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::Connection;
use sojourn_wire::message::operation::{Command, FieldValue, Operation};

use super::sample::{Sample, id};
use super::take_up::{CHUNK, WIDE};
use crate::store::{Ceilings, ValueRef};

/// One row: attribute and value, as text that tells types apart.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// Attributes that a write can set, of each storage.
const ATTRIBUTES: [&str; 6] = ["name", "industry", "state_code", "revenue", "logo", "parent_id"];

fn value(attribute: &'static str) -> BoxedStrategy<String> {
    let values: &[&str] = match attribute {
        "name" => &["'A'", "'B'", "'it''s \"x\" 🦀'", "NULL"],
        "industry" => &["'retail'", "'it''s'", "'mining'", "NULL"],
        "state_code" => &["0", "1", "'2'", "NULL", "99999"],
        "revenue" => &["1.5", "0.1 + 0.2", "7", "'7.0'", "NULL", "'NaN'", "1e-7"],
        "logo" => &["x''", "x'00ff'", "zeroblob(3)", "NULL", "'text'"],
        _ => &["'00000000-0000-0000-0000-000000000001'", "NULL"],
    };
    proptest::sample::select(values.to_vec()).prop_map(str::to_owned).boxed()
}

fn assignment() -> impl Strategy<Value = (&'static str, String)> {
    proptest::sample::select(ATTRIBUTES.to_vec()).prop_flat_map(|name| (Just(name), value(name)))
}

fn row() -> impl Strategy<Value = (String, String)> {
    (
        1_u128..5,
        prop::collection::btree_map(proptest::sample::select(ATTRIBUTES.to_vec()), Just(()), 0..4),
        value("name"),
    )
        .prop_flat_map(|(digit, names, name)| {
            let names: Vec<&'static str> = names.into_keys().filter(|other| *other != "name").collect();
            let values: Vec<_> = names.iter().map(|name| value(name)).collect();
            (Just(digit), Just(names), Just(name), values)
        })
        .prop_map(|(digit, names, name, values)| {
            let columns = ["id", "name"].into_iter().chain(names).collect::<Vec<_>>().join(", ");
            let values = [id(digit), name].into_iter().chain(values).collect::<Vec<_>>().join(", ");
            (columns, values)
        })
}

fn write() -> impl Strategy<Value = String> {
    let verbs = ["INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL", "INSERT OR ABORT"];
    let insert = (proptest::sample::select(verbs.to_vec()), row())
        .prop_map(|(verb, (columns, values))| format!("{verb} INTO account ({columns}) VALUES ({values})"));
    let upsert = (row(), assignment(), any::<bool>()).prop_map(|((columns, values), (name, value), excluded)| {
        let value = if excluded { "excluded.name".to_owned() } else { value };
        let name = if excluded { "name" } else { name };
        format!("INSERT INTO account ({columns}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {name} = {value}")
    });
    let copy = (proptest::sample::select(verbs.to_vec()), 1_u128..5).prop_map(|(verb, digit)| {
        format!(
            "{verb} INTO account (id, name, logo) SELECT id, name || '+', x'07' FROM account WHERE id <> {}",
            id(digit)
        )
    });
    let condition = || {
        let conditions = ["true", "name = 'A'", "state_code IS NULL", "id > '00000000-0000-0000-0000-000000000002'"];
        proptest::sample::select(conditions.to_vec())
    };
    let or = proptest::sample::select(vec!["", " OR IGNORE", " OR REPLACE", " OR FAIL"]);
    let update = (or, prop::collection::vec(assignment(), 1..3), condition()).prop_map(|(or, set, condition)| {
        let set: BTreeMap<_, _> = set.into_iter().collect();
        let set: Vec<String> = set.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("UPDATE{or} account SET {} WHERE {condition}", set.join(", "))
    });
    let delete = condition().prop_map(|condition| format!("DELETE FROM account WHERE {condition}"));
    let identity = Just("UPDATE OR REPLACE account SET id = '00000000-0000-0000-0000-000000000003'".to_owned());
    let group = proptest::sample::select(vec!["start", "stop"])
        .prop_map(|marker| format!("INSERT INTO sojourn_group (marker) VALUES ('{marker}')"));
    prop_oneof![6 => insert, 3 => upsert, 2 => copy, 4 => update, 2 => delete, 1 => identity, 1 => group]
}

fn statement() -> impl Strategy<Value = String> {
    let transactions = ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s"];
    prop_oneof![
        8 => write(),
        2 => proptest::sample::select(transactions.to_vec()).prop_map(str::to_owned),
    ]
}

fn rows_of(sample: &Sample) -> Rows {
    let mut rows = Rows::new();
    let visit = |id: &str, values: &[ValueRef<'_>]| {
        let attributes = ["id", "name", "industry", "state_code", "revenue", "logo", "search", "parent_id"];
        let row = attributes.iter().zip(values).filter(|(name, _)| ATTRIBUTES.contains(name));
        rows.insert(id.to_owned(), row.map(|(name, value)| ((*name).to_owned(), shown(value))).collect());
    };
    sample.store.for_each_row("account", visit).expect("rows");
    rows
}

fn shown(value: &ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        // The one numeric attribute here is exact to 15 digits, not more.
        ValueRef::Real(number) => format!("{number:.14e}"),
        ValueRef::Text(text) => format!("{text:?}"),
        ValueRef::Blob(_) => "bytes".to_owned(),
    }
}

/// What the server would store: its own reading of the sent form.
fn sent(name: &str, value: &FieldValue) -> String {
    match value {
        FieldValue::Null => "null".to_owned(),
        FieldValue::Bytes(_) | FieldValue::Attachment { .. } => "bytes".to_owned(),
        FieldValue::Number(number) => number.to_string(),
        FieldValue::Text(text) if name == "revenue" && text != "NaN" => {
            format!("{:.14e}", text.parse::<f64>().expect("a number"))
        }
        FieldValue::Text(text) => format!("{text:?}"),
    }
}

fn replay(rows: &mut Rows, operation: &Operation) {
    let id = operation.object_id.to_string();
    let base_fits = |row: &BTreeMap<String, String>| {
        for (name, value) in &operation.base {
            assert_eq!(row[name], sent(name, value), "the base of {name} in {operation:?}");
        }
    };
    match operation.command {
        Command::Create => {
            let nothing = ATTRIBUTES.iter().map(|name| ((*name).to_owned(), "null".to_owned())).collect();
            assert!(rows.insert(id.clone(), nothing).is_none(), "created twice: {operation:?}");
        }
        Command::Update => base_fits(&rows[&id]),
        Command::Delete => base_fits(&rows.remove(&id).expect("a row to delete")),
        Command::Invoke | Command::Discard => panic!("nobody asked for this: {operation:?}"),
    }
    if let Some(row) = rows.get_mut(&id) {
        for (name, value) in &operation.data {
            row.insert(name.clone(), sent(name, value));
        }
    }
}

/// Operations of the whole queue, those of an open group too.
fn operations(sample: &mut Sample) -> Vec<Operation> {
    sample.store.connection.execute_batch("DELETE FROM sojourn_state WHERE key = 'open_group'").expect("closed");
    let all = Ceilings { operations: usize::MAX, ..WIDE };
    sample.store.take_up(CHUNK, all).expect("readable").map(|taken| taken.chunk.operations).unwrap_or_default()
}

fn run(foreign: &Connection, statements: &[String]) {
    for statement in statements {
        // Many are refused, which is part of the test.
        let _ = foreign.execute_batch(statement);
    }
    if !foreign.is_autocommit() {
        foreign.execute_batch("COMMIT").expect("an end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn the_queue_replayed_gives_the_tables(
        before in prop::collection::vec(write(), 0..8),
        statements in prop::collection::vec(statement(), 1..25),
        recursive_triggers: bool,
    ) {
        let mut sample = Sample::new();
        let foreign = sample.foreign();
        foreign.pragma_update(None, "synchronous", "OFF").expect("a setting");
        foreign.pragma_update(None, "recursive_triggers", recursive_triggers).expect("a setting");
        run(&foreign, &before);
        foreign.execute_batch("DELETE FROM sojourn_queue; DELETE FROM sojourn_state WHERE key = 'open_group'").expect("a start");
        let mut rows = rows_of(&sample);
        run(&foreign, &statements);
        for (index, operation) in operations(&mut sample).iter().enumerate() {
            prop_assert_eq!(operation.sequence, index as u64 + 1);
            replay(&mut rows, operation);
        }
        prop_assert_eq!(rows, rows_of(&sample));
    }
}
