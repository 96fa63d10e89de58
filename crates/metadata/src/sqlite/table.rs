//! The table of an entity, and the indexes that its relationships ask for.

use std::collections::BTreeSet;

use super::column::Storage;
use super::names::Ident;
use crate::model::{Attribute, Entity, OBJECT_ID};

/// A random uuid of version 4 in lower case. `random() & 3` and not `abs(random()) % 4`: `abs` fails on the least number.
const FRESH_UUID: &str = "lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || \
    substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || \
    substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))";

/// `CREATE TABLE`: a rowid table, because blobs are read in place by rowid.
pub(super) fn create(entity: &Entity) -> String {
    let key = Ident(&entity.key().name);
    let id = format!("    {key} TEXT PRIMARY KEY NOT NULL DEFAULT (\n        {FRESH_UUID}\n    )");
    let others = entity.attributes.iter().skip(OBJECT_ID + 1).map(column);
    let columns: Vec<String> = std::iter::once(id).chain(others).collect();
    format!("CREATE TABLE {} (\n{}\n)", Ident(&entity.name), columns.join(",\n"))
}

fn column(attribute: &Attribute) -> String {
    format!("    {} {}", Ident(&attribute.name), Storage::of(attribute.data_type).word())
}

/// One index for each attribute that refers to another entity. The key has one already.
pub(super) fn indexes(entity: &Entity) -> Vec<String> {
    let referring: BTreeSet<&str> = entity.relationships.iter().map(|r| r.attribute.as_str()).collect();
    let others = entity.attributes.iter().skip(OBJECT_ID + 1);
    others.filter(|attribute| referring.contains(attribute.name.as_str())).map(|a| index(entity, a)).collect()
}

/// A dot joins the names, because no entity's name has one: so no two indexes have the same name.
fn index(entity: &Entity, attribute: &Attribute) -> String {
    let name = format!("sojourn_{}.{}", entity.name, attribute.name);
    let (name, table, column) = (Ident(&name), Ident(&entity.name), Ident(&attribute.name));
    format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})")
}
