//! Filters, on a small sample: contacts of accounts, with owners.

mod bad;
mod good;
mod hostile;
mod properties;

use jiff::Timestamp;
use sojourn_metadata::model::OnDelete;
use sojourn_metadata::{Attribute, DataType, Entity, Metadata, Relationship};
use uuid::Uuid;

use super::{Compiled, Context, Filter, FilterError};
use crate::entities::Published;

const TEXT: (DataType, &str) = (DataType::Text, "text");
const UUID: (DataType, &str) = (DataType::Uuid, "uuid");

fn entity(name: &str, attributes: &[(&str, (DataType, &str))], links: &[(&str, &str)]) -> Entity {
    let attribute = |(number, (name, (data_type, sql_type))): (u32, &(&str, (DataType, &str)))| Attribute {
        id: number,
        name: (*name).to_owned(),
        data_type: *data_type,
        sql_type: (*sql_type).to_owned(),
        required: false,
        has_default: false,
        generated: false,
        max_length: None,
        enum_values: if *name == "mood" { vec!["Good".into(), "so 'so'".into()] } else { Vec::new() },
    };
    let relationship = |(attribute, target): &(&str, &str)| Relationship {
        attribute: (*attribute).to_owned(),
        target: (*target).to_owned(),
        on_delete: OnDelete::Restrict,
    };
    Entity {
        name: name.to_owned(),
        object_type_code: 1,
        schema: "crm".to_owned(),
        table: format!("{name}_table"),
        attributes: (1..).zip(attributes).map(attribute).collect(),
        relationships: links.iter().map(relationship).collect(),
        commands: vec![],
    }
}

fn metadata() -> Metadata {
    let contact = entity(
        "contact",
        &[
            ("id", UUID),
            ("name", TEXT),
            ("city", (DataType::Text, "character varying(80)")),
            ("code", (DataType::Text, "character(5)")),
            ("Size", (DataType::Int2, "smallint")),
            ("size", (DataType::Int2, "smallint")),
            ("Last \"Name\"", TEXT),
            ("age", (DataType::Int4, "integer")),
            ("points", (DataType::Int8, "bigint")),
            ("ratio", (DataType::Float4, "real")),
            ("score", (DataType::Float8, "double precision")),
            ("amount", (DataType::Numeric { precision: Some(14) }, "numeric(14,2)")),
            ("active", (DataType::Bool, "boolean")),
            ("born", (DataType::Date, "date")),
            ("seen", (DataType::Timestamp, "timestamp without time zone")),
            ("created_at", (DataType::TimestampTz, "timestamp with time zone")),
            ("date", (DataType::Date, "date")),
            ("mood", (DataType::Other, "crm.mood")),
            ("tags", (DataType::Other, "text[]")),
            ("photo", (DataType::Bytea, "bytea")),
            ("extra", (DataType::Jsonb, "jsonb")),
            ("account_id", UUID),
            ("owner_id", UUID),
        ],
        &[("account_id", "account"), ("owner_id", "system_user")],
    );
    let account = entity(
        "account",
        &[
            ("id", UUID),
            ("name", TEXT),
            ("city", TEXT),
            ("founded", (DataType::Date, "date")),
            ("parent_account_id", UUID),
            ("owner_id", UUID),
        ],
        &[("parent_account_id", "account"), ("owner_id", "system_user")],
    );
    let user = entity(
        "system_user",
        &[("id", UUID), ("name", TEXT), ("active", (DataType::Bool, "boolean")), ("manager_id", UUID)],
        &[("manager_id", "system_user")],
    );
    Metadata { dataset: "crm".into(), acting_role: "u".into(), entities: vec![user, account, contact] }
}

fn parse(text: &str) -> Result<Filter, FilterError> {
    Filter::parse(text, "contact", &metadata())
}

#[track_caller]
fn good(text: &str) -> Filter {
    parse(text).unwrap_or_else(|error| panic!("{error}\n{}", error.pointed_at(text)))
}

fn compiled(filter: &Filter) -> Compiled {
    let published = Published::new(1, metadata()).expect("good names");
    let now: Timestamp = "2026-02-28T12:00:00.5Z".parse().expect("a time");
    let context = Context { first_param: 3, now, user_id: Uuid::from_u128(7) };
    filter.compile(&published, &published.entities[2], &context).expect("it has everything")
}
