//! Why a row is on a device or not: each decision by itself, made by Postgres as it makes them all. Everything happens
//! in a transaction of the administrator that is rolled back, on a copy of the one row; of its values nothing is told.

use sojourn_platform::PlatformError;
use sojourn_platform::entities::Table;
use sojourn_platform::filter::Compiled;
use sojourn_platform::sql::{CatalogExpression, Ident, Sql};
use sqlx::{Acquire as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::overview::entries;

/// Whether something lets the row through, or the words for why that could not be found out.
pub type Decision = Result<bool, String>;

/// A policy for reading that applies to the acting role.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// It lets rows through; otherwise it stops those it does not let through.
    pub permissive: bool,
    /// Its expression, as the catalog prints it; none without one.
    expression: Option<String>,
}

/// A row's sync entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// 0 synchronised, 1 to be moved, 2 to be deleted.
    pub sync_state: i16,
    /// The version that was prepared.
    pub version: i64,
}

/// Begins the transaction: one snapshot for everything. Dropping it leaves nothing behind.
///
/// # Errors
/// When the database fails.
pub async fn explain_begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>, PlatformError> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(PlatformError::doing("beginning to explain"))
}

/// The row's version, as the administrator sees it; none when there is no such row. The row is copied, for the acting
/// role to read the copy.
///
/// # Errors
/// When row-level security holds the administrator back, or the database fails.
pub async fn explain_row(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    object_id: Uuid,
    acting_role: &Ident,
) -> Result<Option<i64>, PlatformError> {
    let doing = || PlatformError::doing("looking up the row");
    // Who is held back by policies must hear it, and not take the row for missing.
    sqlx::query("SELECT set_config('row_security', 'off', true)").execute(&mut **tx).await.map_err(doing())?;
    let copying = Sql::new("CREATE TEMPORARY TABLE sojourn_explained (LIKE ").table(&table.schema, &table.table);
    let copying = copying.raw(") ON COMMIT DROP");
    sqlx::query(copying.into_sqlx()).execute(&mut **tx).await.map_err(doing())?;
    let version = of_row(Sql::new("SELECT e.xmin::text::bigint"), table);
    let version: Option<i64> =
        sqlx::query_scalar(version.into_sqlx()).bind(object_id).fetch_optional(&mut **tx).await.map_err(doing())?;
    let copying = of_row(Sql::new("INSERT INTO pg_temp.sojourn_explained SELECT e.*"), table);
    sqlx::query(copying.into_sqlx()).bind(object_id).execute(&mut **tx).await.map_err(doing())?;
    let granting = Sql::new("GRANT SELECT ON pg_temp.sojourn_explained TO ").ident(acting_role);
    sqlx::query(granting.into_sqlx()).execute(&mut **tx).await.map_err(doing())?;
    Ok(version)
}

fn of_row(sql: Sql, table: &Table) -> Sql {
    let sql = sql.raw(" FROM ").table(&table.schema, &table.table).raw(" e WHERE e.").ident(&table.key().name);
    sql.raw(" = $1")
}

/// The policies for reading that apply to the acting role, those that let rows through first; none at all while
/// row-level security is off. With nothing but `pg_catalog` in the search path, every name in their expressions has its
/// schema.
///
/// # Errors
/// When the database fails.
pub async fn explain_policies(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    acting_role: &Ident,
) -> Result<Option<Vec<Policy>>, PlatformError> {
    let doing = || PlatformError::doing("reading the policies of the table");
    let mut look = tx.begin().await.map_err(doing())?;
    sqlx::query("SELECT set_config('search_path', 'pg_catalog', true)").execute(&mut *look).await.map_err(doing())?;
    let (oid, is_on): (i64, bool) = sqlx::query_as(
        "SELECT c.oid::bigint, c.relrowsecurity
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = $1 AND c.relname = $2",
    )
    .bind(table.schema.name())
    .bind(table.table.name())
    .fetch_one(&mut *look)
    .await
    .map_err(doing())?;
    let policies = sqlx::query_as(
        "SELECT p.polname::text AS name, p.polpermissive AS permissive,
                pg_get_expr(p.polqual, p.polrelid) AS expression
           FROM pg_policy p
          WHERE p.polrelid = $1::bigint::oid AND p.polcmd IN ('r', '*')
            AND EXISTS (SELECT FROM unnest(p.polroles) AS granted (role)
                         WHERE CASE granted.role WHEN 0 THEN true ELSE pg_has_role($2, granted.role, 'USAGE') END)
          ORDER BY NOT p.polpermissive, p.polname",
    )
    .bind(oid)
    .bind(acting_role.name())
    .fetch_all(&mut *look)
    .await
    .map_err(doing())?;
    look.rollback().await.map_err(doing())?;
    Ok(is_on.then_some(policies))
}

/// Whether one policy, by itself, lets the copied row through. The transaction acts as the user.
///
/// # Errors
/// When the connection fails. What fails in the policy is a decision.
pub async fn explain_policy(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    policy: &Policy,
) -> Result<Decision, PlatformError> {
    let Some(expression) = &policy.expression else {
        return Ok(Ok(!policy.permissive));
    };
    let Some(expression) = CatalogExpression::new(expression) else {
        return Ok(Err("its expression cannot be evaluated by itself".to_owned()));
    };
    // The table's own name is what the expression calls its row.
    let sql = Sql::new("SELECT EXISTS (SELECT FROM pg_temp.sojourn_explained AS ").ident(&table.table);
    decide(tx, sql.raw(" WHERE ").catalog_expression(&expression).raw(")"), Vec::new()).await
}

/// Whether a filter lets the copied row through. Its parameters begin at `$1`. The transaction acts as the user: what
/// the user does not see of related rows is null.
///
/// # Errors
/// When the connection fails. What fails in the filter is a decision.
pub async fn explain_filter(tx: &mut Transaction<'_, Postgres>, filter: &Compiled) -> Result<Decision, PlatformError> {
    let sql = Sql::new("SELECT EXISTS (SELECT FROM pg_temp.sojourn_explained e").append(&filter.joins);
    decide(tx, sql.raw(" WHERE ").append(&filter.condition).raw(")"), filter.params.clone()).await
}

/// Whether the user sees the row itself. The transaction acts as the user.
///
/// # Errors
/// When the connection fails. What fails in row-level security is a decision.
pub async fn explain_sight(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    object_id: Uuid,
) -> Result<Decision, PlatformError> {
    let sql = of_row(Sql::new("SELECT EXISTS (SELECT"), table).raw("::uuid)");
    decide(tx, sql, vec![object_id.to_string()]).await
}

/// Asks a yes-or-no question in a savepoint, so that those after it are answered even if it fails.
async fn decide(
    tx: &mut Transaction<'_, Postgres>,
    question: Sql,
    params: Vec<String>,
) -> Result<Decision, PlatformError> {
    let doing = || PlatformError::doing("asking for one decision");
    let mut asking = tx.begin().await.map_err(doing())?;
    let query = sqlx::query_scalar(question.into_sqlx()).persistent(false);
    let query = params.into_iter().fold(query, |query, param| query.bind(param));
    let answered: Result<bool, sqlx::Error> = query.fetch_one(&mut *asking).await;
    asking.rollback().await.map_err(doing())?;
    match answered {
        Ok(decision) => Ok(Ok(decision)),
        Err(sqlx::Error::Database(error)) => Ok(Err(words(error.code().as_deref(), error.message()))),
        Err(error) => Err(doing()(error)),
    }
}

/// What Postgres says about names and privileges is told; other errors may quote the row's values.
fn words(code: Option<&str>, message: &str) -> String {
    match code {
        Some(code) if code.starts_with("42") => format!("{message} (SQLSTATE {code})"),
        Some(code) => format!("it fails with SQLSTATE {code}"),
        None => "it fails".to_owned(),
    }
}

/// The row's sync entry.
///
/// # Errors
/// When the database fails.
pub async fn explain_entry(
    admin: &mut PgConnection,
    number: i64,
    object_type_code: i32,
    object_id: Uuid,
) -> Result<Option<Entry>, PlatformError> {
    let looking = entries(Sql::new("SELECT sync_state, version::text::bigint AS version FROM "), number)?;
    sqlx::query_as(looking.raw(" WHERE object_type_code = $1 AND object_id = $2").into_sqlx())
        .bind(object_type_code)
        .bind(object_id)
        .fetch_optional(admin)
        .await
        .map_err(PlatformError::doing("looking up the row's sync entry"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_never_quotes_a_value() {
        let quoting = words(Some("22P02"), "invalid input syntax for type integer: \"secret\"");
        assert_eq!(quoting, "it fails with SQLSTATE 22P02");
        assert_eq!(words(Some("P0001"), "secret"), "it fails with SQLSTATE P0001");
        let naming = words(Some("42501"), "permission denied for table share");
        assert_eq!(naming, "permission denied for table share (SQLSTATE 42501)");
    }
}
