//! The model: one metadata version, as it is stored, published and compared.

use serde::{Deserialize, Serialize};

/// The object id's attribute is the first of every entity.
pub const OBJECT_ID: usize = 0;

/// One published state of a dataset's metadata. Entities stand in load order: what they refer to comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The configured set of entities.
    pub dataset: String,
    /// The role that users' statements run as.
    pub acting_role: String,
    /// The entities, in load order (`order`).
    pub entities: Vec<Entity>,
}

/// A table that goes offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entity {
    /// Its name: the device's table has it too.
    pub name: String,
    /// Its object type code, stable over its life.
    pub object_type_code: i32,
    /// The schema of its table in Postgres.
    pub schema: String,
    /// Its table in Postgres.
    pub table: String,
    /// Its attributes; the first is the object id.
    pub attributes: Vec<Attribute>,
    /// Where its attributes refer to.
    pub relationships: Vec<Relationship>,
    /// Its commands beyond create, update and delete, and those of the three that need the server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<EntityCommand>,
}

/// A command of an entity, as a device knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityCommand {
    /// Its name; `create`, `update` or `delete` for one that needs the server.
    pub name: String,
    /// It cannot be done offline.
    pub online_only: bool,
}

/// A column that goes offline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its number within the entity, stable over its life: the column's attnum in Postgres.
    pub id: u32,
    /// Its name: the device's column has it too.
    pub name: String,
    /// What it holds, on the wire and on the device.
    pub data_type: DataType,
    /// Its type as Postgres spells it, for casts back.
    pub sql_type: String,
    /// It must have a value.
    pub required: bool,
    /// The server gives it a value where the writer gives none.
    pub has_default: bool,
    /// It is computed by the server and cannot be written.
    pub generated: bool,
    /// The greatest length in characters, of `varchar(n)` and `char(n)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The values of an enum, in order; empty otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enum_values: Vec<String>,
}

/// What an attribute holds: the types that travel in Postgres' binary form, and `Other`, which travels as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DataType {
    /// `uuid`
    Uuid,
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`, with its precision where it is limited.
    Numeric {
        /// All digits; none where unlimited.
        precision: Option<u16>,
    },
    /// `text`, `varchar`, `char`, `name`
    Text,
    /// `date`
    Date,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// Any other type: cast to text by the server when read, and back when written.
    Other,
}

/// An N:1 relationship: an attribute that holds another entity's object id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relationship {
    /// The attribute that refers.
    pub attribute: String,
    /// The entity it refers to.
    pub target: String,
    /// What happens to the row when the target is deleted.
    pub on_delete: OnDelete,
}

/// A foreign key's delete rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDelete {
    /// The delete is refused.
    Restrict,
    /// The row goes too.
    Cascade,
    /// The attribute becomes null.
    SetNull,
    /// The attribute gets its default.
    SetDefault,
}

impl Metadata {
    /// The entity of this name.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }

    /// The entity of this object type code.
    #[must_use]
    pub fn entity_of(&self, object_type_code: i32) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.object_type_code == object_type_code)
    }
}

impl Entity {
    /// The attribute that holds the object id.
    #[must_use]
    pub fn key(&self) -> &Attribute {
        &self.attributes[OBJECT_ID]
    }

    /// The attribute of this name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The ids of its attributes, in order: the header of its batch files has them.
    #[must_use]
    pub fn attribute_ids(&self) -> Vec<u32> {
        self.attributes.iter().map(|attribute| attribute.id).collect()
    }
}
