//! What the user has, evaluated as the user: everything of an entity into the temporary table, or candidates alone.

use std::time::Instant;

use sojourn_metadata::rules::FunctionName;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::{self, Identity};
use sojourn_platform::entities::{Published, Table};
use sojourn_platform::filter::Compiled;
use sojourn_platform::sql::{Ident, Sql};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::statement::{self, Evaluation};

/// So many candidates are looked up one by one, by a plan that is kept. A plan for more must know how many there are.
pub const FEW: usize = 500;

/// Candidates that the user has: id and version.
pub type Seen = Vec<(Uuid, i64)>;

/// Makes the temporary table, which the user may fill.
///
/// # Errors
/// When the database fails.
pub async fn evaluate_begin(tx: &mut Transaction<'_, Postgres>, acting_role: &Ident) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("making the temporary table of PrepareSync");
    sqlx::raw_sql(
        "CREATE TEMPORARY TABLE sync_visible (object_type_code int NOT NULL, object_id uuid NOT NULL, version xid NOT NULL)
         ON COMMIT DROP",
    )
    .execute(&mut **tx)
    .await
    .map_err(doing())?;
    let grant = Sql::new("GRANT INSERT ON pg_temp.sync_visible TO ").ident(acting_role);
    sqlx::query(grant.into_sqlx()).execute(&mut **tx).await.map_err(doing())?;
    Ok(())
}

/// The entities whose object ids the acting role may not read any more: nobody has any of their rows.
///
/// # Errors
/// When the database fails.
pub async fn evaluate_withheld(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
) -> Result<Vec<i32>, PlatformError> {
    let tables = || metadata.entities.iter();
    sqlx::query_scalar(
        "SELECT t.code
           FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) t (code, schema, name, key)
           JOIN pg_namespace n ON n.nspname = t.schema
           JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
          WHERE NOT has_schema_privilege($1, n.oid, 'USAGE') OR NOT has_column_privilege($1, c.oid, t.key, 'SELECT')",
    )
    .bind(metadata.acting_role.name())
    .bind(tables().map(|table| table.object_type_code).collect::<Vec<_>>())
    .bind(tables().map(|table| table.schema.name()).collect::<Vec<_>>())
    .bind(tables().map(|table| table.table.name()).collect::<Vec<_>>())
    .bind(tables().map(|table| table.key().name.name()).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("asking what the acting role may read"))
}

/// What came of evaluating an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evaluated {
    /// How many rows the user has.
    pub rows: u64,
    /// How long it took, in microseconds.
    pub us: i64,
}

/// Puts everything of an entity that the user has into the temporary table: in the order of keys, where entries are
/// loaded from it. The transaction acts as the user.
///
/// # Errors
/// When the database fails: the user may have lost the table.
pub async fn evaluate_everything(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    filter: Option<&Compiled>,
    in_order: bool,
) -> Result<Evaluated, PlatformError> {
    let started = Instant::now();
    let Evaluation { sql, params } = match in_order {
        true => statement::visible_in_order(table, filter),
        false => statement::visible(table, filter),
    };
    let query =
        params.into_iter().fold(sqlx::query(sql.into_sqlx()).persistent(false), |query, param| query.bind(param));
    let done = query.execute(&mut **tx).await.map_err(PlatformError::doing("evaluating what the user has"))?;
    Ok(Evaluated { rows: done.rows_affected(), us: i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX) })
}

/// Which of the candidates the user has. The transaction acts as the user.
///
/// # Errors
/// When the database fails.
pub async fn evaluate_candidates(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    filter: Option<&Compiled>,
    candidates: &[Uuid],
) -> Result<Seen, PlatformError> {
    let Evaluation { sql, params } = statement::visible_among(table, filter);
    let query = sqlx::query_as(sql.into_sqlx()).persistent(candidates.len() <= FEW).bind(candidates);
    let query = params.into_iter().fold(query, |query, param| query.bind(param));
    query.fetch_all(&mut **tx).await.map_err(PlatformError::doing("evaluating what the user has of what changed"))
}

/// What the policies of an entity know of the user. The transaction acts as the user.
///
/// # Errors
/// When the function fails or is gone.
pub async fn evaluate_access(
    tx: &mut Transaction<'_, Postgres>,
    function: &FunctionName,
    object_type_code: i32,
) -> Result<serde_json::Value, PlatformError> {
    let found: Option<Json<serde_json::Value>> = sqlx::query_scalar(call(function)?.raw("($1)").into_sqlx())
        .bind(object_type_code)
        .fetch_one(&mut **tx)
        .await
        .map_err(PlatformError::doing("asking what the policies know of the user"))?;
    Ok(found.map_or(serde_json::Value::Null, |Json(value)| value))
}

/// Whether the user may go offline. The transaction acts as the user.
///
/// # Errors
/// When the function fails or is gone.
pub async fn evaluate_go_offline(
    tx: &mut Transaction<'_, Postgres>,
    function: &FunctionName,
) -> Result<bool, PlatformError> {
    let may: Option<bool> = sqlx::query_scalar(call(function)?.raw("()").into_sqlx())
        .fetch_one(&mut **tx)
        .await
        .map_err(PlatformError::doing("asking whether the user may go offline"))?;
    Ok(may == Some(true))
}

/// Whether the user has a role. The transaction acts as the user.
///
/// # Errors
/// When the function fails or is gone.
pub async fn evaluate_role(
    tx: &mut Transaction<'_, Postgres>,
    function: &FunctionName,
    role: &str,
) -> Result<bool, PlatformError> {
    let has: Option<bool> = sqlx::query_scalar(call(function)?.raw("($1)").into_sqlx())
        .bind(role)
        .fetch_one(&mut **tx)
        .await
        .map_err(PlatformError::doing("asking for the user's roles"))?;
    Ok(has == Some(true))
}

fn call(function: &FunctionName) -> Result<Sql, PlatformError> {
    let (schema, name) = (Ident::new(function.schema())?, Ident::new(function.name())?);
    Ok(Sql::new("SELECT ").table(&schema, &name))
}

/// Tables that this transaction has read and nobody declared: a function reads them behind the catalog's back.
///
/// # Errors
/// When the database fails.
pub async fn evaluate_undeclared(
    tx: &mut Transaction<'_, Postgres>,
    watched: &[u32],
) -> Result<Vec<String>, PlatformError> {
    sqlx::query_scalar(
        "SELECT c.oid::regclass::text
           FROM pg_locks l
           JOIN pg_class c ON c.oid = l.relation
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm', 'f')
            AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'sojourn') AND n.nspname NOT LIKE 'pg\\_%'
            AND NOT c.relispartition AND c.oid <> ALL ($1::bigint[]::oid[])
          ORDER BY 1",
    )
    .bind(watched.iter().map(|oid| i64::from(*oid)).collect::<Vec<i64>>())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("looking at what was read"))
}

/// Becomes the user, does something, checks that it still was the user, and becomes the service again.
///
/// # Errors
/// When the identity did not take, or what is done fails.
pub async fn as_user<T, F>(tx: &mut Transaction<'_, Postgres>, identity: &Identity, act: F) -> Result<T, PlatformError>
where
    F: AsyncFnOnce(&mut Transaction<'_, Postgres>) -> Result<T, PlatformError>,
{
    acting::become_user(tx, identity).await?;
    let done = act(tx).await?;
    acting::check_user(tx, identity).await?;
    acting::become_service(tx).await?;
    Ok(done)
}
