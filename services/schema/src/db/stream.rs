//! The streams of tracking as they are in the database: `tracked_table`, and the functions and triggers that are there.

use std::collections::BTreeSet;

use sojourn_platform::PlatformError;
use sqlx::PgConnection;

use crate::error::SchemaError;
use crate::register::Stream;
use crate::statement;

/// A stream that has its number, and what of it is installed.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Installed {
    /// Its number.
    pub number: i32,
    /// Its table's oid, which may be gone.
    pub relation: i64,
    /// Its table's schema, as it is now where it is still there.
    pub schema: String,
    /// Its table, as it is now where it is still there.
    pub table: String,
    /// The column it notes.
    pub key_column: Option<String>,
    /// The datasets that need it.
    pub datasets: Vec<String>,
    /// Its table is there.
    pub is_there: bool,
    /// The text of its function; none when that is missing, or does not run as our owner.
    pub body: Option<String>,
    /// Its triggers: name, `tgtype` and `tgenabled`, with blanks between them.
    pub triggers: Vec<String>,
    /// Every partition has them as they are on its table.
    pub partitions_agree: bool,
}

impl Installed {
    /// Whether this is the row of a stream.
    #[must_use]
    pub fn is_of(&self, stream: &Stream) -> bool {
        self.relation == stream.relation && self.key_column == stream.key_column
    }

    /// Whether the function is as it must be.
    ///
    /// # Errors
    /// [`SchemaError::Platform`] when the table has names that Postgres cannot.
    pub fn has_function(&self, stream: &Stream) -> Result<bool, SchemaError> {
        Ok(self.body.as_deref() == Some(statement::body(stream, self.number).map_err(PlatformError::from)?.as_str()))
    }

    /// Whether the triggers are as they must be.
    ///
    /// # Errors
    /// None that can happen.
    pub fn has_triggers(&self, stream: &Stream) -> Result<bool, SchemaError> {
        let expected = statement::triggers(stream).into_iter().map(|trigger| {
            let name = statement::trigger_name(self.number, &trigger)?;
            Ok(format!("{} {} A", name.name(), trigger.kind))
        });
        let expected = expected.collect::<Result<BTreeSet<_>, _>>().map_err(PlatformError::Name)?;
        Ok(self.partitions_agree && expected == self.triggers.iter().cloned().collect())
    }

    /// The names of its triggers.
    pub fn trigger_names(&self) -> impl Iterator<Item = &str> {
        self.triggers.iter().filter_map(|trigger| trigger.split(' ').next())
    }

    /// The stream as if it were wanted, to take it down.
    #[must_use]
    pub fn as_stream(&self) -> Stream {
        Stream {
            schema: self.schema.clone(),
            table: self.table.clone(),
            key_column: self.key_column.clone(),
            relation: self.relation,
            each_row: false,
        }
    }
}

/// Reads every stream, of all datasets.
///
/// # Errors
/// [`PlatformError::Database`].
pub async fn streams_read(conn: &mut PgConnection) -> Result<Vec<Installed>, PlatformError> {
    sqlx::query_as(
        "SELECT t.stream AS number, t.relation::bigint AS relation, t.key_column, t.datasets,
                coalesce(n.nspname::text, t.schema) AS schema,
                coalesce(c.relname::text, t.name) AS \"table\",
                c.oid IS NOT NULL AS is_there,
                CASE WHEN f.prosecdef AND f.proowner = 'sojourn_owner'::regrole THEN f.prosrc END AS body,
                ARRAY(SELECT concat_ws(' ', g.tgname, g.tgtype, g.tgenabled)
                        FROM pg_trigger g
                       WHERE g.tgrelid = t.relation AND g.tgfoid = f.oid AND g.tgparentid = 0) AS triggers,
                NOT EXISTS (SELECT
                              FROM pg_trigger g
                             WHERE g.tgfoid = f.oid AND g.tgparentid <> 0 AND g.tgenabled <> 'A') AS partitions_agree
           FROM sojourn.tracked_table t
           LEFT JOIN pg_class c ON c.oid = t.relation
           LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
           LEFT JOIN pg_proc f ON f.proname = 'track_' || t.stream
                              AND f.pronamespace = 'sojourn'::regnamespace AND f.pronargs = 0
          ORDER BY t.stream",
    )
    .fetch_all(conn)
    .await
    .map_err(PlatformError::doing("reading the tracked tables in sojourn.tracked_table"))
}

/// The number of each stream.
///
/// # Errors
/// [`SchemaError::NotTracked`] names the tables of which a stream is not installed as it must be.
pub async fn numbers(conn: &mut PgConnection, streams: &[Stream]) -> Result<Vec<i32>, SchemaError> {
    let installed = streams_read(conn).await?;
    let (mut numbers, mut missing) = (Vec::with_capacity(streams.len()), BTreeSet::new());
    for stream in streams {
        let found = installed.iter().find(|found| found.is_of(stream));
        match found {
            Some(found) if found.has_function(stream)? && found.has_triggers(stream)? => numbers.push(found.number),
            _ => drop(missing.insert(format!("{}.{}", stream.schema, stream.table))),
        }
    }
    if missing.is_empty() {
        Ok(numbers)
    } else {
        Err(SchemaError::NotTracked { tables: missing.into_iter().collect() })
    }
}
