//! One row of an entity's table, read and written by its id. The agent's connection has no triggers: nothing of this is
//! captured.

use std::collections::BTreeMap;

use rusqlite::types::Value as Sqlite;
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};
use sojourn_metadata::sqlite::Ident;
use sojourn_metadata::{Entity, Metadata};

use super::chain::{RowChange, Source};
use super::outline::Object;
use crate::store::attachment;
use crate::store::error::Fault;
use crate::store::image::{Values, keep, restore};

/// Its values as the queue keeps them, the id among them; none when it is not there.
pub(super) fn read(connection: &Connection, entity: &Entity, id: &str) -> Result<Option<Values>, Fault> {
    let columns: Vec<String> = entity.attributes.iter().map(|attribute| Ident(&attribute.name).to_string()).collect();
    let sql =
        format!("SELECT {} FROM {} WHERE {} = ?1", columns.join(", "), Ident(&entity.name), Ident(&entity.key().name));
    let row = connection.prepare_cached(&sql)?.query_row([id], |row| {
        let values = entity.attributes.iter().enumerate();
        values.map(|(column, attribute)| Ok((attribute.name.clone(), keep(row.get_ref(column)?)))).collect()
    });
    Ok(row.optional()?)
}

/// The bytes of one of its attributes.
pub(super) fn bytes(connection: &Connection, entity: &Entity, id: &str, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let key = Ident(&entity.key().name);
    let sql = format!("SELECT CAST({} AS BLOB) FROM {} WHERE {key} = ?1", Ident(name), Ident(&entity.name));
    let found = connection.prepare_cached(&sql)?.query_row([id], |row| row.get::<_, Option<Vec<u8>>>(0)).optional()?;
    Ok(found.flatten())
}

/// Changes the row. Bytes that it loses are kept for the entry that set them.
pub(super) fn change(connection: &Connection, entity: &Entity, id: &str, change: &RowChange) -> Result<(), Fault> {
    attachment::keep(connection, entity, id)?;
    match change {
        RowChange::Set(values) => set(connection, entity, id, &columns(connection, entity, values)?),
        RowChange::Put(values) => {
            let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
            let sql = format!("INSERT INTO {table} ({key}) VALUES (?1) ON CONFLICT ({key}) DO NOTHING");
            connection.prepare_cached(&sql)?.execute([id])?;
            set(connection, entity, id, &columns(connection, entity, values)?)
        }
        RowChange::Gone => {
            let sql = format!("DELETE FROM {} WHERE {} = ?1", Ident(&entity.name), Ident(&entity.key().name));
            connection.prepare_cached(&sql)?.execute([id])?;
            Ok(())
        }
    }
}

/// Lets every reference to an object point to another one of its entity.
pub(super) fn repoint(connection: &Connection, metadata: &Metadata, from: &Object, to: &str) -> Result<(), Fault> {
    let target = metadata.entity_of(from.0).map(|entity| entity.name.as_str());
    for entity in &metadata.entities {
        for relationship in entity.relationships.iter().filter(|r| Some(r.target.as_str()) == target) {
            let (table, column) = (Ident(&entity.name), Ident(&relationship.attribute));
            let sql = format!("UPDATE {table} SET {column} = ?2 WHERE {column} = ?1");
            connection.prepare_cached(&sql)?.execute([from.1.as_str(), to])?;
        }
    }
    Ok(())
}

/// What is written into the columns; a value that nobody knows any more is left out.
fn columns<'a>(
    connection: &Connection,
    entity: &Entity,
    values: &'a BTreeMap<String, Source>,
) -> Result<Vec<(&'a str, Sqlite)>, Fault> {
    let mut columns = Vec::new();
    for (name, source) in values {
        let Some(attribute) = entity.attribute(name) else { continue };
        let value = match source {
            Source::Value(value) => restore(attribute, value),
            Source::BytesOf(row_number) => kept_bytes(connection, *row_number, name)?.map(Sqlite::Blob),
        };
        columns.extend(value.map(|value| (name.as_str(), value)));
    }
    Ok(columns)
}

fn kept_bytes(connection: &Connection, row_number: i64, attribute: &str) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "SELECT bytes FROM sojourn_blob WHERE row_number = ?1 AND attribute = ?2";
    Ok(connection.prepare_cached(sql)?.query_row((row_number, attribute), |row| row.get(0)).optional()?)
}

fn set(connection: &Connection, entity: &Entity, id: &str, columns: &[(&str, Sqlite)]) -> Result<(), Fault> {
    if columns.is_empty() {
        return Ok(());
    }
    let pairs: Vec<String> =
        columns.iter().zip(2..).map(|((name, _), index)| format!("{} = ?{index}", Ident(name))).collect();
    let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
    let sql = format!("UPDATE {table} SET {} WHERE {key} = ?1", pairs.join(", "));
    let values = columns.iter().map(|(_, value)| value as &dyn ToSql);
    let values: Vec<&dyn ToSql> = std::iter::once(&id as &dyn ToSql).chain(values).collect();
    connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}
