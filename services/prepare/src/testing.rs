//! A small world for unit tests: contacts of accounts, lines of contacts, all of them shared by name.

use sojourn_metadata::model::OnDelete;
use sojourn_metadata::rules::{EntityRules, FunctionName, Rules, Through};
use sojourn_metadata::{Attribute, DataType, Entity, Metadata, Relationship};
use sojourn_platform::entities::Published;

/// Object type codes.
pub(crate) const ACCOUNT: i32 = 1;
pub(crate) const CONTACT: i32 = 2;
pub(crate) const LINE: i32 = 3;

fn attribute(id: u32, name: &str, data_type: DataType, sql_type: &str) -> Attribute {
    Attribute {
        id,
        name: name.into(),
        data_type,
        sql_type: sql_type.into(),
        required: id == 1,
        has_default: id == 1,
        generated: false,
        max_length: None,
        enum_values: vec![],
    }
}

fn entity(name: &str, object_type_code: i32, refers: Option<(&str, &str)>) -> Entity {
    let mut attributes = vec![
        attribute(1, "id", DataType::Uuid, "uuid"),
        attribute(2, "city", DataType::Text, "text"),
        attribute(3, "due", DataType::Date, "date"),
        attribute(4, "seen", DataType::TimestampTz, "timestamp with time zone"),
    ];
    let mut relationships = Vec::new();
    if let Some((name, target)) = refers {
        attributes.push(attribute(5, name, DataType::Uuid, "uuid"));
        let (attribute, target) = (name.to_owned(), target.to_owned());
        relationships.push(Relationship { attribute, target, on_delete: OnDelete::Restrict });
    }
    let (schema, table) = ("crm".into(), name.into());
    Entity { name: name.into(), object_type_code, schema, table, attributes, relationships, commands: vec![] }
}

/// The metadata.
pub(crate) fn published() -> Published {
    let entities = vec![
        entity("account", ACCOUNT, None),
        entity("contact", CONTACT, Some(("account_id", "account"))),
        entity("line", LINE, Some(("contact_id", "contact"))),
    ];
    let metadata = Metadata { dataset: "crm".into(), acting_role: "sojourn_user".into(), entities };
    Published::new(1, metadata).expect("good names")
}

/// The rules: rows of accounts in stream 10, of contacts in 20, of lines in 30; shares of contacts in 21; security
/// tables in 90. Lines are seen through their contact.
pub(crate) fn rules() -> Rules {
    let access = FunctionName::try_from("crm.access".to_owned()).expect("a name");
    let entity = |object_type_code, stream, named, whole: Vec<i32>, through| EntityRules {
        object_type_code,
        stream,
        named,
        through,
        access_context: (!whole.is_empty()).then(|| access.clone()),
        whole,
        always_full: None,
        users_define: true,
        groups: vec![],
    };
    let through = Through { attribute: "contact_id".into(), target: CONTACT };
    Rules {
        entities: vec![
            entity(ACCOUNT, 10, vec![], vec![90], vec![]),
            entity(CONTACT, 20, vec![21], vec![90], vec![]),
            entity(LINE, 30, vec![], vec![], vec![through]),
        ],
        users_define: true,
        ..Rules::default()
    }
}
