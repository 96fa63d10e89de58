//! The triggers that turn a write into a queue entry, in the transaction of the write.
//!
//! One trigger for each event, so that nothing depends on the order in which triggers fire. The one before INSERT
//! exists because SQLite fires no delete trigger for the row that `REPLACE` removes: it puts the difference to that row
//! aside in `sojourn_replaced`, and the one after INSERT makes an update of it. When the insert does not take place
//! after all (`OR IGNORE`, `ON CONFLICT DO …`), what was put aside stays, and the next insert of that object puts it
//! aside anew: it is never used for another.
//!
//! Bytes are in no image: an entry that sets some refers to its row. Before other bytes take their place there, they are
//! copied beside the entry (`kept`).

use super::image::{differing, differs, present, readable};
use super::kept;
use super::names::{Ident, Literal};
use super::rules;
use crate::model::{Entity, EntityCommand};

/// The numbers of `sojourn_queue.command_id`.
const CREATE: u8 = 1;
const UPDATE: u8 = 2;
const DELETE: u8 = 3;

const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";
const OPEN_GROUP: &str = "(SELECT value FROM sojourn_state WHERE key = 'open_group')";
/// The row that a REPLACE would remove.
const STORED: &str = "stored";

/// All triggers of an entity.
pub(super) fn triggers(entity: &Entity) -> Vec<String> {
    vec![put_aside(entity), create(entity), keep_identity(entity), update(entity), delete(entity)]
}

fn put_aside(entity: &Entity) -> String {
    let (table, key, code) = (Ident(&entity.name), Ident(&entity.key().name), entity.object_type_code);
    // Before an insert, a rowid that the writer does not give is -1.
    let foreign_rowid = rowid(entity).map(|rowid| {
        let words = Literal("this rowid belongs to another row; leave the rowid out");
        format!(
            "SELECT RAISE(ABORT, {words}) FROM {table}\n  \
             WHERE {rowid} = NEW.{rowid} AND NEW.{rowid} <> -1 AND {key} IS NOT NEW.{key}"
        )
    });
    let clear = format!("DELETE FROM sojourn_replaced WHERE {}", is_new(entity));
    let put = format!(
        "INSERT INTO sojourn_replaced (object_type_code, object_id, after_row, data, base, emptied)\n  \
         SELECT {code}, {STORED}.{key}, (SELECT coalesce(max(row_number), 0) FROM sojourn_queue),\n    \
         {},\n    {},\n    {}\n  FROM {table} AS {STORED} WHERE {STORED}.{key} = NEW.{key}",
        differing(entity, "NEW", STORED),
        differing(entity, STORED, "NEW"),
        rules::emptied_by_replace(entity, STORED),
    );
    let keep = kept::of_stored(entity, "NEW", STORED);
    trigger(entity, "put-aside", "BEFORE INSERT", None, foreign_rowid.into_iter().chain([clear, put]).chain(keep))
}

fn create(entity: &Entity) -> String {
    let replaced = format!("FROM sojourn_replaced WHERE {}", is_new(entity));
    let refuse_emptied = rules::refuse_emptied(entity, "emptied", &replaced);
    // With `PRAGMA recursive_triggers` SQLite does fire the delete trigger for the row that REPLACE removed.
    let forget_delete = format!(
        "DELETE FROM sojourn_queue WHERE row_number > (SELECT after_row {replaced})\n    \
         AND {} AND command_id = {DELETE}",
        is_new(entity)
    );
    let as_update = format!(
        "{}\n  SELECT {}, data, base, {OPEN_GROUP}\n  {replaced} AND data <> '{{}}'",
        into_queue("data, base, parent_id"),
        head(entity, "NEW", UPDATE)
    );
    let as_create = format!(
        "{}\n  SELECT {},\n    {},\n    {OPEN_GROUP}\n  WHERE NOT EXISTS (SELECT 1 {replaced})",
        into_queue("data, parent_id"),
        head(entity, "NEW", CREATE),
        present(entity, "NEW")
    );
    let clear = format!("DELETE {replaced}");
    let no_create =
        needs_server(entity, "create").map(|refuse| format!("{refuse}\n  WHERE NOT EXISTS (SELECT 1 {replaced})"));
    let no_update = needs_server(entity, "update").map(|refuse| format!("{refuse}\n  {replaced} AND data <> '{{}}'"));
    let checks = no_create.into_iter().chain(no_update).chain(rules::on_insert(entity)).chain(refuse_emptied);
    let capture = [forget_delete, as_update, as_create, clear];
    trigger(entity, "create", "AFTER INSERT", None, checks.chain(capture))
}

fn keep_identity(entity: &Entity) -> String {
    let key = Ident(&entity.key().name);
    let rowid = rowid(entity).map(|rowid| format!(" OR NEW.{rowid} IS NOT OLD.{rowid}")).unwrap_or_default();
    let words = format!("{}.{} cannot be changed; insert a new row instead", entity.name, entity.key().name);
    let refuse = format!("SELECT RAISE(ABORT, {})", Literal(&words));
    trigger(entity, "keep", "BEFORE UPDATE", Some(format!("NEW.{key} IS NOT OLD.{key}{rowid}")), [refuse])
}

fn update(entity: &Entity) -> String {
    let capture = format!(
        "{}\n  VALUES ({},\n    {},\n    {},\n    {OPEN_GROUP})",
        into_queue("data, base, parent_id"),
        head(entity, "NEW", UPDATE),
        differing(entity, "NEW", "OLD"),
        differing(entity, "OLD", "NEW"),
    );
    let refuse = needs_server(entity, "update").into_iter().chain(rules::on_update(entity));
    let statements = refuse.chain(kept::of_changed(entity)).chain([capture]);
    trigger(entity, "update", "AFTER UPDATE", Some(differs(entity, "NEW", "OLD")), statements)
}

fn delete(entity: &Entity) -> String {
    let capture = format!(
        "{}\n  VALUES ({},\n    {},\n    {OPEN_GROUP})",
        into_queue("base, parent_id"),
        head(entity, "OLD", DELETE),
        readable(entity, "OLD")
    );
    let statements = needs_server(entity, "delete").into_iter().chain(kept::of_deleted(entity)).chain([capture]);
    trigger(entity, "delete", "AFTER DELETE", None, statements)
}

/// Refuses a command that cannot be done offline.
fn needs_server(entity: &Entity, command: &str) -> Option<String> {
    let needs = |known: &&EntityCommand| known.online_only && known.name == command;
    entity.commands.iter().find(needs)?;
    let words = format!("{}: {command} needs the server; do it online", entity.name);
    Some(format!("SELECT RAISE(ABORT, {})", Literal(&words)))
}

fn trigger(
    entity: &Entity,
    event: &str,
    when: &str,
    condition: Option<String>,
    statements: impl IntoIterator<Item = String>,
) -> String {
    let name = format!("sojourn_{}.{event}", entity.name);
    let condition = condition.map(|condition| format!("\nWHEN {condition}")).unwrap_or_default();
    let body: String = statements.into_iter().map(|statement| format!("\n  {statement};")).collect();
    format!("CREATE TRIGGER {} {when} ON {}{condition}\nBEGIN{body}\nEND", Ident(&name), Ident(&entity.name))
}

fn into_queue(rest: &str) -> String {
    format!("INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, {rest})")
}

/// Values for the columns that every entry has.
fn head(entity: &Entity, row: &str, command: u8) -> String {
    format!("{row}.{}, {}, {NOW}, {command}", Ident(&entity.key().name), entity.object_type_code)
}

/// Whether a row of a housekeeping table is about the inserted object.
fn is_new(entity: &Entity) -> String {
    format!("object_type_code = {} AND object_id = NEW.{}", entity.object_type_code, Ident(&entity.key().name))
}

/// A name for SQLite's row number that no attribute hides.
#[must_use]
pub fn rowid(entity: &Entity) -> Option<&'static str> {
    let hidden = |name: &str| entity.attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case(name));
    ["rowid", "_rowid_", "oid"].into_iter().find(|name| !hidden(name))
}
