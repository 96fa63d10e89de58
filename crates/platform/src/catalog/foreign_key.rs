//! Foreign keys: what a column refers to.

use sqlx::PgConnection;

use crate::database::PlatformError;

/// A foreign key of one column.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ForeignKey {
    /// The oid of the relation that refers.
    pub relation: i64,
    /// The number of the column that refers.
    pub column: i16,
    /// The oid of the relation it refers to.
    pub target: i64,
    /// The number of the column it refers to.
    pub target_column: i16,
    /// Its `confdeltype`: `a` no action, `r` restrict, `c` cascade, `n` set null, `d` set default.
    pub on_delete: String,
}

/// Reads the foreign keys of one column that lead from one of these relations to another.
///
/// Postgres keeps a copy of a key for every partition. The copy that a partition inherits is its own key; the one that
/// only leads to a partition of the target is housekeeping.
pub(super) async fn read(conn: &mut PgConnection, relations: &[i64]) -> Result<Vec<ForeignKey>, PlatformError> {
    sqlx::query_as(
        "SELECT DISTINCT ON (k.conrelid, k.conkey[1], k.confrelid, k.confkey[1])
                k.conrelid::bigint AS relation,
                k.conkey[1] AS \"column\",
                k.confrelid::bigint AS target,
                k.confkey[1] AS target_column,
                k.confdeltype::text AS on_delete
           FROM pg_constraint k
           LEFT JOIN pg_constraint parent ON parent.oid = k.conparentid
          WHERE k.contype = 'f'
            AND cardinality(k.conkey) = 1
            AND k.conrelid = ANY ($1::bigint[]::oid[])
            AND k.confrelid = ANY ($1::bigint[]::oid[])
            AND (k.conparentid = 0 OR parent.confrelid = k.confrelid)
          ORDER BY k.conrelid, k.conkey[1], k.confrelid, k.confkey[1], k.conname",
    )
    .bind(relations)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading foreign keys from the catalog"))
}
