//! The statements that look at rows and write operations. Pure; golden files in `golden/`, and Postgres itself explains
//! them in the integration tests.
//!
//! Every value is a parameter, and nothing is cut silently, as explicit casts would: `'too long'::varchar(3)` is `too`.
//! - Text stays text, and the assignment to the column refuses what is too long.
//! - Other types are cast **without their modifier**, for the same reason: `numeric(14,2)` as `numeric`.
//! - The cast to a domain has its modifier inside and would cut too. A value of a type that we do not know (it may be a
//!   domain) is therefore read as the only element of an array, where Postgres reads elements as it reads input.
//!
//! [`one`] writes one operation, [`many`] a run of them in one statement, [`look`] reads what the rows hold now.

use sojourn_metadata::DataType;
use sojourn_platform::entities::Column;
use sojourn_platform::sql::{CatalogType, InvalidIdent, Sql};

pub mod look;
pub mod many;
pub mod one;
#[cfg(test)]
mod tests;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// A parameter.
    Param(usize),
    /// The column `m<n>` of the list `v`: what the user wants.
    Mine(usize),
    /// The column `b<n>` of the list `v`: what it was before.
    Base(usize),
}

impl Source {
    fn put(self, sql: Sql) -> Sql {
        match self {
            Self::Param(n) => sql.param(n),
            Self::Mine(n) => sql.raw("v.m").number(n as i64),
            Self::Base(n) => sql.raw("v.b").number(n as i64),
        }
    }
}

/// The value, as the column takes it.
pub(crate) fn value(sql: Sql, source: Source, column: &Column) -> Result<Sql, InvalidIdent> {
    let base = base_type(&column.attribute.sql_type);
    Ok(match column.attribute.data_type {
        DataType::Bytea => source.put(sql),
        DataType::Text => source.put(sql).raw("::text"),
        DataType::Other if !base.ends_with("[]") => {
            let array = CatalogType::new(&format!("{base}[]"))?;
            source.put(sql.raw("(ARRAY[")).raw("::text]::text::").catalog_type(&array).raw(")[1]")
        }
        _ => source.put(sql).raw("::text::").catalog_type(&CatalogType::new(&base)?),
    })
}

/// A type as `format_type` spells it, without its modifier: `numeric(14,2)` is `numeric`. `character` and `bit` alone
/// mean length 1, so they go by their other names.
#[must_use]
pub fn base_type(sql_type: &str) -> String {
    let (mut base, mut quoted, mut depth) = (String::new(), false, 0);
    for c in sql_type.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            _ => {}
        }
        if depth == 0 {
            base.push(c);
        }
        if c == ')' && !quoted {
            depth -= 1;
        }
    }
    let (element, array) = base.split_at(base.find("[]").unwrap_or(base.len()));
    let element = match element {
        "character" => "pg_catalog.bpchar",
        "bit" => "pg_catalog.\"bit\"",
        interval if interval.starts_with("interval ") => "interval",
        other => other,
    };
    format!("{element}{array}")
}
