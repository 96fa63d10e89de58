//! JSON images of a row inside a trigger: what was set, what it was before.
//!
//! An image is put together by concatenation and not by `json_object`, because a function takes at most 127 arguments in
//! many builds of SQLite, a compound SELECT has at most 500 parts, and an entity may have more attributes than that.
//! The text of a value never makes SQLite raise an error: what does not fit its attribute is refused by `rules`, in
//! words that name the attribute.

use super::column::Storage;
use super::names::{Ident, Literal};
use crate::model::{Attribute, DataType, Entity, OBJECT_ID};

/// What stands for bytes in an image.
const BLOB: &str = r#"{"blob":true}"#;
/// Operands in one pair of parentheses: it keeps long chains far below SQLite's depth of expressions (1,000).
const OPERANDS_PER_CHAIN: usize = 25;

/// The attributes that a write can set: neither the object id, which stands beside the image, nor computed ones.
pub fn captured(entity: &Entity) -> impl Iterator<Item = &Attribute> {
    entity.attributes.iter().skip(OBJECT_ID + 1).filter(|attribute| !attribute.generated)
}

/// All of `row`'s values that are not null.
pub(super) fn present(entity: &Entity, row: &str) -> String {
    object(captured(entity).map(|attribute| {
        let column = Column::new(row, attribute);
        format!("CASE WHEN {column} IS NULL THEN '' ELSE {} END", column.member())
    }))
}

/// All of `row`'s values but the binary ones.
pub(super) fn readable(entity: &Entity, row: &str) -> String {
    image_of(entity, row, |_| true)
}

/// Those values of `row`, an alias in the statement, whose attributes `wanted` names, as an expression: JSON in the
/// spelling of the queue. Bytes are left out.
pub fn image_of(entity: &Entity, row: &str, wanted: impl Fn(&Attribute) -> bool) -> String {
    let attributes = captured(entity).filter(|attribute| attribute.data_type != DataType::Bytea && wanted(attribute));
    object(attributes.map(|attribute| Column::new(row, attribute).member()))
}

/// The values of `row` that differ from those of `other`.
pub(super) fn differing(entity: &Entity, row: &str, other: &str) -> String {
    object(captured(entity).map(|attribute| {
        let (column, other) = (Column::new(row, attribute), Column::new(other, attribute));
        format!("CASE WHEN {column} IS {other} THEN '' ELSE {} END", column.member())
    }))
}

/// Whether any value of `row` differs from that of `other`.
pub(super) fn differs(entity: &Entity, row: &str, other: &str) -> String {
    let pairs = captured(entity).map(|attribute| {
        let (column, other) = (Column::new(row, attribute), Column::new(other, attribute));
        format!("{column} IS NOT {other}")
    });
    chain(pairs.collect(), "OR").unwrap_or_else(|| "0".to_owned())
}

/// The member that stands for a binary value: no text value can look like it, because its quotes would be escaped.
pub(super) fn blob_member(attribute: &Attribute) -> String {
    format!("{}:{BLOB}", serde_json::Value::from(attribute.name.as_str()))
}

/// Members with a comma before each make an object when the first comma is cut off.
fn object(members: impl Iterator<Item = String>) -> String {
    match chain(members.collect(), "||") {
        Some(members) => format!("'{{' || substr({members}, 2) || '}}'"),
        None => "'{}'".to_owned(),
    }
}

fn chain(operands: Vec<String>, operator: &str) -> Option<String> {
    let between = format!("\n      {operator} ");
    let chains = operands.chunks(OPERANDS_PER_CHAIN).map(|chunk| format!("({})", chunk.join(&between)));
    let chains: Vec<String> = chains.collect();
    (!chains.is_empty()).then(|| format!("({})", chains.join(&between)))
}

/// One attribute of one row: `NEW."name"`.
struct Column<'a> {
    row: &'a str,
    attribute: &'a Attribute,
}

impl std::fmt::Display for Column<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.row, Ident(&self.attribute.name))
    }
}

impl<'a> Column<'a> {
    fn new(row: &'a str, attribute: &'a Attribute) -> Self {
        Self { row, attribute }
    }

    /// `,"name":value`, as an expression.
    fn member(&self) -> String {
        let name = serde_json::Value::from(self.attribute.name.as_str());
        let start = format!(",{name}:");
        format!("{} || {}", Literal(&start), self.value())
    }

    /// The value's JSON text, as an expression that is never null.
    fn value(&self) -> String {
        match Storage::of(self.attribute.data_type) {
            Storage::Text => format!("json_quote(CAST({self} AS TEXT))"),
            Storage::Integer => format!("coalesce(CAST({self} AS INTEGER), 'null')"),
            // 17 digits name one double, json_quote() writes 15. Beyond 1e±60 SQLite itself may miss the last digit.
            Storage::Real => self.number(&format!("printf('%!.17g', {self})")),
            Storage::Numeric => self.number(&format!("printf('%!.15g', {self})")),
            Storage::Blob => format!("CASE WHEN {self} IS NULL THEN 'null' ELSE '{BLOB}' END"),
        }
    }

    /// JSON has no infinity: it goes as text, as `NaN` does.
    fn number(&self, finite: &str) -> String {
        format!(
            "CASE typeof({self}) WHEN 'integer' THEN {self} WHEN 'real' THEN \
             CASE {self} WHEN 9e999 THEN '\"Infinity\"' WHEN -9e999 THEN '\"-Infinity\"' ELSE {finite} END \
             ELSE json_quote(CAST({self} AS TEXT)) END"
        )
    }
}
