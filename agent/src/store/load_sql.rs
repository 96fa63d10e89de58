//! The statements that apply a batch to its entity's table.

use std::collections::BTreeSet;

use rusqlite::Transaction;
use sojourn_metadata::sqlite::Ident;
use sojourn_metadata::{Attribute, Entity};
use sojourn_wire::batch::Kind;

use super::batch_table::BATCH_TABLE;
use super::rebase::UNSETTLED;

/// Writes the statements for one entity.
pub(super) struct Statements<'a> {
    entity: &'a Entity,
    condition: String,
}

impl<'a> Statements<'a> {
    /// Statements for all rows of the batch, or for all that have no unsettled work.
    pub(super) fn new(entity: &'a Entity, but_unsettled: bool) -> Self {
        let condition = match but_unsettled {
            false => "true".to_owned(),
            true => format!("NOT {}", has_unsettled(entity.object_type_code)),
        };
        Self { entity, condition }
    }

    /// Statements for the row of the batch whose row number is `?1`.
    pub(super) fn of_one(entity: &'a Entity) -> Self {
        Self { entity, condition: format!("{BATCH_TABLE}.rowid = ?1") }
    }

    /// Applies the batch; how many rows were inserted, updated or deleted.
    pub(super) fn run(&self, kind: Kind, transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
        let run = |sql: &str| transaction.prepare_cached(sql)?.execute([]).map(|rows| rows as u64);
        if kind == Kind::Deletes {
            return run(&self.delete());
        }
        let indexed = match has_indexes(transaction, self.entity)? {
            true => indexed_columns(self.entity),
            false => BTreeSet::new(),
        };
        if !indexed.is_empty() {
            run(&self.update_differing(&indexed))?;
        }
        run(&self.upsert(&indexed))
    }

    /// Inserts rows that are new; of those that are there, sets all columns but `kept`.
    ///
    /// `WHERE` must be there: without it SQLite takes `ON` for a join's.
    pub(super) fn upsert(&self, kept: &BTreeSet<usize>) -> String {
        let names: Vec<String> = self.entity.attributes.iter().map(name).collect();
        let columns: Vec<String> = (0..names.len()).map(column).collect();
        let set = names.iter().enumerate().skip(1).filter(|(index, _)| !kept.contains(index));
        let set: Vec<String> = set.map(|(_, name)| format!("{name} = excluded.{name}")).collect();
        let resolution = match set.is_empty() {
            true => "NOTHING".to_owned(),
            false => format!("UPDATE SET {}", set.join(", ")),
        };
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM {BATCH_TABLE} WHERE {} ON CONFLICT ({}) DO {resolution}",
            self.table(),
            names.join(", "),
            columns.join(", "),
            self.condition,
            self.key(),
        )
    }

    /// Finds the row that is there when all its columns but `kept` are as in the batch.
    pub(super) fn unchanged(&self, kept: &BTreeSet<usize>) -> String {
        let (table, key) = (self.table(), self.key());
        let compared = self.entity.attributes.iter().enumerate().skip(1).filter(|(index, _)| !kept.contains(index));
        let same = compared.map(|(index, attribute)| format!(" AND {table}.{} IS {}", name(attribute), column(index)));
        let same: String = same.collect();
        format!(
            "SELECT 1 FROM {BATCH_TABLE} CROSS JOIN {table} WHERE {} AND {table}.{key} = {}{same}",
            self.condition,
            column(0)
        )
    }

    /// Sets columns where they differ: SQLite rewrites an index for every row whose column is set, changed or not.
    fn update_differing(&self, columns: &BTreeSet<usize>) -> String {
        let (table, key) = (self.table(), self.key());
        let pairs = columns.iter().map(|&index| (name(&self.entity.attributes[index]), column(index)));
        let (set, differ): (Vec<String>, Vec<String>) = pairs
            .map(|(name, column)| (format!("{name} = {column}"), format!("{table}.{name} IS NOT {column}")))
            .unzip();
        format!(
            "UPDATE {table} SET {} FROM {BATCH_TABLE} WHERE {table}.{key} = {} AND ({}) AND {}",
            set.join(", "),
            column(0),
            differ.join(" OR "),
            self.condition,
        )
    }

    fn delete(&self) -> String {
        let (table, key, condition) = (self.table(), self.key(), &self.condition);
        format!("DELETE FROM {table} WHERE {key} IN (SELECT {} FROM {BATCH_TABLE} WHERE {condition})", column(0))
    }

    fn table(&self) -> Ident<'_> {
        Ident(&self.entity.name)
    }

    fn key(&self) -> Ident<'_> {
        Ident(&self.entity.key().name)
    }
}

/// Whether a row of the batch has unsettled work.
pub(super) fn has_unsettled(object_type_code: i32) -> String {
    format!(
        "EXISTS (SELECT 1 FROM sojourn_queue \
         WHERE object_type_code = {object_type_code} AND object_id = {} AND {UNSETTLED})",
        column(0)
    )
}

fn name(attribute: &Attribute) -> String {
    Ident(&attribute.name).to_string()
}

/// A column of the batch, with its table's name: an attribute may be called `c0` too.
pub(super) fn column(index: usize) -> String {
    format!("{BATCH_TABLE}.c{index}")
}

/// The places of the attributes that refer to other entities.
fn indexed_columns(entity: &Entity) -> BTreeSet<usize> {
    let place = |name: &str| entity.attributes.iter().position(|attribute| attribute.name == name);
    entity.relationships.iter().filter_map(|r| place(&r.attribute)).filter(|&index| index > 0).collect()
}

/// Indexes are made when the first session is finished; until then, one statement does all.
fn has_indexes(transaction: &Transaction<'_>, entity: &Entity) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = ?1";
    transaction.prepare_cached(sql)?.exists([&entity.name])
}
