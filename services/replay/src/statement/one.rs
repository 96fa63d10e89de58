//! One operation: its statement, and the probe that finds a value which does not fit.

use sojourn_metadata::DataType;
use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{InvalidIdent, Sql};
use sojourn_wire::message::operation::RowCommand;

use super::{Source, value};
use crate::validate::Write;
use crate::value::Parameter;

/// The statement of a write: `$1` is the object id, `$2` and so on are its values in order. `None` when there is
/// nothing to write (an update that changes nothing).
///
/// # Errors
/// [`InvalidIdent`] when the metadata holds a type that is none; the loader of the metadata has refused it before.
pub fn statement(write: &Write<'_>) -> Result<Option<Sql>, InvalidIdent> {
    Ok(Some(match write.command {
        RowCommand::Create => insert(write)?,
        RowCommand::Update if write.values.is_empty() => return Ok(None),
        RowCommand::Update => update(write)?,
        RowCommand::Delete => delete(write),
    }))
}

fn insert(write: &Write<'_>) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("INSERT INTO ").table(&write.table.schema, &write.table.table).raw(" (");
    sql = sql.ident(&write.table.key().name);
    for (column, _) in &write.values {
        sql = sql.raw(", ").ident(&column.name);
    }
    sql = sql.raw(") VALUES ($1");
    for (n, (column, parameter)) in (2..).zip(&write.values) {
        sql = put(sql.raw(", "), n, column, parameter)?;
    }
    Ok(sql.raw(")"))
}

fn update(write: &Write<'_>) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("UPDATE ").table(&write.table.schema, &write.table.table).raw(" SET ");
    for (n, (column, parameter)) in (2..).zip(&write.values) {
        sql = if n > 2 { sql.raw(", ") } else { sql };
        sql = put(sql.ident(&column.name).raw(" = "), n, column, parameter)?;
    }
    Ok(where_id(sql, write))
}

/// `$2` is the version that the row must still have, or null for any.
fn delete(write: &Write<'_>) -> Sql {
    let sql = Sql::new("DELETE FROM ").table(&write.table.schema, &write.table.table);
    where_id(sql, write).raw(" AND ($2::text IS NULL OR xmin::text = $2::text)")
}

fn where_id(sql: Sql, write: &Write<'_>) -> Sql {
    sql.raw(" WHERE ").ident(&write.table.key().name).raw(" = $1")
}

/// Whether a value fits its column: an error says that it does not. `$1` is its text, `$2` the column's name. Reading
/// it into a record of the table's type is what an assignment does, modifiers, domains and all.
///
/// # Errors
/// As [`statement`].
pub fn probe(table: &Table, column: &Column) -> Result<Sql, InvalidIdent> {
    let sql = Sql::new("SELECT ");
    Ok(match column.attribute.data_type {
        DataType::Json | DataType::Jsonb => value(sql, Source::Param(1), column)?.raw(" IS NULL AND $2::text IS NULL"),
        _ => sql
            .raw("(json_populate_record(NULL::")
            .table(&table.schema, &table.table)
            .raw(", json_build_object($2::text, $1::text))).")
            .ident(&column.name)
            .raw(" IS NULL"),
    })
}

/// The parameter `$n`: a value, or the id of an attachment, whose bytes wait in a temporary table.
fn put(sql: Sql, n: usize, column: &Column, parameter: &Parameter) -> Result<Sql, InvalidIdent> {
    match parameter {
        Parameter::Attachment(_) => Ok(sql
            .raw("(SELECT a.bytes FROM pg_temp.sojourn_attachment a WHERE a.attachment = ")
            .param(n)
            .raw("::uuid)")),
        Parameter::Text(_) | Parameter::Bytes(_) => value(sql, Source::Param(n), column),
    }
}
