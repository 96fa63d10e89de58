//! Sample metadata, and a device that has them.

use rusqlite::Connection;
use sojourn_metadata::model::OnDelete;
use sojourn_metadata::{Attribute, DataType, Entity, Metadata, Relationship};
use tempfile::TempDir;
use uuid::Uuid;

use crate::store::{Device, QueueEntry, Store};

/// A device in a folder of its own.
pub(crate) struct Sample {
    pub(crate) store: Store,
    _folder: TempDir,
}

impl Sample {
    pub(crate) fn new() -> Self {
        Self::with(&metadata())
    }

    pub(crate) fn with(metadata: &Metadata) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut store = Store::create(&folder.path().join("sojourn.db"), &device()).expect("a new database");
        store.adopt_metadata(1, metadata).expect("tables");
        Self { store, _folder: folder }
    }

    /// A connection as any other program opens it.
    pub(crate) fn foreign(&self) -> Connection {
        Connection::open(self.store.path()).expect("a connection")
    }
}

pub(crate) fn device() -> Device {
    Device {
        agent: "laptop".parse().expect("a token"),
        subscription: "sub1".parse().expect("a token"),
        user_id: Uuid::from_u128(7),
        server: "nats://127.0.0.1:4222".into(),
    }
}

pub(crate) fn attribute(id: u32, name: &str, data_type: DataType) -> Attribute {
    Attribute {
        id,
        name: name.into(),
        data_type,
        sql_type: "text".into(),
        required: false,
        has_default: false,
        generated: false,
        max_length: None,
        enum_values: vec![],
    }
}

pub(crate) fn entity(code: i32, name: &str, attributes: Vec<Attribute>) -> Entity {
    let key = Attribute { required: true, has_default: true, ..attribute(1, "id", DataType::Uuid) };
    Entity {
        name: name.into(),
        object_type_code: code,
        schema: "public".into(),
        table: name.into(),
        attributes: std::iter::once(key).chain(attributes).collect(),
        relationships: vec![],
        commands: vec![],
    }
}

/// Accounts and what an entity may have at all.
pub(crate) fn metadata() -> Metadata {
    let account = Entity {
        commands: vec![],
        relationships: vec![Relationship {
            attribute: "parent_id".into(),
            target: "account".into(),
            on_delete: OnDelete::SetNull,
        }],
        ..entity(1, "account", account_attributes())
    };
    Metadata {
        dataset: "crm".into(),
        acting_role: "sojourn_user".into(),
        entities: vec![account, entity(2, "everything", everything())],
    }
}

fn account_attributes() -> Vec<Attribute> {
    vec![
        Attribute { required: true, max_length: Some(20), ..attribute(2, "name", DataType::Text) },
        Attribute { enum_values: vec!["retail".into(), "it's".into()], ..attribute(3, "industry", DataType::Other) },
        Attribute { required: true, has_default: true, ..attribute(4, "state_code", DataType::Int2) },
        attribute(5, "revenue", DataType::Numeric { precision: Some(14) }),
        attribute(6, "logo", DataType::Bytea),
        Attribute { generated: true, ..attribute(7, "search", DataType::Text) },
        attribute(8, "parent_id", DataType::Uuid),
    ]
}

fn everything() -> Vec<Attribute> {
    vec![
        attribute(2, "a_uuid", DataType::Uuid),
        attribute(3, "a_bool", DataType::Bool),
        attribute(4, "an_int2", DataType::Int2),
        attribute(5, "an_int4", DataType::Int4),
        attribute(6, "an_int8", DataType::Int8),
        attribute(7, "a_float4", DataType::Float4),
        attribute(8, "a_float8", DataType::Float8),
        attribute(9, "a_short", DataType::Numeric { precision: Some(15) }),
        attribute(10, "a_long", DataType::Numeric { precision: None }),
        attribute(11, "a_text", DataType::Text),
        attribute(12, "a_date", DataType::Date),
        attribute(13, "a_timestamp", DataType::Timestamp),
        attribute(14, "a_timestamptz", DataType::TimestampTz),
        attribute(15, "a_bytea", DataType::Bytea),
        attribute(16, "a_json", DataType::Json),
        attribute(17, "a_jsonb", DataType::Jsonb),
        attribute(18, "an_array", DataType::Other),
    ]
}

impl Sample {
    /// The queue, an entry a line: `command object data <- base`; the object by its last digit, markers alone.
    pub(crate) fn queue(&self) -> Vec<String> {
        let entries = self.store.queue_entries(10_000).expect("a queue");
        entries.iter().map(line).collect()
    }
}

fn line(entry: &QueueEntry) -> String {
    let mut line = format!("{:?}", entry.command).to_lowercase();
    if let Some(id) = &entry.object_id {
        line += &format!(" {}", &id[id.len() - 1..]);
    }
    if let Some(data) = &entry.data {
        line += &format!(" {data}");
    }
    if let Some(base) = &entry.base {
        line += &format!(" <- {base}");
    }
    line
}

/// The object id whose last digit this is, as it stands in SQL.
pub(crate) fn id(digit: u128) -> String {
    format!("'{}'", Uuid::from_u128(digit))
}
