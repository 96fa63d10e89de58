//! The statements that say what the scanning role may read.

use sojourn_platform::sql::{Ident, InvalidIdent, Sql};

/// Columns of one table that the scanning role may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The table's schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The columns; at least one.
    pub columns: Vec<String>,
}

/// Lets the scanning role read columns.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn grant(columns: &Columns) -> Result<Sql, InvalidIdent> {
    Ok(on_columns(Sql::new("GRANT SELECT ("), columns)?.raw(" TO sojourn_scan"))
}

/// Lets the scanning role no longer read columns.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn revoke(columns: &Columns) -> Result<Sql, InvalidIdent> {
    Ok(on_columns(Sql::new("REVOKE SELECT ("), columns)?.raw(" FROM sojourn_scan"))
}

fn on_columns(sql: Sql, columns: &Columns) -> Result<Sql, InvalidIdent> {
    let names = columns.columns.iter().map(|name| Ident::new(name)).collect::<Result<Vec<_>, _>>()?;
    let sql = sql.list(&names, ", ", |sql, name| sql.ident(name)).raw(") ON ");
    Ok(sql.table(&Ident::new(&columns.schema)?, &Ident::new(&columns.table)?))
}

/// Lets the scanning role into a schema.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn enter(schema: &str) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("GRANT USAGE ON SCHEMA ").ident(&Ident::new(schema)?).raw(" TO sojourn_scan"))
}

/// Keeps the scanning role out of a schema.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn leave(schema: &str) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("REVOKE USAGE ON SCHEMA ").ident(&Ident::new(schema)?).raw(" FROM sojourn_scan"))
}
