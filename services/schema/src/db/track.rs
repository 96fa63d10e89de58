//! Installing tracking, in one transaction of the administrator.

use sojourn_platform::PlatformError;
use sojourn_platform::sql::{InvalidIdent, Sql};
use sqlx::{Connection as _, PgConnection};

use super::scan;
use super::stream::{Installed, streams_read};
use crate::error::SchemaError;
use crate::register::{Registration, Stream};
use crate::statement;
use crate::track::Tracked;

const INSTALLING: &str = "installing the triggers that track changes, which the owner of the tables or a superuser may";

const LOCKING: &str = "locking the tables whose changes are to be tracked, which their owner or a superuser may";

/// Installs what is missing and removes what no dataset needs any more.
///
/// # Errors
/// [`SchemaError::Busy`] when somebody writes a table just now; nothing was changed.
pub async fn install(admin: &mut PgConnection, registration: &Registration) -> Result<Tracked, SchemaError> {
    let mut tx = admin.begin().await.map_err(PlatformError::doing(INSTALLING))?;
    super::lock(&mut tx).await?;
    sqlx::query("SELECT set_config('search_path', 'pg_catalog', true)")
        .execute(&mut *tx)
        .await
        .map_err(PlatformError::doing(INSTALLING))?;
    become_owner(&mut tx).await?;
    relations_correct(&mut tx).await?;
    streams_enlist(&mut tx, registration).await?;
    let streams = streams_read(&mut tx).await?;
    become_admin(&mut tx).await?;
    let plan = Plan::of(registration, &streams)?;
    wait(&mut tx, &plan).await?;
    plan.remove(&mut tx).await?;
    plan.make(&mut tx).await?;
    scan::grant(&mut tx, registration, &streams).await?;
    tx.commit().await.map_err(PlatformError::doing(INSTALLING))?;
    Ok(plan.tracked(registration))
}

async fn run(conn: &mut PgConnection, sql: Result<Sql, InvalidIdent>) -> Result<(), SchemaError> {
    let sql = sql.map_err(PlatformError::from)?;
    sqlx::query(sql.into_sqlx()).execute(conn).await.map_err(PlatformError::doing(INSTALLING))?;
    Ok(())
}

/// What we make belongs to our owner.
async fn become_owner(conn: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = PlatformError::doing("becoming sojourn_owner, which installs the functions of tracking");
    sqlx::query("SELECT set_config('role', 'sojourn_owner', true)").execute(conn).await.map_err(doing)?;
    Ok(())
}

async fn become_admin(conn: &mut PgConnection) -> Result<(), PlatformError> {
    let doing = PlatformError::doing("leaving sojourn_owner");
    sqlx::query("SELECT set_config('role', 'none', true)").execute(conn).await.map_err(doing)?;
    Ok(())
}

/// In a database that was restored, tables have other oids than those they had: a stream's own triggers tell its table.
async fn relations_correct(conn: &mut PgConnection) -> Result<(), PlatformError> {
    sqlx::query(
        "UPDATE sojourn.tracked_table t
            SET relation = found.relation
           FROM (SELECT f.proname, min(g.tgrelid::bigint)::oid AS relation
                   FROM pg_trigger g
                   JOIN pg_proc f ON f.oid = g.tgfoid AND f.pronamespace = 'sojourn'::regnamespace
                  WHERE g.tgparentid = 0
                  GROUP BY f.proname
                 HAVING count(DISTINCT g.tgrelid) = 1) AS found
          WHERE found.proname = 'track_' || t.stream AND found.relation <> t.relation",
    )
    .execute(conn)
    .await
    .map_err(PlatformError::doing("looking for the tracked tables"))?;
    Ok(())
}

/// Gives each stream a row, and takes the dataset out of the rows of those it no longer needs.
async fn streams_enlist(conn: &mut PgConnection, registration: &Registration) -> Result<(), PlatformError> {
    let streams = &registration.streams;
    let relations: Vec<i64> = streams.iter().map(|stream| stream.relation).collect();
    let schemas: Vec<&str> = streams.iter().map(|stream| stream.schema.as_str()).collect();
    let tables: Vec<&str> = streams.iter().map(|stream| stream.table.as_str()).collect();
    let keys: Vec<Option<&str>> = streams.iter().map(|stream| stream.key_column.as_deref()).collect();
    sqlx::query(
        "WITH wanted AS (
             SELECT relation::oid, schema, name, key_column
               FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[])
                    AS wanted (relation, schema, name, key_column)
         ), left_out AS (
             UPDATE sojourn.tracked_table t
                SET datasets = array_remove(t.datasets, $1)
              WHERE $1 = ANY (t.datasets)
                AND NOT EXISTS (SELECT FROM wanted w
                                 WHERE w.relation = t.relation AND w.key_column IS NOT DISTINCT FROM t.key_column)
         ), shared AS (
             UPDATE sojourn.tracked_table t
                SET datasets = t.datasets || $1, schema = w.schema, name = w.name
               FROM wanted w
              WHERE w.relation = t.relation AND w.key_column IS NOT DISTINCT FROM t.key_column
                AND $1 <> ALL (t.datasets)
         )
         INSERT INTO sojourn.tracked_table (relation, schema, name, key_column, datasets)
         SELECT w.relation, w.schema, w.name, w.key_column, ARRAY[$1]
           FROM wanted w
          WHERE NOT EXISTS (SELECT FROM sojourn.tracked_table t
                             WHERE t.relation = w.relation AND t.key_column IS NOT DISTINCT FROM w.key_column)",
    )
    .bind(&registration.metadata.dataset)
    .bind(relations)
    .bind(schemas)
    .bind(tables)
    .bind(keys)
    .execute(conn)
    .await
    .map_err(PlatformError::doing("enlisting the tracked tables in sojourn.tracked_table"))?;
    Ok(())
}

/// What is to be done.
#[derive(Debug, Default)]
struct Plan {
    /// Streams whose function is missing or another one.
    functions: Vec<(Stream, i32)>,
    /// Streams whose triggers are missing or others, and the names of those that are there.
    triggers: Vec<(Stream, i32, Vec<String>)>,
    /// Streams that nobody needs.
    removed: Vec<Installed>,
}

impl Plan {
    fn of(registration: &Registration, streams: &[Installed]) -> Result<Self, SchemaError> {
        let mut plan = Self::default();
        for stream in &registration.streams {
            let Some(found) = streams.iter().find(|found| found.is_of(stream)) else { continue };
            if !found.has_function(stream)? {
                plan.functions.push((stream.clone(), found.number));
            }
            if !found.has_triggers(stream)? {
                let there = found.trigger_names().map(ToOwned::to_owned).collect();
                plan.triggers.push((stream.clone(), found.number, there));
            }
        }
        plan.removed = streams.iter().filter(|found| found.datasets.is_empty()).cloned().collect();
        Ok(plan)
    }

    fn tracked(&self, registration: &Registration) -> Tracked {
        let name = |stream: &Stream| format!("{}.{}", stream.schema, stream.table);
        let mut installed: Vec<String> = self.triggers.iter().map(|(stream, ..)| name(stream)).collect();
        installed.extend(self.functions.iter().map(|(stream, _)| name(stream)));
        installed.sort();
        installed.dedup();
        let removed = self.removed.iter().map(|removed| name(&removed.as_stream())).collect();
        Tracked { streams: registration.streams.len(), installed, removed }
    }

    async fn remove(&self, conn: &mut PgConnection) -> Result<(), SchemaError> {
        for removed in &self.removed {
            for trigger in removed.trigger_names() {
                run(conn, statement::trigger_drop(&removed.as_stream(), trigger)).await?;
            }
            become_owner(conn).await?;
            run(conn, statement::function_drop(removed.number)).await?;
            become_admin(conn).await?;
        }
        become_owner(conn).await?;
        let numbers: Vec<i32> = self.removed.iter().map(|removed| removed.number).collect();
        sqlx::query(
            "WITH gone AS (DELETE FROM sojourn.tracked_table WHERE stream = ANY ($1))
             DELETE FROM sojourn.tracking WHERE stream = ANY ($1)",
        )
        .bind(numbers)
        .execute(&mut *conn)
        .await
        .map_err(PlatformError::doing("removing tables from sojourn.tracked_table"))?;
        Ok(become_admin(conn).await?)
    }

    async fn make(&self, conn: &mut PgConnection) -> Result<(), SchemaError> {
        become_owner(conn).await?;
        for (stream, number) in &self.functions {
            run(conn, statement::function(stream, *number)).await?;
            run(conn, statement::function_revoke(*number)).await?;
        }
        become_admin(conn).await?;
        for (stream, number, there) in &self.triggers {
            for name in there {
                run(conn, statement::trigger_drop(stream, name)).await?;
            }
            for trigger in statement::triggers(stream) {
                run(conn, statement::trigger_create(stream, *number, &trigger)).await?;
            }
            run(conn, statement::triggers_enable(stream, *number)).await?;
        }
        Ok(())
    }
}

/// Takes all locks before anything is changed, for less than a second: that is shorter than the time after which
/// Postgres looks for deadlocks, so that never somebody else's transaction is ended for ours. An automatic VACUUM gives
/// way to whoever asks for longer than `deadlock_timeout`, which a superuser may shorten.
async fn wait(conn: &mut PgConnection, plan: &Plan) -> Result<(), SchemaError> {
    let mut dropping: Vec<Stream> = plan.removed.iter().filter(|s| s.is_there).map(Installed::as_stream).collect();
    let (new, replaced): (Vec<_>, Vec<_>) = plan.triggers.iter().partition(|(_, _, there)| there.is_empty());
    dropping.extend(replaced.into_iter().map(|(stream, ..)| stream.clone()));
    let mut making: Vec<Stream> = new.into_iter().map(|(stream, ..)| stream.clone()).collect();
    sqlx::query(
        "SELECT set_config('deadlock_timeout', '100ms', true)
          WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
    )
    .execute(&mut *conn)
    .await
    .map_err(PlatformError::doing(INSTALLING))?;
    timeout(conn, "800ms").await?;
    for (streams, readers_too) in [(&mut dropping, true), (&mut making, false)] {
        streams.sort();
        if streams.is_empty() {
            continue;
        }
        let lock = statement::lock(streams.iter(), readers_too).map_err(PlatformError::from)?;
        let locked = sqlx::query(lock.into_sqlx()).execute(&mut *conn).await;
        locked.map_err(|error| match error.as_database_error().and_then(|error| error.code()).as_deref() {
            Some("57014" | "55P03" | "40P01") => SchemaError::Busy {
                relations: streams.iter().map(|stream| stream.relation).collect(),
                tables: Vec::new(),
            },
            _ => PlatformError::doing(LOCKING)(error).into(),
        })?;
    }
    Ok(timeout(conn, "0").await?)
}

async fn timeout(conn: &mut PgConnection, value: &str) -> Result<(), PlatformError> {
    let doing = PlatformError::doing(INSTALLING);
    sqlx::query("SELECT set_config('statement_timeout', $1, true)").bind(value).execute(conn).await.map_err(doing)?;
    Ok(())
}

/// Who holds these tables: table and process, for whoever waits.
///
/// # Errors
/// [`PlatformError::Database`].
pub async fn holders(conn: &mut PgConnection, relations: &[i64]) -> Result<Vec<String>, PlatformError> {
    sqlx::query_scalar(
        "SELECT DISTINCT format('%s (process %s)', l.relation::regclass, l.pid)
           FROM pg_locks l
          WHERE l.granted AND l.pid <> pg_backend_pid() AND l.relation = ANY ($1::bigint[]::oid[])
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          ORDER BY 1",
    )
    .bind(relations)
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("looking for those who hold the tables"))
}
