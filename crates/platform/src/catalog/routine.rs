//! Functions that are known by name.

use sqlx::PgConnection;

use crate::database::PlatformError;

/// One function of a name; others may share it, with other arguments.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Routine {
    /// Its oid.
    pub oid: i64,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The types of its arguments, as Postgres spells them, with commas between them.
    pub arguments: String,
    /// The type of its value; `setof …` when it gives many.
    pub returns: String,
    /// The acting role may use its schema.
    pub role_uses_schema: bool,
    /// The acting role may call it.
    pub role_executes: bool,
}

/// Reads the functions of these names (schema and name each). `role` is the acting role's oid; without one it may
/// nothing.
pub(super) async fn read(
    conn: &mut PgConnection,
    role: Option<i64>,
    names: &[[String; 2]],
) -> Result<Vec<Routine>, PlatformError> {
    let (schemas, names): (Vec<&str>, Vec<&str>) = names.iter().map(|[s, n]| (s.as_str(), n.as_str())).unzip();
    sqlx::query_as(
        "SELECT f.oid::bigint AS oid,
                n.nspname::text AS schema,
                f.proname::text AS name,
                oidvectortypes(f.proargtypes) AS arguments,
                CASE WHEN f.proretset THEN 'setof ' ELSE '' END || format_type(f.prorettype, NULL) AS returns,
                coalesce(has_schema_privilege($1::bigint::oid, n.oid, 'USAGE'), false) AS role_uses_schema,
                coalesce(has_function_privilege($1::bigint::oid, f.oid, 'EXECUTE'), false) AS role_executes
           FROM (SELECT DISTINCT * FROM unnest($2::text[], $3::text[])) AS wanted (schema, name)
           JOIN pg_namespace n ON n.nspname = wanted.schema
           JOIN pg_proc f ON f.pronamespace = n.oid AND f.proname = wanted.name AND f.prokind = 'f'
          ORDER BY f.oid",
    )
    .bind(role)
    .bind(schemas)
    .bind(names)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading the named functions from the catalog"))
}
