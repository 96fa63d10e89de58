//! Keeping bytes that are about to go.
//!
//! JSON holds no bytes: the queue entry that sets some says `{"blob":true}`, and they stay in the entity's row and nowhere
//! else. Before the row gets others, or goes, they are copied to `sojourn_blob` for the newest unsettled entry that
//! sets the attribute; an older one got its copy when the newer one was captured.

use super::image::{blob_member, captured};
use super::names::{Ident, Literal};
use crate::model::{Attribute, DataType, Entity};

/// The row as it is stored, while nothing has replaced it.
const STORED: &str = "stored";

/// The statements that keep the bytes of an object's row, whose id is `?1`, before a write around the triggers.
#[must_use]
pub fn keep_bytes(entity: &Entity) -> Vec<String> {
    let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
    let place = Place { row: STORED, table: Some(format!("{table} AS {STORED}")), id: "?1".to_owned() };
    let stored = format!("{STORED}.{key} = ?1");
    binary(entity).map(|attribute| place.keep(entity, attribute, Some(&stored))).collect()
}

/// In a trigger before an INSERT of `new`: keeps what a `REPLACE` changes.
pub(super) fn of_stored<'a>(
    entity: &'a Entity,
    new: &'a str,
    stored: &'static str,
) -> impl Iterator<Item = String> + 'a {
    let (table, key) = (Ident(&entity.name), Ident(&entity.key().name));
    let place = Place { row: stored, table: Some(format!("{table} AS {stored}")), id: format!("{new}.{key}") };
    binary(entity).map(move |attribute| {
        let name = Ident(&attribute.name);
        let changed = format!("{stored}.{key} = {new}.{key} AND {stored}.{name} IS NOT {new}.{name}");
        place.keep(entity, attribute, Some(&changed))
    })
}

/// In a trigger after an UPDATE: keeps what it has changed.
pub(super) fn of_changed(entity: &Entity) -> impl Iterator<Item = String> + '_ {
    let place = Place::of_old(entity);
    binary(entity).map(move |attribute| {
        let name = Ident(&attribute.name);
        place.keep(entity, attribute, Some(&format!("OLD.{name} IS NOT NEW.{name}")))
    })
}

/// In a trigger after a DELETE: keeps all.
pub(super) fn of_deleted(entity: &Entity) -> impl Iterator<Item = String> + '_ {
    let place = Place::of_old(entity);
    binary(entity).map(move |attribute| place.keep(entity, attribute, None))
}

fn binary(entity: &Entity) -> impl Iterator<Item = &Attribute> {
    captured(entity).filter(|attribute| attribute.data_type == DataType::Bytea)
}

/// Where the bytes are.
struct Place {
    row: &'static str,
    /// The table to read them from, where the row is not a trigger's.
    table: Option<String>,
    /// The object, as an expression.
    id: String,
}

impl Place {
    fn of_old(entity: &Entity) -> Self {
        Self { row: "OLD", table: None, id: format!("OLD.{}", Ident(&entity.key().name)) }
    }

    fn keep(&self, entity: &Entity, attribute: &Attribute, condition: Option<&str>) -> String {
        let (name, marked) = (Literal(&attribute.name), blob_member(attribute));
        let (column, code) = (format!("{}.{}", self.row, Ident(&attribute.name)), entity.object_type_code);
        let from = self.table.as_ref().map(|table| format!(", {table}")).unwrap_or_default();
        let condition = condition.map(|condition| format!(" AND {condition}")).unwrap_or_default();
        format!(
            "INSERT INTO sojourn_blob (row_number, attribute, bytes)\n  \
             SELECT entry.row_number, {name}, CAST({column} AS BLOB) FROM sojourn_queue AS entry{from}\n  \
             WHERE entry.row_number = (SELECT max(row_number) FROM sojourn_queue\n    \
             WHERE object_type_code = {code} AND object_id = {} AND command_id IN (1, 2)\n    \
             AND state IN (0, 1, 3) AND given_up = 0 AND instr(data, {}) > 0)\n    \
             AND {column} IS NOT NULL{condition}\n    \
             AND NOT EXISTS (SELECT 1 FROM sojourn_blob AS kept\n    \
             WHERE kept.row_number = entry.row_number AND kept.attribute = {name})",
            self.id,
            Literal(&marked)
        )
    }
}
