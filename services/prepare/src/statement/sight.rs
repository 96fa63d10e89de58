//! Statements that say which rows a user has: under row-level security, and the filter in force.

use sojourn_platform::entities::Table;
use sojourn_platform::filter::Compiled;
use sojourn_platform::sql::Sql;

/// A statement that evaluates an entity as the user, and its parameters for the filter, as texts.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The statement.
    pub sql: Sql,
    /// The filter's parameters, after the statement's own.
    pub params: Vec<String>,
}

/// Fills the temporary table with everything of one entity that the user has. The version of a row is the transaction
/// that wrote it (`xmin`): it differs after every update, and after a delete and re-creation. The filter's parameters
/// begin at `$1`.
#[must_use]
pub fn visible(table: &Table, filter: Option<&Compiled>) -> Evaluation {
    let sql = Sql::new("INSERT INTO pg_temp.sync_visible (object_type_code, object_id, version)\nSELECT ")
        .number(table.object_type_code.into())
        .raw(", e.")
        .ident(&table.key().name)
        .raw(", e.xmin");
    filtered(from(sql, table), filter)
}

/// Does what [`visible`] does, in the order of keys, for an entity whose entries are loaded. The rows are found as they
/// would be otherwise: they are put in order behind a fence, without which the planner may read the table by its key.
#[must_use]
pub fn visible_in_order(table: &Table, filter: Option<&Compiled>) -> Evaluation {
    let sql = Sql::new("INSERT INTO pg_temp.sync_visible (object_type_code, object_id, version)\nSELECT ")
        .number(table.object_type_code.into())
        .raw(", v.id, v.version FROM (\nSELECT e.")
        .ident(&table.key().name)
        .raw(" AS id, e.xmin AS version");
    let Evaluation { sql, params } = filtered(from(sql, table), filter);
    Evaluation { sql: sql.raw("\nOFFSET 0) v\n ORDER BY v.id"), params }
}

/// The ids of everything of one entity that the user has. The filter's parameters begin at `$1`.
#[must_use]
pub fn visible_ids(table: &Table, filter: Option<&Compiled>) -> Evaluation {
    filtered(from(Sql::new("SELECT e.").ident(&table.key().name), table), filter)
}

/// The ids and versions of those candidates that the user has. `$1`: the candidates; the filter's parameters begin at
/// `$2`.
#[must_use]
pub fn visible_among(table: &Table, filter: Option<&Compiled>) -> Evaluation {
    let key = &table.key().name;
    let sql = Sql::new("SELECT e.").ident(key).raw(", e.xmin::text::bigint");
    let joins = filter.map(|filter| filter.joins.clone()).unwrap_or_default();
    let sql = from(sql, table).append(&joins).raw("\n WHERE e.").ident(key).raw(" = ANY ($1)");
    match filter {
        None => Evaluation { sql, params: Vec::new() },
        Some(filter) => {
            Evaluation { sql: sql.raw("\n   AND ").append(&filter.condition), params: filter.params.clone() }
        }
    }
}

fn from(sql: Sql, table: &Table) -> Sql {
    sql.raw("\n  FROM ").table(&table.schema, &table.table).raw(" e")
}

fn filtered(sql: Sql, filter: Option<&Compiled>) -> Evaluation {
    match filter {
        None => Evaluation { sql, params: Vec::new() },
        Some(filter) => Evaluation {
            sql: sql.append(&filter.joins).raw("\n WHERE ").append(&filter.condition),
            params: filter.params.clone(),
        },
    }
}
