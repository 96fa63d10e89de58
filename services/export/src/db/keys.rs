//! Connections with a temporary table of keys: all that the acting role can see of the sync entries.

use sojourn_platform::PlatformError;
use sojourn_platform::sql::{Ident, Sql};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};

/// A connection with the temporary table `name`, as `create` makes it, which the acting role may read.
///
/// # Errors
/// When the database fails.
pub(super) async fn connection(
    pool: &PgPool,
    acting_role: &Ident,
    name: &'static str,
    create: &'static str,
) -> Result<PoolConnection<Postgres>, PlatformError> {
    let doing = || PlatformError::doing("making the temporary table of keys");
    let mut connection = pool.acquire().await.map_err(doing())?;
    // Datasets may have acting roles of their own, and share this connection.
    let readable = "SELECT has_table_privilege($2, to_regclass('pg_temp.' || $1)::oid, 'SELECT')";
    let readable: Option<bool> = sqlx::query_scalar(readable)
        .bind(name)
        .bind(acting_role.name())
        .fetch_one(&mut *connection)
        .await
        .map_err(doing())?;
    if readable.is_none() {
        sqlx::raw_sql(create).execute(&mut *connection).await.map_err(doing())?;
    }
    if readable != Some(true) {
        let grant = Sql::new("GRANT SELECT ON pg_temp.").raw(name).raw(" TO ").ident(acting_role);
        sqlx::query(grant.into_sqlx()).execute(&mut *connection).await.map_err(doing())?;
    }
    Ok(connection)
}
