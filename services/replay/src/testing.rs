//! Small values for the tests of this crate.

use std::collections::BTreeMap;

use sojourn_metadata::{Attribute, DataType, Entity, Metadata};
use sojourn_platform::entities::Published;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, OperationChunk};
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::validate::{Proposal, Write, captured_at, entity_of, validate};

/// The object type code of the only entity.
pub(crate) const CONTACT: i32 = 2;

pub(crate) fn create(sequence: u64) -> Operation {
    Operation {
        sequence,
        command: Command::Create,
        object_type_code: CONTACT,
        object_id: Uuid::from_u128(u128::from(sequence)),
        data: BTreeMap::new(),
        base: BTreeMap::new(),
        group: None,
        captured_at: "2026-11-22T10:00:00.000Z".into(),
        name: None,
        settles: None,
        seen: None,
        create_anyway: false,
        overtaken: false,
    }
}

pub(crate) fn chunk(first: u64, operations: Vec<Operation>) -> OperationChunk {
    OperationChunk { chunk: Uuid::nil(), first, metadata_version: 1, operations, since: None, dry_run: false }
}

pub(crate) fn operation(command: Command, data: &[(&str, FieldValue)]) -> Operation {
    let data = data.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Operation { command, data, ..create(1) }
}

/// The write that an operation proposes, checked.
pub(crate) fn checked<'a>(metadata: &'a Published, operation: &Operation) -> Result<Write<'a>, Refusal> {
    captured_at(operation)?;
    let table = entity_of(metadata, operation.object_type_code)?;
    let command = operation.command.on_row().expect("a write of a row");
    validate(table, &Proposal { command, object_id: operation.object_id, data: &operation.data })
}

pub(crate) fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.into())
}

pub(crate) fn number(number: impl Into<serde_json::Number>) -> FieldValue {
    FieldValue::Number(number.into())
}

pub(crate) fn fraction(number: f64) -> FieldValue {
    FieldValue::Number(serde_json::Number::from_f64(number).expect("finite"))
}

fn attribute(id: u32, name: &str, sql_type: &str, data_type: DataType) -> Attribute {
    Attribute {
        id,
        name: name.into(),
        data_type,
        sql_type: sql_type.into(),
        required: false,
        has_default: false,
        generated: false,
        max_length: None,
        enum_values: vec![],
    }
}

/// One entity with an attribute of every kind.
pub(crate) fn metadata() -> Published {
    use DataType as T;
    let kinds = [
        ("id", "uuid", T::Uuid),
        ("last_name", "character varying(10)", T::Text),
        ("code", "character(3)", T::Text),
        ("notes", "text", T::Text),
        ("score", "integer", T::Int4),
        ("visits", "bigint", T::Int8),
        ("limit", "numeric(14,2)", T::Numeric { precision: Some(14) }),
        ("weight", "double precision", T::Float8),
        ("is_vip", "boolean", T::Bool),
        ("born", "date", T::Date),
        ("seen_at", "timestamp(3) with time zone", T::TimestampTz),
        ("photo", "bytea", T::Bytea),
        ("extra", "jsonb", T::Jsonb),
        ("tags", "character(4)[]", T::Other),
        ("mood", "crm.\"Mood\"", T::Other),
        ("flags", "bit(3)", T::Other),
        ("number", "text", T::Text),
        ("full_name", "text", T::Text),
        ("owner_id", "uuid", T::Uuid),
    ];
    let mut attributes: Vec<Attribute> =
        (1..).zip(kinds).map(|(id, (name, sql_type, kind))| attribute(id, name, sql_type, kind)).collect();
    for attribute in &mut attributes {
        match attribute.name.as_str() {
            "id" => (attribute.required, attribute.has_default) = (true, true),
            "last_name" => (attribute.required, attribute.max_length) = (true, Some(10)),
            "code" => attribute.max_length = Some(3),
            "number" => (attribute.required, attribute.has_default) = (true, true),
            "mood" => attribute.enum_values = vec!["glad".into(), "sad".into()],
            "full_name" => attribute.generated = true,
            _ => {}
        }
    }
    let entity = Entity {
        name: "contact".into(),
        object_type_code: CONTACT,
        schema: "crm".into(),
        table: "contact".into(),
        attributes,
        relationships: vec![],
        commands: vec![],
    };
    let account = Entity {
        name: "account".into(),
        object_type_code: 1,
        schema: "crm".into(),
        table: "account".into(),
        attributes: vec![attribute(1, "id", "uuid", DataType::Uuid)],
        relationships: vec![],
        commands: vec![],
    };
    let entities = vec![account, entity];
    Published::new(1, Metadata { dataset: "crm".into(), acting_role: "sojourn_user".into(), entities })
        .expect("good names")
}
