//! The generated DDL against its golden file. That SQLite takes it, and what it does, the agent's tests show.

use std::path::PathBuf;

use super::plan;
use crate::model::{Attribute, DataType, Entity, EntityCommand, Metadata, OnDelete, Relationship};

fn attribute(id: u32, name: &str, data_type: DataType) -> Attribute {
    Attribute {
        id,
        name: name.into(),
        data_type,
        sql_type: String::new(),
        required: false,
        has_default: false,
        generated: false,
        max_length: None,
        enum_values: vec![],
    }
}

/// One attribute of each storage, each rule once, and a name with quotes.
fn sample() -> Metadata {
    let contact = Entity {
        name: "contact".into(),
        object_type_code: 2,
        schema: "crm".into(),
        table: "contact".into(),
        attributes: vec![
            attribute(1, "id", DataType::Uuid),
            Attribute { required: true, max_length: Some(80), ..attribute(2, "last_name", DataType::Text) },
            Attribute { enum_values: vec!["any".into(), "it's".into()], ..attribute(3, "channel", DataType::Other) },
            Attribute { required: true, has_default: true, ..attribute(4, "state_code", DataType::Int2) },
            attribute(5, "may_be_emailed", DataType::Bool),
            attribute(6, "score", DataType::Float8),
            attribute(7, "budget", DataType::Numeric { precision: Some(14) }),
            attribute(8, "photo", DataType::Bytea),
            attribute(9, "said \"it's\"", DataType::TimestampTz),
            Attribute { generated: true, ..attribute(10, "search", DataType::Text) },
            attribute(11, "account_id", DataType::Uuid),
        ],
        commands: vec![EntityCommand { name: "delete".into(), online_only: true }],
        relationships: vec![Relationship {
            attribute: "account_id".into(),
            target: "account".into(),
            on_delete: OnDelete::SetNull,
        }],
    };
    Metadata { dataset: "crm".into(), acting_role: "sojourn_user".into(), entities: vec![contact] }
}

/// To accept a new text, run the tests with `SOJOURN_BLESS=1`.
#[test]
fn golden_file() {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/sqlite-contact.sql");
    let written: String = plan(&sample()).iter().map(|statement| format!("{statement};\n\n")).collect();
    if option_env!("SOJOURN_BLESS").is_some() {
        std::fs::write(&file, &written).expect("the golden folder can be written");
    }
    let golden = std::fs::read_to_string(&file).expect("the golden file is there");
    assert_eq!(written, golden, "the generated SQL is not what {} says", file.display());
}
