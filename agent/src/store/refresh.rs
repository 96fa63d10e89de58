//! Rows that the server must send again.

use rusqlite::Connection;
use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::error::Fault;
use super::{Store, StoreError};

impl Store {
    /// Up to `limit` rows that the next prepare must ask for again.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn refresh_list(&self, limit: usize) -> Result<Vec<ObjectRef>, StoreError> {
        self.read("reading what must be sent again", |connection| {
            let sql = "SELECT object_type_code, object_id FROM sojourn_refresh LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
                Ok((row.get(0)?, row.get::<_, String>(1)?))
            })?;
            rows.map(|row| {
                let (object_type_code, id) = row?;
                let object_id = id.parse().map_err(|error| Fault::damaged("sojourn_refresh", error))?;
                Ok(ObjectRef { object_type_code, object_id })
            })
            .collect()
        })
    }

    /// Notes rows that the next prepare must ask for again.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn refresh_add(&mut self, objects: &[ObjectRef]) -> Result<(), StoreError> {
        self.write("noting what must be sent again", |transaction| {
            for object in objects {
                add(transaction, object.object_type_code, &object.object_id.to_string())?;
            }
            Ok(())
        })
    }

    /// Forgets rows that a prepare has asked for.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn refresh_clear(&mut self, objects: &[ObjectRef]) -> Result<(), StoreError> {
        self.write("noting what was asked for again", |transaction| {
            let sql = "DELETE FROM sojourn_refresh WHERE object_type_code = ?1 AND object_id = ?2";
            let mut statement = transaction.prepare_cached(sql)?;
            for object in objects {
                statement.execute(rusqlite::params![object.object_type_code, object.object_id.to_string()])?;
            }
            Ok(())
        })
    }
}

/// Notes that the server must send a row again. It knows none whose id is no uuid: such a row came around the triggers.
pub(super) fn add(connection: &Connection, object_type_code: i32, object_id: &str) -> rusqlite::Result<()> {
    if Uuid::try_parse(object_id).is_err() {
        return Ok(());
    }
    let sql = "INSERT OR IGNORE INTO sojourn_refresh (object_type_code, object_id) VALUES (?1, ?2)";
    connection.prepare_cached(sql)?.execute(rusqlite::params![object_type_code, object_id])?;
    Ok(())
}
