//! From a queue entry to the operation that is sent.

use std::collections::BTreeMap;
use std::io;

use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::Value;
use sojourn_metadata::sqlite::Storage;
use sojourn_metadata::{DataType, Entity};
use sojourn_wire::message::operation::{Command, FieldValue, Operation};
use uuid::Uuid;

use super::Adopted;
use super::error::Fault;
use super::queue::EntryCommand;

/// Columns that [`Entry::read`] expects, in this order.
pub(super) const ENTRY_COLUMNS: &str =
    "row_number, sequence, command_id, object_type_code, object_id, action_date, data, base, parent_id";

/// A row of the queue as it is stored; any program may have written it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) row_number: i64,
    pub(super) sequence: Option<i64>,
    pub(super) command: Option<EntryCommand>,
    object_type_code: Option<i32>,
    object_id: Vec<u8>,
    action_date: Vec<u8>,
    data: Vec<u8>,
    base: Vec<u8>,
    pub(super) group: Option<i64>,
}

/// Why an entry can never be sent, in words for the user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsendable(pub(super) String);

impl Entry {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = |column| {
            let value = row.get_ref(column)?;
            Ok::<_, rusqlite::Error>(value.as_bytes_or_null()?.unwrap_or_default().to_vec())
        };
        Ok(Self {
            row_number: row.get(0)?,
            sequence: row.get(1)?,
            command: EntryCommand::from_number(row.get(2)?),
            object_type_code: row.get(3)?,
            object_id: bytes(4)?,
            action_date: bytes(5)?,
            data: bytes(6)?,
            base: bytes(7)?,
            group: row.get(8)?,
        })
    }

    /// Bytes of the values it sets, as stored. What they were before can be left out.
    pub(super) fn stored_bytes(&self) -> u64 {
        self.data.len() as u64
    }

    /// The operation, with its binary values; the inner error says that it can never be sent.
    ///
    /// Values longer than `most_bytes` in all are refused before they are read; what they were before is left out
    /// when there is no room for it.
    pub(super) fn operation(
        &self,
        connection: &Connection,
        adopted: &Adopted,
        most_bytes: u64,
    ) -> Result<Result<Operation, Unsendable>, Fault> {
        let parsed = match self.parse(adopted) {
            Ok(parsed) => parsed,
            Err(unsendable) => return Ok(Err(unsendable)),
        };
        let (entity, mut operation) = parsed;
        let mut bytes = self.stored_bytes();
        let blobs = entity.attributes.iter().filter(|attribute| attribute.data_type == DataType::Bytea);
        for attribute in blobs {
            let Some(value @ FieldValue::Bytes(_)) = operation.data.get_mut(&attribute.name) else { continue };
            bytes +=
                self.blob::<i64>(connection, "length(bytes)", &attribute.name)?.unwrap_or(0).unsigned_abs() / 3 * 4;
            if bytes > most_bytes {
                return Ok(Err(too_large(bytes, most_bytes)));
            }
            match self.blob(connection, "bytes", &attribute.name)? {
                Some(kept) => *value = FieldValue::Bytes(kept),
                None => return Ok(Err(unsendable(&format!("the bytes of {} are gone", attribute.name)))),
            }
        }
        if bytes + self.base.len() as u64 > most_bytes {
            operation.base.clear();
        }
        Ok(Ok(operation))
    }

    /// What was kept of a binary value when it was captured.
    fn blob<T: rusqlite::types::FromSql>(
        &self,
        connection: &Connection,
        expression: &'static str,
        attribute: &str,
    ) -> rusqlite::Result<Option<T>> {
        let sql = format!("SELECT {expression} FROM sojourn_blob WHERE row_number = ?1 AND attribute = ?2");
        connection.prepare_cached(&sql)?.query_row((self.row_number, attribute), |row| row.get(0)).optional()
    }

    fn parse<'a>(&self, adopted: &'a Adopted) -> Result<(&'a Entity, Operation), Unsendable> {
        let command = match self.command {
            Some(EntryCommand::Create) => Command::Create,
            Some(EntryCommand::Update) => Command::Update,
            Some(EntryCommand::Delete) => Command::Delete,
            _ => return Err(unsendable("its command is unknown to this program")),
        };
        let entity = self.object_type_code.and_then(|code| adopted.metadata.entity_of(code));
        let entity = entity.ok_or_else(|| unsendable("its entity is not on this device"))?;
        let id = str::from_utf8(&self.object_id).ok().and_then(|id| Uuid::parse_str(id).ok());
        let operation = Operation {
            sequence: self.sequence.unwrap_or_default().unsigned_abs(),
            command,
            object_type_code: entity.object_type_code,
            object_id: id.ok_or_else(|| unsendable("its object id is no uuid"))?,
            data: fields(entity, &self.data)?,
            base: match command {
                // Nobody merges a delete: what it took away would only make it too large to send.
                Command::Delete => BTreeMap::new(),
                _ => fields(entity, &self.base)?.into_iter().filter(|(_, value)| !is_blob(value)).collect(),
            },
            group: self.group.map(i64::unsigned_abs),
            captured_at: String::from_utf8_lossy(&self.action_date).into_owned(),
        };
        Ok((entity, operation))
    }
}

/// An image's values by attribute; `{"blob":true}` becomes empty bytes.
fn fields(entity: &Entity, json: &[u8]) -> Result<BTreeMap<String, FieldValue>, Unsendable> {
    if json.is_empty() {
        return Ok(BTreeMap::new());
    }
    let unreadable = |error: serde_json::Error| unsendable(&format!("its values cannot be read ({error})"));
    let values: BTreeMap<String, Value> = serde_json::from_slice(json).map_err(unreadable)?;
    values.into_iter().map(|(name, value)| field(entity, &name, value).map(|field| (name, field))).collect()
}

fn field(entity: &Entity, name: &str, value: Value) -> Result<FieldValue, Unsendable> {
    let Some(attribute) = entity.attribute(name) else {
        return Err(unsendable(&format!("{} has no attribute {name:?}", entity.name)));
    };
    let is_double = matches!(Storage::of(attribute.data_type), Storage::Real | Storage::Numeric);
    Ok(match value {
        Value::Null => FieldValue::Null,
        Value::Number(number) if is_double && number.is_f64() => FieldValue::Text(number.to_string()),
        Value::Number(number) => FieldValue::Number(number),
        Value::String(text) => FieldValue::Text(text),
        Value::Object(_) => FieldValue::Bytes(Vec::new()),
        Value::Bool(_) | Value::Array(_) => {
            return Err(unsendable(&format!("{}.{name} holds {value}", entity.name)));
        }
    })
}

fn is_blob(value: &FieldValue) -> bool {
    matches!(value, FieldValue::Bytes(_))
}

fn unsendable(problem: &str) -> Unsendable {
    Unsendable(format!("{problem}; undo the change and enter it again"))
}

/// The words for what is beyond the hard ceiling.
pub(super) fn too_large(bytes: u64, most: u64) -> Unsendable {
    Unsendable(format!("it has {bytes} bytes, the limit is {most}; make the change in smaller steps"))
}

/// How many bytes an operation takes in its message.
pub(super) fn wire_bytes(operation: &Operation) -> u64 {
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
    let mut count = Count(1);
    match serde_json::to_writer(&mut count, operation) {
        Ok(()) => count.0,
        Err(_) => u64::MAX,
    }
}
