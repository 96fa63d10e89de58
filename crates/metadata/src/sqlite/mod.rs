//! The device's tables: SQLite DDL made from metadata.
//!
//! Three kinds of statements for each entity. Its *table* has the entity's name and attributes and no constraint but the
//! primary key, because loads are never refused by rules. Its *triggers* check and capture what other programs write;
//! they are plain SQL that any SQLite of the last years runs, with no extension and no agent. Its *indexes* serve its
//! relationships, and are cheapest to make after the first load.
//!
//! The triggers write `sojourn_queue` and read `sojourn_state`; those housekeeping tables belong to the agent. They need
//! nothing newer than SQLite's JSON functions (tried with 3.40 and 3.51); with `PRAGMA trusted_schema = OFF`, 3.40 takes
//! no JSON function in a trigger and refuses every write, 3.51 does not mind.

mod bytes;
mod capture;
mod column;
mod image;
mod kept;
mod names;
mod rules;
mod table;

pub use capture::rowid;
pub use column::Storage;
pub use image::{captured, image_of};
pub use kept::keep_bytes;
pub use names::{Ident, Literal};

use crate::model::{Entity, Metadata};

/// One entity's DDL, to be run in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityPlan {
    /// `CREATE TABLE`.
    pub table: String,
    /// `CREATE TRIGGER`, one for each event.
    pub triggers: Vec<String>,
    /// `CREATE INDEX IF NOT EXISTS`, one for each attribute that refers to another entity.
    pub indexes: Vec<String>,
}

impl EntityPlan {
    /// The DDL of one entity.
    #[must_use]
    pub fn of(entity: &Entity) -> Self {
        Self { table: table::create(entity), triggers: capture::triggers(entity), indexes: table::indexes(entity) }
    }
}

/// Every statement for these metadata, to be run in this order.
#[must_use]
pub fn plan(metadata: &Metadata) -> Vec<String> {
    metadata
        .entities
        .iter()
        .map(EntityPlan::of)
        .flat_map(|entity| std::iter::once(entity.table).chain(entity.triggers).chain(entity.indexes))
        .collect()
}

#[cfg(test)]
mod tests;
