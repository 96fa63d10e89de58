//! From a queue entry to the operation that is sent.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};
use serde_json::Value;
use sojourn_metadata::sqlite::Storage;
use sojourn_metadata::{Attribute, DataType, Entity};
use sojourn_runtime::clock;
use sojourn_wire::message::attachment::{INLINE_BYTES, MAX_ATTACHMENT_BYTES};
use sojourn_wire::message::operation::{Command, FieldValue, Operation};
use uuid::Uuid;

use super::Adopted;
use super::attachment::Place;
use super::error::Fault;
use super::queue::EntryCommand;
use super::size::cut_base;

/// Columns that [`Entry::read`] expects.
pub(super) const ENTRY_COLUMNS: &str = "row_number, sequence, command_id, object_type_code, object_id, action_date, data, base, parent_id, \
     name, settles, seen, create_anyway, overtaken, given_up";

/// Room for what an operation says beside its values.
const FRAME: u64 = 512;

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
    name: Option<String>,
    settles: Option<i64>,
    seen: Option<u32>,
    create_anyway: bool,
    overtaken: bool,
    /// It is sent only to say that the user has discarded it.
    pub(super) given_up: bool,
}

/// Why an entry can never be sent, in words for the user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unsendable(pub(super) String);

impl Entry {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let bytes = |column: &str| {
            let value = row.get_ref(column)?;
            Ok::<_, rusqlite::Error>(value.as_bytes_or_null()?.unwrap_or_default().to_vec())
        };
        Ok(Self {
            row_number: row.get("row_number")?,
            sequence: row.get("sequence")?,
            command: EntryCommand::from_number(row.get("command_id")?),
            object_type_code: row.get("object_type_code")?,
            object_id: bytes("object_id")?,
            action_date: bytes("action_date")?,
            data: bytes("data")?,
            base: bytes("base")?,
            group: row.get("parent_id")?,
            name: row.get("name")?,
            settles: row.get("settles")?,
            seen: row.get("seen")?,
            create_anyway: row.get("create_anyway")?,
            overtaken: row.get("overtaken")?,
            given_up: row.get("given_up")?,
        })
    }

    /// The group with which it is sent: what is given up goes alone.
    pub(super) fn sent_with(&self) -> Option<i64> {
        self.group.filter(|_| !self.given_up)
    }

    /// Bytes of the values it sets, as stored. What they were before can be left out.
    pub(super) fn stored_bytes(&self) -> u64 {
        if self.given_up { 0 } else { self.data.len() as u64 }
    }

    /// The operation; the inner error says that it can never be sent.
    ///
    /// Of its binary values, those that are long or have no room within `most_bytes` go ahead as attachments, under ids
    /// that are new each time. Of what its values were before, the longest are left out when there is no room for all.
    pub(super) fn operation(
        &self,
        connection: &Connection,
        adopted: &Adopted,
        most_bytes: u64,
    ) -> Result<Result<Operation, Unsendable>, Fault> {
        if self.given_up {
            return Ok(self.discard());
        }
        let parsed = match self.parse(adopted) {
            Ok(parsed) => parsed,
            Err(unsendable) => return Ok(Err(unsendable)),
        };
        let (entity, mut operation) = parsed;
        let mut bytes = self.stored_bytes() + FRAME;
        let blobs = entity.attributes.iter().filter(|attribute| attribute.data_type == DataType::Bytea);
        for attribute in blobs {
            let Some(value @ FieldValue::Bytes(_)) = operation.data.get_mut(&attribute.name) else { continue };
            let room = most_bytes.saturating_sub(bytes);
            match self.binary(connection, entity, attribute, room)? {
                Ok(found) => *value = found,
                Err(unsendable) => return Ok(Err(unsendable)),
            }
            if let FieldValue::Bytes(inline) = value {
                bytes += as_base64(inline.len() as u64);
            }
        }
        cut_base(&mut operation.base, entity, most_bytes.saturating_sub(bytes));
        Ok(Ok(operation))
    }

    /// A binary value: its bytes when they are few and fit into `room`, or else what they are called when they go ahead.
    fn binary(
        &self,
        connection: &Connection,
        entity: &Entity,
        attribute: &Attribute,
        room: u64,
    ) -> Result<Result<FieldValue, Unsendable>, Fault> {
        let name = &attribute.name;
        let object_id = String::from_utf8_lossy(&self.object_id);
        let Some(place) = Place::of(connection, entity, self.row_number, &object_id, name)? else {
            return Ok(Err(unsendable(&format!("the bytes of {name} are gone"))));
        };
        let length = place.length(connection)?;
        let bytes = length as u64;
        Ok(match bytes {
            _ if bytes > MAX_ATTACHMENT_BYTES => Err(Unsendable(format!(
                "{name} has {bytes} bytes, the limit for one value is {MAX_ATTACHMENT_BYTES}; store something smaller"
            ))),
            _ if length > INLINE_BYTES || as_base64(bytes) > room => {
                Ok(FieldValue::Attachment { attachment: clock::fresh_id(), bytes })
            }
            _ => Ok(FieldValue::Bytes(place.read(connection, 0, length)?)),
        })
    }

    fn parse<'a>(&self, adopted: &'a Adopted) -> Result<(&'a Entity, Operation), Unsendable> {
        let command = match self.command {
            Some(EntryCommand::Create) => Command::Create,
            Some(EntryCommand::Update) => Command::Update,
            Some(EntryCommand::Delete) => Command::Delete,
            Some(EntryCommand::Invoke) => Command::Invoke,
            _ => return Err(unsendable("its command is unknown to this program")),
        };
        let entity = self.object_type_code.and_then(|code| adopted.metadata.entity_of(code));
        let entity = entity.ok_or_else(|| unsendable("its entity is not on this device"))?;
        let data = match command {
            Command::Invoke => parameters(&self.data)?,
            _ => fields(entity, &self.data)?,
        };
        let base = match command {
            // Nobody merges a delete: what it took away would only make it too large to send.
            Command::Delete | Command::Invoke => BTreeMap::new(),
            _ => fields(entity, &self.base)?.into_iter().filter(|(_, value)| !is_blob(value)).collect(),
        };
        let bare = self.bare(command, entity.object_type_code)?;
        Ok((entity, Operation { data, base, group: self.group.map(i64::unsigned_abs), ..bare }))
    }

    /// What tells the server that the user gives the entry up. Its entity need not be on this device any more.
    pub(super) fn discard(&self) -> Result<Operation, Unsendable> {
        let discard = self.bare(Command::Discard, self.object_type_code.unwrap_or_default())?;
        Ok(Operation { name: None, seen: None, create_anyway: false, overtaken: false, ..discard })
    }

    /// The operation without values and group.
    fn bare(&self, command: Command, object_type_code: i32) -> Result<Operation, Unsendable> {
        let id = str::from_utf8(&self.object_id).ok().and_then(|id| Uuid::parse_str(id).ok());
        Ok(Operation {
            sequence: self.sequence.unwrap_or_default().unsigned_abs(),
            command,
            object_type_code,
            object_id: id.ok_or_else(|| unsendable("its object id is no uuid"))?,
            data: BTreeMap::new(),
            base: BTreeMap::new(),
            group: None,
            captured_at: String::from_utf8_lossy(&self.action_date).into_owned(),
            name: self.name.clone(),
            settles: self.settles.map(i64::unsigned_abs),
            seen: self.seen,
            create_anyway: self.create_anyway,
            overtaken: self.overtaken,
        })
    }
}

/// A named command's parameters: single values, whatever they are called.
fn parameters(json: &[u8]) -> Result<BTreeMap<String, FieldValue>, Unsendable> {
    let unreadable = |error: serde_json::Error| unsendable(&format!("its parameters cannot be read ({error})"));
    let values: BTreeMap<String, Value> = serde_json::from_slice(json).map_err(unreadable)?;
    let parameter = |(name, value)| {
        let value = match value {
            Value::Null => FieldValue::Null,
            Value::Bool(flag) => FieldValue::Number(u8::from(flag).into()),
            Value::Number(number) => FieldValue::Number(number),
            Value::String(text) => FieldValue::Text(text),
            Value::Array(_) | Value::Object(_) => {
                return Err(unsendable(&format!("its parameter {name} is no single value")));
            }
        };
        Ok((name, value))
    };
    values.into_iter().map(parameter).collect()
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

/// How many characters so many bytes take in a message.
fn as_base64(bytes: u64) -> u64 {
    bytes.div_ceil(3) * 4
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

/// The words for binary values that are beyond what one chunk sends ahead.
pub(super) fn too_much_ahead(bytes: u64, most: u64) -> Unsendable {
    Unsendable(format!(
        "its long binary values have {bytes} bytes in all, the limit is {most}; make the change in smaller steps"
    ))
}
