//! Making the indexes by which duplicates are found, one after the other and outside of a transaction: users write their
//! tables meanwhile.

use std::collections::BTreeSet;
use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_platform::entities::Published;
use sojourn_platform::sql::Sql;
use sqlx::PgConnection;

use crate::error::SchemaError;
use crate::index::Indexed;
use crate::register::Registration;
use crate::statement::duplicate::{self, Needed, Other};

/// Two registrations at once would make the same index. The lock is asked for again and again: a session that waits for
/// it would itself be waited for by the other one's index.
const AGAIN: Duration = Duration::from_millis(200);
const LOOKING: &str = "looking for the indexes by which duplicates are found";

/// An index of ours.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Ours {
    schema: String,
    table: String,
    name: String,
    /// Its making was finished.
    is_valid: bool,
    /// Its table has partitions.
    is_partitioned: bool,
}

/// Makes what the rules of a registration need and removes what they no longer need; `progress` hears of each before it
/// begins.
///
/// # Errors
/// [`SchemaError::Index`] names the index; those before it stay.
pub async fn install(
    conn: &mut PgConnection,
    registration: &Registration,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Indexed, SchemaError> {
    let metadata = Published::new(0, registration.metadata.clone())?;
    let needed = duplicate::needed(&registration.replay, &metadata).map_err(PlatformError::from)?;
    lock(conn).await?;
    let done = replace(conn, &duplicate::prefix(&metadata.dataset), &needed, progress).await;
    unlock(conn).await?;
    done
}

async fn replace(
    conn: &mut PgConnection,
    prefix: &str,
    needed: &[Needed],
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Indexed, SchemaError> {
    let (ours, others) = (ours(conn, prefix).await?, others(conn, needed).await?);
    let is_made = |index: &Needed| ours.iter().any(|ours| ours.is_valid && ours.is(index));
    let mut indexed = Indexed::default();
    for ours in ours.iter().filter(|ours| !(ours.is_valid && needed.iter().any(|index| ours.is(index)))) {
        let doing = format!("removing the index {}.{} from {}", ours.schema, ours.name, ours.table);
        progress(&doing);
        let drop = duplicate::drop(&ours.schema, &ours.name, !ours.is_partitioned).map_err(PlatformError::from)?;
        run(conn, drop, doing).await?;
        if ours.is_valid {
            indexed.removed.push(format!("{}.{} ({})", ours.schema, ours.table, ours.name));
        }
    }
    for index in needed.iter().filter(|index| !is_made(index)) {
        if others.iter().any(|other| index.is_served_by(other)) {
            continue;
        }
        let (schema, table, name) = (index.schema.name(), index.table.name(), index.name.name());
        let doing = format!("making the index {schema}.{name} on {table}, by which duplicates are found");
        progress(&doing);
        let is_partitioned = is_partitioned(conn, index).await?;
        run(conn, index.create(!is_partitioned), doing).await?;
        indexed.made.push(format!("{schema}.{table} ({name})"));
    }
    Ok(indexed)
}

impl Ours {
    fn is(&self, index: &Needed) -> bool {
        self.schema == index.schema.name() && self.table == index.table.name() && self.name == index.name.name()
    }
}

async fn run(conn: &mut PgConnection, sql: Sql, doing: String) -> Result<(), SchemaError> {
    let done = sqlx::raw_sql(sql.into_sqlx()).execute(conn).await;
    done.map(drop).map_err(|source| SchemaError::Index { doing, source })
}

async fn ours(conn: &mut PgConnection, prefix: &str) -> Result<Vec<Ours>, PlatformError> {
    sqlx::query_as(
        "SELECT n.nspname::text AS schema, t.relname::text AS \"table\", c.relname::text AS name,
                i.indisvalid AS is_valid, t.relkind = 'p' AS is_partitioned
           FROM pg_catalog.pg_index i
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
           JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
          WHERE starts_with(c.relname::text, $1)
          ORDER BY 1, 2, 3",
    )
    .bind(prefix)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing(LOOKING))
}

/// Indexes of somebody else over whole columns, by which the values are found that are compared: in their own order, or
/// by the default collation.
async fn others(conn: &mut PgConnection, needed: &[Needed]) -> Result<Vec<Other>, PlatformError> {
    let tables: BTreeSet<(&str, &str)> = needed.iter().map(|i| (i.schema.name(), i.table.name())).collect();
    let (schemas, tables): (Vec<&str>, Vec<&str>) = tables.into_iter().unzip();
    sqlx::query_as(
        "SELECT wanted.schema, wanted.name AS \"table\", i.indisunique AS is_unique, k.columns
           FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
           JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
           JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = wanted.name
           JOIN pg_catalog.pg_index i ON i.indrelid = t.oid
           JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
           JOIN pg_catalog.pg_am m ON m.oid = c.relam AND m.amname = 'btree'
          CROSS JOIN LATERAL (
                SELECT array_agg(a.attname::text ORDER BY k.place) AS columns,
                       bool_or(a.atttypid IN ('bpchar'::regtype, 'name'::regtype)) AS is_cast
                  FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
                  JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
                 WHERE k.place <= i.indnkeyatts) AS k
          WHERE i.indisvalid AND i.indisready AND i.indpred IS NULL AND i.indexprs IS NULL
            AND NOT starts_with(c.relname::text, $3) AND NOT k.is_cast
            AND NOT EXISTS (SELECT FROM unnest(i.indcollation::oid[]) AS x (collation_oid)
                             WHERE collation_oid NOT IN (0, 'pg_catalog.\"default\"'::regcollation))",
    )
    .bind(schemas)
    .bind(tables)
    .bind(duplicate::PREFIX)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing(LOOKING))
}

async fn is_partitioned(conn: &mut PgConnection, index: &Needed) -> Result<bool, PlatformError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT
                          FROM pg_catalog.pg_class c
                          JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                         WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind = 'p')",
    )
    .bind(index.schema.name())
    .bind(index.table.name())
    .fetch_one(conn)
    .await
    .map_err(PlatformError::doing(LOOKING))
}

async fn lock(conn: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("waiting for another registration to make its indexes");
    loop {
        let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('sojourn.index', 0))")
            .fetch_one(&mut *conn)
            .await
            .map_err(doing())?;
        if locked {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn unlock(conn: &mut PgConnection) -> Result<(), PlatformError> {
    sqlx::query("SELECT pg_advisory_unlock(hashtextextended('sojourn.index', 0))")
        .execute(conn)
        .await
        .map_err(PlatformError::doing("letting another registration make its indexes"))?;
    Ok(())
}
