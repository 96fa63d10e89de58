//! Columns, their types, and whether the acting role may read them.

use sqlx::PgConnection;

use crate::database::PlatformError;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Column {
    /// The oid of its relation.
    pub relation: i64,
    /// Its number, which it keeps when it is renamed.
    pub number: i16,
    /// Its name.
    pub name: String,
    /// The schema of its type.
    pub type_schema: String,
    /// Its type's name, as `pg_type` has it: `int4`, `_text`.
    pub type_name: String,
    /// Its type's `typtype`.
    #[sqlx(try_from = "String")]
    pub type_kind: TypeKind,
    /// The type's modifier, -1 without one.
    pub typmod: i32,
    /// The type as Postgres spells it, modifier and schema included: good for a cast under any search path.
    pub sql_type: String,
    /// The column or its domain says NOT NULL.
    pub not_null: bool,
    /// The column, its identity or its type gives a value where a writer gives none, or a trigger before the insert may.
    pub has_default: bool,
    /// It is computed, or an identity that nobody else may write.
    pub generated: bool,
    /// The labels of an enum, or of the enum under a domain, in their order; empty otherwise.
    pub enum_labels: Vec<String>,
    /// The acting role may read it.
    pub role_reads: bool,
    /// The acting role may use the schema of its type, and so may name it in a cast.
    pub role_uses_type_schema: bool,
}

/// What sort of type a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// A base type; arrays are such, too.
    Base,
    /// A domain.
    Domain,
    /// An enum.
    Enum,
    /// A composite, a range, a multirange, or what a newer Postgres thinks of.
    Other,
}

impl From<String> for TypeKind {
    fn from(letter: String) -> Self {
        match letter.as_str() {
            "b" => Self::Base,
            "d" => Self::Domain,
            "e" => Self::Enum,
            _ => Self::Other,
        }
    }
}

/// Reads the columns of relations. `role` is the acting role's oid; without one nothing is readable to it.
///
/// A domain may stand on another domain: a NOT NULL anywhere on the way down holds, and the enum at the bottom counts.
pub(super) async fn read(
    conn: &mut PgConnection,
    role: Option<i64>,
    relations: &[i64],
) -> Result<Vec<Column>, PlatformError> {
    sqlx::query_as(
        "WITH RECURSIVE down (type, level, not_null) AS (
             SELECT oid, oid, typnotnull FROM pg_type WHERE typtype = 'd'
           UNION ALL
             SELECT down.type, t.typbasetype, down.not_null OR b.typnotnull
               FROM down
               JOIN pg_type t ON t.oid = down.level AND t.typtype = 'd'
               JOIN pg_type b ON b.oid = t.typbasetype
         ), domain AS (
             SELECT down.type, down.level AS base, down.not_null
               FROM down
               JOIN pg_type t ON t.oid = down.level AND t.typtype <> 'd'
         )
         SELECT a.attrelid::bigint AS relation,
                a.attnum AS number,
                a.attname::text AS name,
                n.nspname::text AS type_schema,
                t.typname::text AS type_name,
                t.typtype::text AS type_kind,
                a.atttypmod AS typmod,
                format_type(a.atttypid, a.atttypmod) AS sql_type,
                a.attnotnull OR coalesce(domain.not_null, false) AS not_null,
                a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL
                  OR EXISTS (SELECT FROM pg_trigger g -- 7: for each row, before, insert
                              WHERE g.tgrelid = a.attrelid AND NOT g.tgisinternal AND g.tgtype & 7 = 7) AS has_default,
                a.attgenerated <> '' OR a.attidentity = 'a' AS generated,
                ARRAY(SELECT e.enumlabel::text
                        FROM pg_enum e
                       WHERE e.enumtypid = coalesce(domain.base, t.oid)
                       ORDER BY e.enumsortorder) AS enum_labels,
                coalesce(has_column_privilege($1::bigint::oid, a.attrelid, a.attnum, 'SELECT'), false) AS role_reads,
                coalesce(has_schema_privilege($1::bigint::oid, n.oid, 'USAGE'), false) AS role_uses_type_schema
           FROM pg_attribute a
           JOIN pg_type t ON t.oid = a.atttypid
           JOIN pg_namespace n ON n.oid = t.typnamespace
           LEFT JOIN domain ON domain.type = t.oid
          WHERE a.attrelid = ANY ($2::bigint[]::oid[])
            AND a.attnum > 0
            AND NOT a.attisdropped
          ORDER BY a.attrelid, a.attnum",
    )
    .bind(role)
    .bind(relations)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading columns from the catalog"))
}
