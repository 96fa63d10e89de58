//! The statement that writes one operation. Pure; golden files in `golden/`, and Postgres itself explains them in the
//! integration tests.
//!
//! Every value is a parameter, and nothing is cut silently, as explicit casts would: `'too long'::varchar(3)` is `too`.
//! - Text stays text, and the assignment to the column refuses what is too long.
//! - Other types are cast **without their modifier**, for the same reason: `numeric(14,2)` as `numeric`.
//! - The cast to a domain has its modifier inside and would cut too. A value of a type that we do not know (it may be a
//!   domain) is therefore read as the only element of an array, where Postgres reads elements as it reads input.

use sojourn_metadata::DataType;
use sojourn_platform::entities::{Column, Table};
use sojourn_platform::sql::{CatalogType, InvalidIdent, Sql};
use sojourn_wire::message::operation::Command;

use crate::validate::Write;

/// The statement of a write: `$1` is the object id, `$2` and so on are its values in order. `None` when there is
/// nothing to write (an update that changes nothing).
///
/// # Errors
/// [`InvalidIdent`] when the metadata holds a type that is none; the loader of the metadata has refused it before.
pub fn statement(write: &Write<'_>) -> Result<Option<Sql>, InvalidIdent> {
    Ok(Some(match write.command {
        Command::Create => insert(write)?,
        Command::Update if write.values.is_empty() => return Ok(None),
        Command::Update => update(write)?,
        Command::Delete => where_id(Sql::new("DELETE FROM ").table(&write.table.schema, &write.table.table), write),
    }))
}

fn insert(write: &Write<'_>) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("INSERT INTO ").table(&write.table.schema, &write.table.table).raw(" (");
    sql = sql.ident(&write.table.key().name);
    for (column, _) in &write.values {
        sql = sql.raw(", ").ident(&column.name);
    }
    sql = sql.raw(") VALUES ($1");
    for (n, (column, _)) in (2..).zip(&write.values) {
        sql = value(sql.raw(", "), n, column)?;
    }
    Ok(sql.raw(")"))
}

fn update(write: &Write<'_>) -> Result<Sql, InvalidIdent> {
    let mut sql = Sql::new("UPDATE ").table(&write.table.schema, &write.table.table).raw(" SET ");
    for (n, (column, _)) in (2..).zip(&write.values) {
        sql = if n > 2 { sql.raw(", ") } else { sql };
        sql = value(sql.ident(&column.name).raw(" = "), n, column)?;
    }
    Ok(where_id(sql, write))
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
        DataType::Json | DataType::Jsonb => value(sql, 1, column)?.raw(" IS NULL AND $2::text IS NULL"),
        _ => sql
            .raw("(json_populate_record(NULL::")
            .table(&table.schema, &table.table)
            .raw(", json_build_object($2::text, $1::text))).")
            .ident(&column.name)
            .raw(" IS NULL"),
    })
}

/// The parameter, as the column takes it.
fn value(sql: Sql, n: usize, column: &Column) -> Result<Sql, InvalidIdent> {
    let base = base_type(&column.attribute.sql_type);
    Ok(match column.attribute.data_type {
        DataType::Bytea => sql.param(n),
        DataType::Text => sql.param(n).raw("::text"),
        DataType::Other if !base.ends_with("[]") => {
            let array = CatalogType::new(&format!("{base}[]"))?;
            sql.raw("(ARRAY[").param(n).raw("::text]::text::").catalog_type(&array).raw(")[1]")
        }
        _ => sql.param(n).raw("::text::").catalog_type(&CatalogType::new(&base)?),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{metadata, number, operation, text};
    use crate::validate::validate;
    use sojourn_wire::message::operation::FieldValue;

    #[test]
    fn the_statements_are_as_reviewed() {
        let metadata = metadata();
        let nulls: Vec<(&str, FieldValue)> = metadata.entities[1].columns[1..]
            .iter()
            .filter(|column| !column.attribute.generated)
            .map(|column| match column.attribute.required {
                true => (column.name.name(), text("x")),
                false => (column.name.name(), FieldValue::Null),
            })
            .collect();
        let told = |command, data: &[(&str, FieldValue)]| {
            let write = validate(&metadata, &operation(command, data)).expect("fits");
            statement(&write).expect("good types").map_or_else(|| "nothing".to_owned(), |sql| sql.text().to_owned())
        };
        let probed = |name: &str| {
            let column = metadata.entities[1].column(name).expect("there");
            probe(&metadata.entities[1], column).expect("good types").text().to_owned()
        };
        let all = [
            told(Command::Create, &[]),
            told(Command::Create, &nulls),
            told(Command::Update, &[]),
            told(Command::Update, &[("score", number(3))]),
            told(Command::Update, &nulls),
            told(Command::Delete, &[]),
            probed("score"),
            probed("extra"),
        ];
        insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!("statements.sql", all.join(";\n\n"));
        });
    }

    #[test]
    fn a_type_loses_its_modifier_and_nothing_else() {
        let cases = [
            ("numeric(14,2)", "numeric"),
            ("character varying(80)[]", "character varying[]"),
            ("timestamp(3) with time zone", "timestamp with time zone"),
            ("timestamp(3) without time zone[]", "timestamp without time zone[]"),
            ("character(4)[]", "pg_catalog.bpchar[]"),
            ("bit(3)", "pg_catalog.\"bit\""),
            ("bit varying(3)", "bit varying"),
            ("interval day to second(3)", "interval"),
            ("crm.\"Mood (old)\"", "crm.\"Mood (old)\""),
            ("public.geometry(Point,4326)", "public.geometry"),
            ("\"char\"", "\"char\""),
        ];
        for (sql_type, base) in cases {
            assert_eq!(base_type(sql_type), base);
            assert!(CatalogType::new(&base_type(sql_type)).is_ok());
        }
    }
}
