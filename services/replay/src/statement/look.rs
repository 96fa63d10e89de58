//! What rows hold now, in view of the operations that would change them.

use sojourn_metadata::DataType;
use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{CatalogType, InvalidIdent, Sql};

use super::{Source, base_type, value};

/// Whether what an attribute holds can be compared with what the user changed it from.
#[must_use]
pub fn is_comparable(column: &Column) -> bool {
    column.attribute.data_type != DataType::Bytea
}

/// Locks many rows and compares them. Parameters: `$1` the objects; from `$2` on, for each column, what the user wants and what it
/// was before. It returns, for each row that is there and may be changed: its place from 1, its version as text, and
/// three lists over the columns: whether it is what it was, whether it is what the user wants, and what it is.
///
/// # Errors
/// [`InvalidIdent`] when the metadata holds a type that is none; the loader of the metadata has refused it before.
pub fn look(table: &Table, columns: &[&Column]) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("SELECT v.n, t.xmin::text, ARRAY[");
    for (n, column) in (1..).zip(columns) {
        sql = same(if n > 1 { sql.raw(", ") } else { sql }, Source::Base(n), column)?;
    }
    sql = sql.raw("]::bool[], ARRAY[");
    for (n, column) in (1..).zip(columns) {
        sql = same(if n > 1 { sql.raw(", ") } else { sql }, Source::Mine(n), column)?;
    }
    sql = sql.raw("]::bool[], ARRAY[").list(columns, ", ", text);
    sql = sql.raw("]::text[] FROM unnest($1::uuid[]");
    sql = (0..columns.len() * 2).fold(sql, |sql, n| sql.raw(", ").param(n + 2).raw("::text[]"));
    sql = sql.raw(") WITH ORDINALITY AS v (id");
    sql = (1..=columns.len()).fold(sql, |sql, n| sql.raw(", m").number(n as i64).raw(", b").number(n as i64));
    sql = sql.raw(", n) JOIN ").table(&table.schema, &table.table).raw(" AS t ON t.").ident(&table.key().name);
    Ok(sql.raw(" = v.id ORDER BY t.").ident(&table.key().name).raw(" FOR UPDATE OF t"))
}

/// The version of one row that the user may see; `$1` is its id.
#[must_use]
pub fn version(table: &Table) -> Sql {
    let sql = Sql::new("SELECT xmin::text FROM ").table(&table.schema, &table.table);
    sql.raw(" WHERE ").ident(&table.key().name).raw(" = $1")
}

/// The versions of many rows that the user may see; `$1` are their ids.
#[must_use]
pub fn versions(table: &Table) -> Sql {
    let sql = Sql::new("SELECT ").ident(&table.key().name).raw(", xmin::text FROM ");
    sql.table(&table.schema, &table.table).raw(" WHERE ").ident(&table.key().name).raw(" = ANY ($1::uuid[])")
}

/// Locks many rows that the user may see and change, and gives their versions; `$1` are their ids.
#[must_use]
pub fn locked(table: &Table) -> Sql {
    versions(table).raw(" ORDER BY ").ident(&table.key().name).raw(" FOR UPDATE")
}

/// What one row that the user may see refers to by a column, as text; `$1` is its id.
#[must_use]
pub fn reference(table: &Table, column: &Column) -> Sql {
    let sql = Sql::new("SELECT ").ident(&column.name).raw("::text FROM ").table(&table.schema, &table.table);
    sql.raw(" WHERE ").ident(&table.key().name).raw(" = $1")
}

/// What the row holds, spelled as devices do where that is not Postgres' way: times in ISO-8601, in UTC.
fn text(sql: Sql, column: &&Column) -> Sql {
    match column.attribute.data_type {
        DataType::TimestampTz => sql
            .raw("CASE WHEN isfinite(t.")
            .ident(&column.name)
            .raw(") THEN to_jsonb(t.")
            .ident(&column.name)
            .raw(" AT TIME ZONE 'UTC') #>> '{}' || 'Z' ELSE t.")
            .ident(&column.name)
            .raw("::text END"),
        DataType::Timestamp => sql.raw("to_jsonb(t.").ident(&column.name).raw(") #>> '{}'"),
        _ => sql.raw("t.").ident(&column.name).raw("::text"),
    }
}

/// Whether the row holds a value. Types without an equality, and those of which we know only the text, are compared as text.
fn same(sql: Sql, source: Source, column: &Column) -> Result<Sql, InvalidIdent> {
    let sql = sql.raw("t.").ident(&column.name);
    Ok(match column.attribute.data_type {
        DataType::Json | DataType::Jsonb | DataType::Other => {
            source.put(sql.raw("::text IS NOT DISTINCT FROM ")).raw("::text")
        }
        // Padding of `character(n)` does not count.
        DataType::Text => {
            let own = CatalogType::new(&base_type(&column.attribute.sql_type))?;
            source.put(sql.raw(" IS NOT DISTINCT FROM ")).raw("::text::").catalog_type(&own)
        }
        _ => value(sql.raw(" IS NOT DISTINCT FROM "), source, column)?,
    })
}

/// Whether there is a row; `$1` is its id.
#[must_use]
pub fn exists(table: &Table) -> Sql {
    let sql = Sql::new("SELECT EXISTS (SELECT FROM ").table(&table.schema, &table.table);
    sql.raw(" WHERE ").ident(&table.key().name).raw(" = $1)")
}
