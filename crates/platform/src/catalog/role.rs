//! The role that users' statements run as.

use sqlx::PgConnection;

use crate::database::PlatformError;

/// A role, and what it could get around row-level security with.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Role {
    /// Its oid.
    pub oid: i64,
    /// Its name.
    pub name: String,
    /// It may log in.
    pub can_login: bool,
    /// It is a superuser.
    pub is_superuser: bool,
    /// It has BYPASSRLS.
    pub bypasses_rls: bool,
    /// Other roles it is a member of, directly or not, that are superusers, bypass row-level security or are Sojourn's
    /// own: code that runs as the user could become them. Empty for a superuser, who is everything anyway.
    pub stronger_roles: Vec<String>,
}

/// Reads a role, or none when there is no such role.
pub(super) async fn read(conn: &mut PgConnection, name: &str) -> Result<Option<Role>, PlatformError> {
    sqlx::query_as(
        "SELECT r.oid::bigint AS oid,
                r.rolname::text AS name,
                r.rolcanlogin AS can_login,
                r.rolsuper AS is_superuser,
                r.rolbypassrls AS bypasses_rls,
                ARRAY(SELECT o.rolname::text
                        FROM pg_roles o
                       WHERE NOT r.rolsuper
                         AND o.oid <> r.oid
                         AND (o.rolsuper OR o.rolbypassrls OR o.rolname IN ('sojourn_owner', 'sojourn_service'))
                         AND pg_has_role(r.oid, o.oid, 'MEMBER')
                       ORDER BY o.rolname) AS stronger_roles
           FROM pg_roles r
          WHERE r.rolname = $1",
    )
    .bind(name)
    .fetch_optional(conn)
    .await
    .map_err(PlatformError::doing("reading the acting role from the catalog"))
}
