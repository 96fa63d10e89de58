//! Statements that lead from a change back to the rows it concerns. They run as `sojourn_scan`, which sees every row but
//! only keys, references and times: a row that the user can no longer see could not be found as the user.

use sojourn_metadata::DataType;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::{Column, Published, Table};
use sojourn_platform::filter::{ClockBound, Hop};
use sojourn_platform::sql::Sql;

/// The ids of an entity's rows that refer, through `path`, to one of the ids in `$1`, at most `$2`.
///
/// # Errors
/// [`PlatformError::Setup`] when the path is not in the metadata.
pub fn referring(metadata: &Published, table: &Table, path: &[Hop]) -> Result<Sql, PlatformError> {
    let at_end = |sql: Sql| Ok(sql.raw(" = ANY ($1)"));
    Ok(follow(metadata, table, path, beginning(table), "e", at_end)?.raw("\n LIMIT $2"))
}

/// The ids of an entity's rows for which the clock has passed what a filter compares it with, between `$1` and `$2`,
/// times as texts; `$3`: the offset from the clock; at most `$4`. Both ends are included, whichever comes first.
///
/// # Errors
/// [`PlatformError::Setup`] when the path or the attribute is not in the metadata.
pub fn swept(metadata: &Published, table: &Table, bound: &ClockBound) -> Result<Sql, PlatformError> {
    let end = bound.path.iter().try_fold(table, |at, hop| target(metadata, at, hop))?;
    let column = column(end, &bound.attribute)?;
    let between = |sql: Sql, alias: &'static str| {
        let sql = sql.raw(alias).raw(".").ident(&column.name).raw("\n       BETWEEN least");
        let sql = both_moments(sql, column).raw("\n           AND greatest");
        both_moments(sql, column)
    };
    let sql = match bound.path.split_last() {
        None => between(beginning(table), "e"),
        Some((_, _)) => {
            let inner = |sql: Sql| {
                let sql = sql.raw(" IN (SELECT t.").ident(&end.key().name).raw(" FROM ");
                let sql = sql.table(&end.schema, &end.table).raw(" t WHERE ");
                Ok(between(sql, "t").raw(")"))
            };
            follow(metadata, table, &bound.path, beginning(table), "e", inner)?
        }
    };
    Ok(sql.raw("\n LIMIT $4"))
}

fn beginning(table: &Table) -> Sql {
    let sql = Sql::new("SELECT e.").ident(&table.key().name).raw("\n  FROM ");
    sql.table(&table.schema, &table.table).raw(" e\n WHERE ")
}

/// `alias.a1 IN (SELECT t.id FROM … t WHERE t.a2 … )`, with `at_end` after the last attribute.
fn follow(
    metadata: &Published,
    table: &Table,
    path: &[Hop],
    sql: Sql,
    alias: &'static str,
    at_end: impl FnOnce(Sql) -> Result<Sql, PlatformError>,
) -> Result<Sql, PlatformError> {
    let Some((hop, rest)) = path.split_first() else {
        return Err(PlatformError::Setup(format!("a path from {} leads nowhere", table.entity)));
    };
    let sql = sql.raw(alias).raw(".").ident(&column(table, &hop.attribute)?.name);
    if rest.is_empty() {
        return at_end(sql);
    }
    let target = target(metadata, table, hop)?;
    let sql = sql.raw(" IN (SELECT t.").ident(&target.key().name).raw(" FROM ");
    let sql = sql.table(&target.schema, &target.table).raw(" t WHERE ");
    Ok(follow(metadata, target, rest, sql, "t", at_end)?.raw(")"))
}

/// Both moments of the clock, each with the offset, as the column's type can be compared with. A month before a later
/// time may be an earlier time, so that they are put in order only then. Days and months are counted in UTC, as the
/// filter counts them.
fn both_moments(sql: Sql, column: &Column) -> Sql {
    let zone = match column.attribute.data_type {
        DataType::TimestampTz => " AT TIME ZONE 'UTC'",
        _ => "",
    };
    let moment = |sql: Sql, n| {
        let sql = sql.raw("((").param(n).raw("::text::timestamptz AT TIME ZONE 'UTC') + $3::text::interval)");
        sql.raw(zone)
    };
    moment(moment(sql.raw("("), 1).raw(", "), 2).raw(")")
}

fn target<'m>(metadata: &'m Published, from: &Table, hop: &Hop) -> Result<&'m Table, PlatformError> {
    let missing = || PlatformError::Setup(format!("{}.{} leads to no entity", from.entity, hop.attribute));
    metadata.table(&hop.target).ok_or_else(missing)
}

fn column<'t>(table: &'t Table, attribute: &str) -> Result<&'t Column, PlatformError> {
    let missing = || PlatformError::Setup(format!("{} has no attribute {attribute}", table.entity));
    table.column(attribute).ok_or_else(missing)
}
