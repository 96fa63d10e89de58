//! What another filter would move, and what it costs to find out.

use serde_json::Value;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::Table;
use sojourn_platform::filter::Compiled;
use sojourn_platform::sql::Sql;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};

use crate::plan::cost::{self, Scan};
use crate::statement;

/// What would move, of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Moving {
    /// Rows that come.
    pub rows_come: i64,
    /// Their bytes.
    pub bytes_come: i64,
    /// Rows that go.
    pub rows_go: i64,
    /// Their bytes.
    pub bytes_go: i64,
    /// Rows that there would be.
    pub rows_then: i64,
}

/// Nobody waits longer for a preview, in milliseconds.
const TIMEOUT: &str = "60000";

/// Compares two filters. The transaction acts as the user; the parameters of `after` come after those of `before`.
///
/// # Errors
/// When the database fails, or does not answer within a minute.
pub async fn preview_moving(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    before: Option<&Compiled>,
    after: Option<&Compiled>,
) -> Result<Moving, PlatformError> {
    let doing = || PlatformError::doing("comparing the filters");
    sqlx::query("SELECT set_config('statement_timeout', $1, true)")
        .bind(TIMEOUT)
        .execute(&mut **tx)
        .await
        .map_err(doing())?;
    let params = [before, after].into_iter().flatten().flat_map(|filter| filter.params.iter());
    let query = sqlx::query_as(statement::preview(table, before, after).into_sqlx()).persistent(false);
    let found: (i64, i64, i64, i64, i64) =
        params.fold(query, |query, param| query.bind(param)).fetch_one(&mut **tx).await.map_err(doing())?;
    let (rows_come, bytes_come, rows_go, bytes_go, rows_then) = found;
    Ok(Moving { rows_come, bytes_come, rows_go, bytes_go, rows_then })
}

/// Tables that are read from end to end to find what a filter lets through. The transaction acts as the user.
///
/// # Errors
/// When the database fails.
pub async fn preview_scans(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    filter: &Compiled,
) -> Result<Vec<Scan>, PlatformError> {
    let statement::Evaluation { sql, params } = statement::visible_ids(table, Some(filter));
    let explain = Sql::new("EXPLAIN (FORMAT JSON) ").append(&sql);
    let query = sqlx::query_scalar(explain.into_sqlx()).persistent(false);
    let query = params.into_iter().fold(query, |query, param| query.bind(param));
    let plan: Json<Value> =
        query.fetch_one(&mut **tx).await.map_err(PlatformError::doing("asking for the cost of the filter"))?;
    Ok(cost::scans(&plan.0))
}

/// About how many rows these tables have, as the planner knows: by table name. Several of one name count together.
///
/// # Errors
/// When the database fails.
pub async fn preview_sizes(
    tx: &mut Transaction<'_, Postgres>,
    tables: &[&Table],
) -> Result<Vec<(String, f64)>, PlatformError> {
    let (schemas, names): (Vec<&str>, Vec<&str>) =
        tables.iter().map(|table| (table.schema.name(), table.table.name())).unzip();
    sqlx::query_as(
        "SELECT c.relname::text, sum(c.reltuples)::float8
           FROM unnest($1::text[], $2::text[]) t (schema, name)
           JOIN pg_namespace n ON n.nspname = t.schema
           JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
          GROUP BY c.relname",
    )
    .bind(schemas)
    .bind(names)
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading how large the tables are"))
}
