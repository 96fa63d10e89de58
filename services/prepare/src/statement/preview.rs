//! The statement that says what another filter would move.

use sojourn_metadata::DataType;
use sojourn_platform::entities::{Column, Table};
use sojourn_platform::filter::Compiled;
use sojourn_platform::sql::Sql;

/// Compares what the user has of an entity under two filters. Answers one row: rows and bytes that come, rows and bytes
/// that go, rows that there would be. The parameters of `before` come first.
#[must_use]
pub fn preview(table: &Table, before: Option<&Compiled>, after: Option<&Compiled>) -> Sql {
    let sql = Sql::new("WITH before AS (");
    let sql = sized(sql, table, before).raw("), after AS (");
    sized(sql, table, after).raw(
        ")
SELECT count(*) FILTER (WHERE b.id IS NULL), coalesce(sum(a.bytes) FILTER (WHERE b.id IS NULL), 0)::bigint,
       count(*) FILTER (WHERE a.id IS NULL), coalesce(sum(b.bytes) FILTER (WHERE a.id IS NULL), 0)::bigint,
       count(a.id)
  FROM before b FULL JOIN after a ON a.id = b.id",
    )
}

fn sized(sql: Sql, table: &Table, filter: Option<&Compiled>) -> Sql {
    let sql = sql.raw("SELECT e.").ident(&table.key().name).raw(" AS id, ");
    let sql = sql.list(&table.columns, " + ", size).raw(" AS bytes\n  FROM ");
    let sql = sql.table(&table.schema, &table.table).raw(" e");
    match filter {
        None => sql,
        Some(filter) => sql.append(&filter.joins).raw("\n WHERE ").append(&filter.condition),
    }
}

/// Large values are measured without being read.
fn size(sql: Sql, column: &Column) -> Sql {
    let function = match column.attribute.data_type {
        DataType::Text | DataType::Bytea => "coalesce(octet_length(e.",
        _ => "coalesce(pg_column_size(e.",
    };
    sql.raw(function).ident(&column.name).raw("), 0)::bigint")
}
