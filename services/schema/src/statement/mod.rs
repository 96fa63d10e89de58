//! The statements that install tracking: one function for each stream, and its triggers. Pure.
//!
//! The functions run in other people's transactions, under any search path: every name in them has its schema, the
//! operators too. The columns' comparison in a trigger's condition was looked up when the trigger was made.

pub mod duplicate;
pub mod scan;

use sojourn_platform::sql::{Ident, InvalidIdent, Sql};

use crate::register::Stream;

/// What ends a function's body.
const QUOTE: &str = "$track$";

/// One trigger of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// What its name ends with.
    pub name: &'static str,
    /// Its `tgtype`: 1 for each row, 4 insert, 8 delete, 16 update, 32 truncate.
    pub kind: i16,
    event: &'static str,
    each: &'static str,
    if_key_changed: bool,
    call: &'static str,
}

const TRUNCATE: Trigger = trigger("truncate", 32, " AFTER TRUNCATE ON ", " FOR EACH STATEMENT", "('all')");
/// The row that an id belonged to is gone for whoever knew it. Also triggers before the update may change a key, hence
/// no list of columns.
const KEY: Trigger =
    Trigger { if_key_changed: true, ..trigger("key", 17, " AFTER UPDATE ON ", " FOR EACH ROW", "('old')") };

const OF_STATEMENTS: [Trigger; 4] = [
    trigger("insert", 4, " AFTER INSERT ON ", " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT", "('rows')"),
    trigger("update", 16, " AFTER UPDATE ON ", " REFERENCING NEW TABLE AS changed FOR EACH STATEMENT", "('rows')"),
    trigger("delete", 8, " AFTER DELETE ON ", " REFERENCING OLD TABLE AS changed FOR EACH STATEMENT", "('rows')"),
    TRUNCATE,
];

const OF_ROWS: [Trigger; 4] = [
    trigger("insert", 5, " AFTER INSERT ON ", " FOR EACH ROW", "('new')"),
    trigger("update", 17, " AFTER UPDATE ON ", " FOR EACH ROW", "('new')"),
    trigger("delete", 9, " AFTER DELETE ON ", " FOR EACH ROW", "('old')"),
    TRUNCATE,
];

const fn trigger(
    name: &'static str,
    kind: i16,
    event: &'static str,
    each: &'static str,
    call: &'static str,
) -> Trigger {
    Trigger { name, kind, event, each, if_key_changed: false, call }
}

/// The triggers that a stream needs.
#[must_use]
pub fn triggers(stream: &Stream) -> Vec<Trigger> {
    let triggers = if stream.each_row { OF_ROWS } else { OF_STATEMENTS };
    triggers.into_iter().chain(stream.key_column.as_ref().map(|_| KEY)).collect()
}

/// The name of a trigger of the stream of this number.
///
/// # Errors
/// None that can happen.
pub fn trigger_name(number: i32, trigger: &Trigger) -> Result<Ident, InvalidIdent> {
    Ident::new(&format!("sojourn_track_{number}_{}", trigger.name))
}

/// The name of a stream's function, in the schema `sojourn`.
///
/// # Errors
/// None that can happen.
pub fn function_name(number: i32) -> Result<Ident, InvalidIdent> {
    Ident::new(&format!("track_{number}"))
}

/// Makes a stream's function, or makes it anew.
///
/// # Errors
/// [`InvalidIdent`] when the key column has a name that no function can be written with.
pub fn function(stream: &Stream, number: i32) -> Result<Sql, InvalidIdent> {
    let sql = Sql::new("CREATE OR REPLACE FUNCTION sojourn.").ident(&function_name(number)?);
    let sql = sql.raw("() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS ").raw(QUOTE);
    Ok(write_body(sql, stream, number)?.raw(QUOTE))
}

/// Nobody calls it but its triggers.
///
/// # Errors
/// None that can happen.
pub fn function_revoke(number: i32) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("REVOKE ALL ON FUNCTION sojourn.").ident(&function_name(number)?).raw("() FROM PUBLIC"))
}

/// Drops a stream's function.
///
/// # Errors
/// None that can happen.
pub fn function_drop(number: i32) -> Result<Sql, InvalidIdent> {
    Ok(Sql::new("DROP FUNCTION IF EXISTS sojourn.").ident(&function_name(number)?).raw("()"))
}

/// The text of a stream's function, as the catalog has it.
///
/// # Errors
/// As [`function`].
pub fn body(stream: &Stream, number: i32) -> Result<String, InvalidIdent> {
    Ok(write_body(Sql::default(), stream, number)?.text().to_owned())
}

fn write_body(sql: Sql, stream: &Stream, number: i32) -> Result<Sql, InvalidIdent> {
    let sql = sql.raw("\nBEGIN\n  IF TG_ARGV[0] OPERATOR(pg_catalog.=) 'all'");
    let Some(column) = &stream.key_column else {
        let sql = everything(sql.raw(" THEN\n    "), number);
        return Ok(something_changed(sql, number).raw("  END IF;\n  RETURN NULL;\nEND "));
    };
    let key = Ident::new(column)?;
    if column.contains(QUOTE) {
        return Err(InvalidIdent(column.clone()));
    }
    // A column that was renamed must not break its owner's writes.
    let sql = sql.raw("\n     OR NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid ");
    let sql = sql.raw("OPERATOR(pg_catalog.=) TG_RELID AND a.attname OPERATOR(pg_catalog.=) ").name_as_text(&key);
    let sql = everything(sql.raw(") THEN\n    "), number);
    let sql = sql.raw("  ELSIF TG_ARGV[0] OPERATOR(pg_catalog.=) 'rows' THEN\n    ");
    let sql = select(sql, number).raw("changed.").ident(&key).raw(" FROM changed WHERE changed.").ident(&key);
    let sql = sql.raw(" IS NOT NULL;\n  ELSIF TG_ARGV[0] OPERATOR(pg_catalog.=) 'old' THEN\n    ");
    let sql = select(sql, number).raw("OLD.").ident(&key).raw(" WHERE OLD.").ident(&key);
    let sql = sql.raw(" IS NOT NULL;\n  ELSE\n    ");
    let sql = select(sql, number).raw("NEW.").ident(&key).raw(" WHERE NEW.").ident(&key);
    Ok(sql.raw(" IS NOT NULL;\n  END IF;\n  RETURN NULL;\nEND "))
}

fn everything(sql: Sql, number: i32) -> Sql {
    values(sql, number).raw("'00000000-0000-0000-0000-000000000000');\n")
}

/// Without a key a statement is noted once if it touched a row at all; where only rows are heard of, each is: whoever
/// looked whether there is a note already would be in the way of others who look.
fn something_changed(sql: Sql, number: i32) -> Sql {
    let sql = sql.raw("  ELSIF TG_ARGV[0] OPERATOR(pg_catalog.=) 'rows' THEN\n    ");
    let sql = select(sql, number).raw("'00000000-0000-0000-0000-000000000000' WHERE EXISTS (SELECT FROM changed);\n");
    everything(sql.raw("  ELSE\n    "), number)
}

fn values(sql: Sql, number: i32) -> Sql {
    let sql = sql.raw("INSERT INTO sojourn.tracking (stream, version, object_id) VALUES (").number(number.into());
    sql.raw(", pg_catalog.pg_current_xact_id(), ")
}

fn select(sql: Sql, number: i32) -> Sql {
    let sql = sql.raw("INSERT INTO sojourn.tracking (stream, version, object_id) SELECT ").number(number.into());
    sql.raw(", pg_catalog.pg_current_xact_id(), ")
}

/// Makes a trigger of a stream.
///
/// # Errors
/// [`InvalidIdent`] when the catalog has names that Postgres cannot.
pub fn trigger_create(stream: &Stream, number: i32, trigger: &Trigger) -> Result<Sql, InvalidIdent> {
    let sql = Sql::new("CREATE TRIGGER ").ident(&trigger_name(number, trigger)?).raw(trigger.event);
    let mut sql = table(sql, stream)?.raw(trigger.each);
    if let Some(key) = stream.key_column.as_ref().filter(|_| trigger.if_key_changed) {
        let key = Ident::new(key)?;
        sql = sql.raw(" WHEN (OLD.").ident(&key).raw(" IS DISTINCT FROM NEW.").ident(&key).raw(")");
    }
    Ok(sql.raw(" EXECUTE FUNCTION sojourn.").ident(&function_name(number)?).raw(trigger.call))
}

/// Lets the triggers of a stream fire whatever `session_replication_role` says.
///
/// # Errors
/// As [`trigger_create`].
pub fn triggers_enable(stream: &Stream, number: i32) -> Result<Sql, InvalidIdent> {
    let names = triggers(stream).iter().map(|trigger| trigger_name(number, trigger)).collect::<Result<Vec<_>, _>>()?;
    let sql = table(Sql::new("ALTER TABLE "), stream)?;
    Ok(sql.raw(" ").list(&names, ", ", |sql, name| sql.raw("ENABLE ALWAYS TRIGGER ").ident(name)))
}

/// Drops a trigger.
///
/// # Errors
/// As [`trigger_create`].
pub fn trigger_drop(stream: &Stream, name: &str) -> Result<Sql, InvalidIdent> {
    table(Sql::new("DROP TRIGGER ").ident(&Ident::new(name)?).raw(" ON "), stream)
}

/// Waits until nobody writes these tables, and keeps writers out until the end of the transaction. A trigger can be
/// made then; to drop one, readers must be kept out too.
///
/// # Errors
/// As [`trigger_create`].
pub fn lock<'a>(streams: impl Iterator<Item = &'a Stream>, readers_too: bool) -> Result<Sql, InvalidIdent> {
    let tables = streams.map(|stream| Ok((Ident::new(&stream.schema)?, Ident::new(&stream.table)?)));
    let tables = tables.collect::<Result<Vec<_>, _>>()?;
    let sql = Sql::new("LOCK TABLE ").list(&tables, ", ", |sql, (schema, table)| sql.table(schema, table));
    Ok(sql.raw(if readers_too { " IN ACCESS EXCLUSIVE MODE" } else { " IN SHARE ROW EXCLUSIVE MODE" }))
}

fn table(sql: Sql, stream: &Stream) -> Result<Sql, InvalidIdent> {
    Ok(sql.table(&Ident::new(&stream.schema)?, &Ident::new(&stream.table)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(key_column: Option<&str>, each_row: bool) -> Stream {
        let (schema, table) = ("crm".to_owned(), "Line".to_owned());
        Stream { schema, table, key_column: key_column.map(ToOwned::to_owned), relation: 1, each_row }
    }

    #[test]
    fn a_key_gets_a_trigger_of_its_own() {
        let names =
            |stream: &Stream| triggers(stream).iter().map(|trigger| (trigger.name, trigger.kind)).collect::<Vec<_>>();
        let of_statements = [("insert", 4), ("update", 16), ("delete", 8), ("truncate", 32)];
        assert_eq!(names(&stream(None, false)), of_statements);
        assert_eq!(names(&stream(Some("id"), false))[..4], of_statements);
        assert_eq!(names(&stream(Some("id"), false))[4], ("key", 17));
        assert_eq!(names(&stream(None, true)), [("insert", 5), ("update", 17), ("delete", 9), ("truncate", 32)]);
    }

    #[test]
    fn triggers_name_the_function_and_what_it_is_called_for() {
        let stream = stream(Some("an id"), false);
        let [insert, .., key] = triggers(&stream).try_into().unwrap_or([TRUNCATE; 5]);
        let text = |trigger| trigger_create(&stream, 7, &trigger).expect("good names").text().to_owned();
        assert_eq!(
            text(insert),
            "CREATE TRIGGER \"sojourn_track_7_insert\" AFTER INSERT ON \"crm\".\"Line\" REFERENCING NEW TABLE AS \
             changed FOR EACH STATEMENT EXECUTE FUNCTION sojourn.\"track_7\"('rows')"
        );
        assert_eq!(
            text(key),
            "CREATE TRIGGER \"sojourn_track_7_key\" AFTER UPDATE ON \"crm\".\"Line\" FOR EACH ROW WHEN (OLD.\"an id\" \
             IS DISTINCT FROM NEW.\"an id\") EXECUTE FUNCTION sojourn.\"track_7\"('old')"
        );
    }

    #[test]
    fn no_name_is_left_to_a_search_path() {
        for stream in [stream(Some("id"), false), stream(None, true)] {
            let body = body(&stream, 7).expect("good names");
            let bare = [" = ", " tracking", " pg_current_xact_id", "::"];
            assert!(bare.iter().all(|bare| !body.contains(bare)), "{body}");
        }
    }

    #[test]
    fn a_name_that_would_end_the_function_is_refused() {
        assert!(function(&stream(Some("a$track$; DROP TABLE b"), false), 1).is_err());
    }
}
