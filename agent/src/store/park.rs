//! What waits on this device, because it builds on an entry that the device itself has refused: the server has heard
//! nothing of that, and would carry out what comes after it. As on the server, later operations on the same object wait,
//! those that refer to an object which the entry would have created, and those that delete an object which its row was to
//! leave; what waits keeps others waiting in turn.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;
use sojourn_metadata::Metadata;
use sojourn_wire::message::operation::{Command, FieldValue, Operation};
use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::chunk::Unit;
use super::error::Fault;
use super::take_up::Draft;

/// What an operation builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ground {
    /// Whatever was done to its own object.
    Own(ObjectRef),
    /// That this object was created.
    Created(ObjectRef),
    /// That no row refers to this object any more.
    Left(ObjectRef),
}

/// Everything that an operation builds on. What is only given up builds on nothing.
pub(super) fn grounds(operation: &Operation, metadata: &Metadata) -> Vec<Ground> {
    let Operation { object_type_code, object_id, .. } = *operation;
    let referred = match operation.command {
        Command::Discard => return Vec::new(),
        Command::Invoke => named(operation, metadata),
        Command::Create | Command::Update | Command::Delete => references(operation, metadata),
    };
    let own = ObjectRef { object_type_code, object_id };
    let left = (operation.command == Command::Delete).then(|| Ground::Left(own.clone()));
    std::iter::once(Ground::Own(own)).chain(referred.into_iter().map(Ground::Created)).chain(left).collect()
}

fn references(operation: &Operation, metadata: &Metadata) -> Vec<ObjectRef> {
    let relationships = metadata.entity_of(operation.object_type_code).into_iter().flat_map(|e| &e.relationships);
    let referred = relationships.filter_map(|relationship| {
        let object_id = id(operation.data.get(&relationship.attribute)?)?;
        Some(ObjectRef { object_type_code: metadata.entity(&relationship.target)?.object_type_code, object_id })
    });
    referred.collect()
}

/// What a named command's parameters may name: nobody says of which entity they are.
fn named(operation: &Operation, metadata: &Metadata) -> Vec<ObjectRef> {
    let of_any = |object_id| {
        let entities = metadata.entities.iter();
        entities.map(move |entity| ObjectRef { object_type_code: entity.object_type_code, object_id })
    };
    operation.data.values().filter_map(id).flat_map(of_any).collect()
}

fn id(value: &FieldValue) -> Option<Uuid> {
    match value {
        FieldValue::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// The entry for which the operations must wait, if there is one.
pub(super) fn cause(connection: &Connection, metadata: &Metadata, draft: &Draft) -> Result<Option<i64>, Fault> {
    for (operation, row_number) in draft.entries() {
        for ground in grounds(operation, metadata) {
            if let Some(cause) = kept_back(connection, &ground, row_number)? {
                return Ok(Some(cause));
            }
        }
    }
    Ok(None)
}

/// What keeps this from an entry: the earliest one that the device has refused, or that one for which it waits.
fn kept_back(connection: &Connection, ground: &Ground, row_number: i64) -> Result<Option<i64>, Fault> {
    let (object, created) = match ground {
        Ground::Own(object) => (object, false),
        Ground::Created(object) => (object, true),
        Ground::Left(object) => return leaving(connection, object.object_id, row_number),
    };
    let sql = "SELECT coalesce(waits_for, row_number) FROM sojourn_queue \
               WHERE object_type_code = ?1 AND object_id = ?2 AND state = 3 AND sequence IS NULL \
               AND row_number < ?3 AND (command_id = 1 OR NOT ?4) ORDER BY row_number LIMIT 1";
    let values = params![object.object_type_code, object.object_id.to_string(), row_number, created];
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

/// The same of an update whose row was to leave an object: what it was before names that.
fn leaving(connection: &Connection, object_id: Uuid, row_number: i64) -> Result<Option<i64>, Fault> {
    let sql = "SELECT coalesce(waits_for, row_number) FROM sojourn_queue \
               WHERE state = 3 AND sequence IS NULL AND row_number < ?1 AND command_id = 2 \
               AND instr(base, ?2) > 0 ORDER BY row_number LIMIT 1";
    let values = params![row_number, object_id.to_string()];
    Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?)
}

/// The objects that the rows of a waiting unit are to leave.
pub(super) fn left_by(connection: &Connection, metadata: &Metadata, unit: &Unit) -> rusqlite::Result<Vec<ObjectRef>> {
    let sql = "SELECT object_type_code, CAST(base AS BLOB), CAST(data AS BLOB) FROM sojourn_queue \
               WHERE row_number BETWEEN ?1 AND ?2 AND state = 0 AND given_up = 0 AND command_id = 2 \
               AND object_type_code IS NOT NULL AND base IS NOT NULL AND data IS NOT NULL";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((unit.first_row, unit.last_row))?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next()? {
        objects.extend(left(metadata, row.get(0)?, row.get_ref(1)?.as_blob()?, row.get_ref(2)?.as_blob()?));
    }
    Ok(objects)
}

/// What an update's row referred to before, and then no longer. Of values that cannot be read, all that it referred to.
fn left(metadata: &Metadata, object_type_code: i32, base: &[u8], data: &[u8]) -> Vec<ObjectRef> {
    let read = |json| serde_json::from_slice::<BTreeMap<String, Value>>(json).unwrap_or_default();
    let (base, data) = (read(base), read(data));
    let id = |value: &Value| value.as_str()?.parse::<Uuid>().ok();
    let relationships = metadata.entity_of(object_type_code).into_iter().flat_map(|e| &e.relationships);
    let objects = relationships.filter_map(|relationship| {
        let before = id(base.get(&relationship.attribute)?)?;
        let stays = data.get(&relationship.attribute).and_then(id) == Some(before);
        let object_type_code = metadata.entity(&relationship.target)?.object_type_code;
        (!stays).then_some(ObjectRef { object_type_code, object_id: before })
    });
    objects.collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample::metadata;
    use super::*;

    fn operation(command: Command, object_type_code: i32, data: &[(&str, &str)]) -> Operation {
        Operation {
            sequence: 0,
            command,
            object_type_code,
            object_id: Uuid::from_u128(1),
            data: data.iter().map(|(name, text)| ((*name).to_owned(), FieldValue::Text((*text).to_owned()))).collect(),
            base: [].into(),
            group: None,
            captured_at: String::new(),
            name: None,
            settles: None,
            seen: None,
            create_anyway: false,
            overtaken: false,
        }
    }

    fn object(object_type_code: i32, id: u128) -> ObjectRef {
        ObjectRef { object_type_code, object_id: Uuid::from_u128(id) }
    }

    #[test]
    fn an_operation_builds_on_its_object_and_on_what_it_refers_to() {
        let three = Uuid::from_u128(3).to_string();
        let data = [("parent_id", three.as_str()), ("name", three.as_str()), ("industry", "retail")];
        let of = |command, code| grounds(&operation(command, code, &data), &metadata());
        use Ground::{Created, Left, Own};
        assert_eq!(of(Command::Update, 1), [Own(object(1, 1)), Created(object(1, 3))], "a name is no reference");
        assert_eq!(of(Command::Create, 2), [Own(object(2, 1))]);
        assert_eq!(of(Command::Delete, 2), [Own(object(2, 1)), Left(object(2, 1))]);
        let named = [Own(object(2, 1)), Created(object(1, 3)), Created(object(2, 3))];
        assert_eq!(of(Command::Invoke, 2)[..3], named, "its parameters may name anything");
        assert_eq!(of(Command::Discard, 1), []);
        assert_eq!(of(Command::Update, 77), [Own(object(77, 1))]);
    }
    #[test]
    fn an_update_leaves_what_it_no_longer_refers_to() {
        let refers = |to| format!(r#"{{"name":"{0}","parent_id":"{0}"}}"#, Uuid::from_u128(to));
        let of = |base: &str, data: &str| left(&metadata(), 1, base.as_bytes(), data.as_bytes());
        assert_eq!(of(&refers(3), &refers(4)), [object(1, 3)]);
        assert_eq!(of(&refers(3), r#"{"parent_id":null}"#), [object(1, 3)]);
        assert_eq!(of(&refers(3), "{"), [object(1, 3)], "nobody knows what it sets");
        assert_eq!(of(&refers(3), &refers(3)), []);
        assert_eq!(of(r#"{"parent_id":null}"#, &refers(4)), []);
    }
}
