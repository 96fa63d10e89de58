//! A run of like operations in one statement: one plan, one evaluation of the policies, one round trip.
//!
//! Its lists are arrays, one for each column of `v`: `n` the place in the run, `id` the object, `told` and `at` what
//! triggers are told, and `m1`, `m2` and so on the values. The settings that triggers read are set by the first value's
//! expression, which Postgres evaluates for each row just before that row's BEFORE triggers fire; tables with triggers that
//! fire later, or once for the statement, are not written in runs.

use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{InvalidIdent, Sql};

use super::{Source, value};

/// Sets the columns of many rows; returns the places of those that were written. Parameters: `$1` the objects, `$2` and
/// `$3` what triggers are told (`sojourn.operation_id`, `sojourn.captured_at`), from `$4` on the values of each column.
///
/// # Errors
/// [`InvalidIdent`] when the metadata holds a type that is none; the loader of the metadata has refused it before.
pub fn update(table: &Table, columns: &[&Column]) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("UPDATE ").table(&table.schema, &table.table).raw(" AS t SET ");
    for (n, column) in (1..).zip(columns) {
        sql = if n > 1 { sql.raw(", ") } else { sql };
        sql = sql.ident(&column.name).raw(" = ");
        sql = if n == 1 { told(sql) } else { sql };
        sql = value(sql, Source::Mine(n), column)?;
        sql = if n == 1 { sql.raw(" END") } else { sql };
    }
    sql = list(sql.raw(" FROM "), columns.len());
    Ok(sql.raw(" WHERE t.").ident(&table.key().name).raw(" = v.id"))
}

/// Makes many rows. Parameters as those of [`update`].
///
/// # Errors
/// As [`update`].
pub fn insert(table: &Table, columns: &[&Column]) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("INSERT INTO ").table(&table.schema, &table.table).raw(" (").ident(&table.key().name);
    for column in columns {
        sql = sql.raw(", ").ident(&column.name);
    }
    sql = told(sql.raw(") SELECT ")).raw("v.id END");
    for (n, column) in (1..).zip(columns) {
        sql = value(sql.raw(", "), Source::Mine(n), column)?;
    }
    // The rows of a function come in order.
    Ok(list(sql.raw(" FROM "), columns.len()))
}

/// Begins a value before which triggers are told whose operation it is.
fn told(sql: Sql) -> Sql {
    sql.raw("CASE WHEN set_config('sojourn.operation_id', v.told, true) IS NOT NULL")
        .raw(" AND set_config('sojourn.captured_at', v.at, true) IS NOT NULL THEN ")
}

fn list(sql: Sql, columns: usize) -> Sql {
    let sql = sql.raw("unnest($1::uuid[], $2::text[], $3::text[]");
    let sql = (0..columns).fold(sql, |sql, n| sql.raw(", ").param(n + 4).raw("::text[]"));
    let sql = sql.raw(") WITH ORDINALITY AS v (id, told, at");
    (1..=columns).fold(sql, |sql, n| sql.raw(", m").number(n as i64)).raw(", n)")
}
