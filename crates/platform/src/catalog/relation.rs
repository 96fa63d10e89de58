//! Tables, and other things that stand where a table was expected.

use sqlx::PgConnection;

use crate::database::PlatformError;

/// A table, or what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Relation {
    /// Its oid.
    pub oid: i64,
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its `relkind`: one letter.
    pub kind: String,
    /// The role that owns it.
    pub owner: String,
    /// Row-level security is on.
    pub row_security: bool,
    /// Some policy lets the acting role read rows.
    pub has_read_policy: bool,
    /// The acting role owns it, or is a member of the role that does: row-level security does not hold it back.
    pub role_owns: bool,
    /// The acting role may use its schema.
    pub role_uses_schema: bool,
    /// The acting role may read `xmin`, the version of a row.
    pub role_reads_version: bool,
    /// The column numbers of its primary key, in the key's order; empty without one.
    pub primary_key: Vec<i16>,
    /// It is a partition, or inherits: a statement that names its parent changes its rows.
    pub has_parent: bool,
    /// Other tables inherit from it, which are not its partitions.
    pub has_heirs: bool,
    /// A subscription of logical replication writes it.
    pub is_replicated: bool,
}

impl Relation {
    /// Whether it is a table, partitioned or not.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    /// Whether its rows may be changed without a statement that names it: the triggers of statements would not fire.
    #[must_use]
    pub fn is_changed_unnamed(&self) -> bool {
        self.kind == "p" || self.has_parent || self.is_replicated
    }

    /// What it is, in words: "a view".
    #[must_use]
    pub fn kind_in_words(&self) -> &'static str {
        match self.kind.as_str() {
            "r" => "a table",
            "p" => "a partitioned table",
            "v" => "a view",
            "m" => "a materialized view",
            "f" => "a foreign table",
            "S" => "a sequence",
            "i" | "I" => "an index",
            "c" => "a composite type",
            _ => "not a table",
        }
    }
}

/// Where a table is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub struct TableName {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
}

/// Reads the oids of what stands at these places.
pub(super) async fn find(conn: &mut PgConnection, places: &[[String; 2]]) -> Result<Vec<i64>, PlatformError> {
    let (schemas, names): (Vec<&str>, Vec<&str>) = places.iter().map(|[s, n]| (s.as_str(), n.as_str())).unzip();
    sqlx::query_scalar(
        "SELECT c.oid::bigint
           FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
           JOIN pg_namespace n ON n.nspname = wanted.schema
           JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name",
    )
    .bind(schemas)
    .bind(names)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("looking for tables in the catalog"))
}

/// Reads these relations. `role` is the acting role's oid; without one nothing is allowed to it.
pub(super) async fn read(
    conn: &mut PgConnection,
    role: Option<i64>,
    oids: &[i64],
) -> Result<Vec<Relation>, PlatformError> {
    // System columns have privileges as any other column has; what has no xmin (a view) gives null, and so does no role.
    sqlx::query_as(
        "SELECT c.oid::bigint AS oid,
                n.nspname::text AS schema,
                c.relname::text AS name,
                c.relkind::text AS kind,
                pg_get_userbyid(c.relowner)::text AS owner,
                c.relrowsecurity AS row_security,
                EXISTS (SELECT
                          FROM pg_policy p, unnest(p.polroles) AS granted (role)
                         WHERE p.polrelid = c.oid
                           AND p.polpermissive
                           AND p.polcmd IN ('r', '*')
                           AND CASE granted.role WHEN 0 THEN true
                               ELSE pg_has_role($1::bigint::oid, granted.role, 'USAGE') END) AS has_read_policy,
                coalesce(pg_has_role($1::bigint::oid, c.relowner, 'MEMBER'), false) AS role_owns,
                coalesce(has_schema_privilege($1::bigint::oid, n.oid, 'USAGE'), false) AS role_uses_schema,
                coalesce(has_column_privilege($1::bigint::oid, c.oid, x.attnum, 'SELECT'), false)
                    AS role_reads_version,
                coalesce((SELECT k.conkey
                            FROM pg_constraint k
                           WHERE k.conrelid = c.oid AND k.contype = 'p'), '{}') AS primary_key,
                EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AS has_parent,
                c.relkind <> 'p' AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS has_heirs,
                EXISTS (SELECT FROM pg_subscription_rel s WHERE s.srrelid = c.oid) AS is_replicated
           FROM pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_attribute x ON x.attrelid = c.oid AND x.attname = 'xmin' AND x.attnum < 0
          WHERE c.oid = ANY ($2::bigint[]::oid[])",
    )
    .bind(role)
    .bind(oids)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading tables from the catalog"))
}

/// Reads the names of all tables but Postgres' own and ours.
pub(super) async fn read_names(conn: &mut PgConnection) -> Result<Vec<TableName>, PlatformError> {
    sqlx::query_as(
        "SELECT n.nspname::text AS schema, c.relname::text AS name
           FROM pg_class c
           JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind IN ('r', 'p')
            AND n.nspname NOT IN ('information_schema', 'sojourn')
            AND n.nspname NOT LIKE 'pg\\_%'
          ORDER BY n.nspname, c.relname",
    )
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading the names of all tables from the catalog"))
}
