//! Values as the queue and the images keep them, and the server's image beneath unsettled work.

use rusqlite::types::{Value as Sqlite, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sojourn_metadata::Attribute;
use sojourn_metadata::sqlite::Storage;
use sojourn_wire::message::operation::FieldValue;

use super::error::Fault;
use super::{Store, StoreError};

/// Values by attribute, as the queue keeps them.
pub(super) type Values = Map<String, Value>;

/// What the server holds beneath unsettled work on an object (`sojourn_image`).
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Image {
    /// The server has deleted the row, or hides it.
    Gone,
    /// The server's values that unsettled work hides; the binary ones are left out.
    Hidden(Values),
}

impl Store {
    /// The server's values that unsettled work on a row hides; the binary ones are left out. Nothing when none are hidden, or
    /// the server has no such row any more.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn server_values(
        &self,
        object_type_code: i32,
        object_id: &str,
    ) -> Result<Option<Map<String, Value>>, StoreError> {
        self.read("reading the server's values", |connection| {
            Ok(match read(connection, object_type_code, object_id)? {
                Some(Image::Hidden(values)) => Some(values),
                Some(Image::Gone) | None => None,
            })
        })
    }
}

/// A value of the queue or of an image, as the attribute's column holds it. Nothing for `{"blob":true}`, whose bytes are
/// elsewhere, and for what is no single value.
pub(super) fn restore(attribute: &Attribute, json: &Value) -> Option<Sqlite> {
    let storage = Storage::of(attribute.data_type);
    let value = match json {
        Value::Bool(flag) => FieldValue::Number(i64::from(*flag).into()),
        other => FieldValue::deserialize(other).ok()?,
    };
    Some(match value {
        FieldValue::Null => Sqlite::Null,
        FieldValue::Bytes(bytes) => Sqlite::Blob(bytes),
        FieldValue::Text(text) => Sqlite::Text(text),
        FieldValue::Number(number) if storage == Storage::Text => Sqlite::Text(number.to_string()),
        FieldValue::Number(number) => match number.as_i64() {
            Some(whole) => Sqlite::Integer(whole),
            None => Sqlite::Real(number.as_f64()?),
        },
        FieldValue::Attachment { .. } => return None,
    })
}

/// A value of an entity's table, as the queue keeps it: the same as the triggers write.
pub(super) fn keep(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        ValueRef::Real(number) if number.is_infinite() => {
            Value::from(if number > 0.0 { "Infinity" } else { "-Infinity" })
        }
        ValueRef::Real(number) => Value::from(number),
        ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
        ValueRef::Blob(_) => blob(),
    }
}

/// What stands for bytes.
pub(super) fn blob() -> Value {
    json!({ "blob": true })
}

/// Whether it stands for bytes.
pub(super) fn is_blob(value: &Value) -> bool {
    value.get("blob").is_some()
}

/// The object's image; none while nothing is hidden.
pub(super) fn read(connection: &Connection, object_type_code: i32, object_id: &str) -> Result<Option<Image>, Fault> {
    let sql = "SELECT image FROM sojourn_image WHERE object_type_code = ?1 AND object_id = ?2";
    let stored: Option<Option<String>> =
        connection.prepare_cached(sql)?.query_row(params![object_type_code, object_id], |row| row.get(0)).optional()?;
    let Some(stored) = stored else { return Ok(None) };
    let Some(text) = stored else { return Ok(Some(Image::Gone)) };
    let values = serde_json::from_str(&text).map_err(|error| Fault::damaged("sojourn_image", error))?;
    Ok(Some(Image::Hidden(values)))
}

/// Stores the object's image; none takes it away.
pub(super) fn write(
    connection: &Connection,
    object_type_code: i32,
    object_id: &str,
    image: Option<&Image>,
) -> Result<(), Fault> {
    let text = match image {
        None => {
            let sql = "DELETE FROM sojourn_image WHERE object_type_code = ?1 AND object_id = ?2";
            connection.prepare_cached(sql)?.execute(params![object_type_code, object_id])?;
            return Ok(());
        }
        Some(Image::Gone) => None,
        Some(Image::Hidden(values)) => {
            Some(serde_json::to_string(values).map_err(|error| Fault::damaged("sojourn_image", error))?)
        }
    };
    let sql = "INSERT OR REPLACE INTO sojourn_image (object_type_code, object_id, image) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(sql)?.execute(params![object_type_code, object_id, text])?;
    Ok(())
}
