//! What changed since the watermark, and the rows that it concerns.

use std::collections::BTreeSet;

use sojourn_platform::PlatformError;
use sojourn_platform::acting::{self, SCAN_ROLE};
use sojourn_platform::entities::{Published, Table};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::plan::{Changes, Noted};
use crate::sources::Sources;
use crate::statement;

/// A row that changes often is noted often: so many notes for each row that is worth following are read.
const NOTES_FOR_A_ROW: i64 = 8;

/// The two moments between which the clock moved, as texts: of the last prepare and of this one.
#[derive(Debug, Clone, Copy)]
pub struct Moments<'a> {
    /// When the last prepare evaluated the clock.
    pub then: &'a str,
    /// When this one does.
    pub now: &'a str,
}

/// What is noted in these streams of transactions that the watermark did not see: exactly those that were under way
/// when it was taken, and those that began later. Of a stream with more notes than are worth reading, only that is told.
///
/// # Errors
/// When the database fails.
pub async fn changes_since(
    tx: &mut Transaction<'_, Postgres>,
    watermark: &str,
    streams: &BTreeSet<i32>,
    limit: i64,
) -> Result<Changes, PlatformError> {
    let most = limit.saturating_mul(NOTES_FOR_A_ROW);
    let rows: Vec<(i32, i64, Vec<Uuid>)> = sqlx::query_as(
        "SELECT s.stream, c.notes, c.ids
           FROM unnest($2::int[]) s (stream),
        LATERAL (SELECT count(*) AS notes, coalesce(array_agg(DISTINCT object_id), '{}') AS ids
                   FROM ((SELECT t.object_id FROM sojourn.tracking t
                           WHERE t.stream = s.stream AND t.version >= pg_snapshot_xmax($1::text::pg_snapshot)
                           ORDER BY t.version LIMIT $3 + 1)
                         UNION ALL
                         (SELECT t.object_id FROM sojourn.tracking t
                           WHERE t.stream = s.stream
                             AND t.version = ANY (ARRAY(SELECT pg_snapshot_xip($1::text::pg_snapshot)))
                           LIMIT $3 + 1)) n) c
          WHERE c.notes > 0",
    )
    .bind(watermark)
    .bind(streams.iter().copied().collect::<Vec<i32>>())
    .bind(most)
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading what changed since the last prepare"))?;
    let mut changes = Changes::default();
    for (stream, notes, ids) in rows {
        let ids = if notes > most { Noted::TooMuch } else { Noted::Ids(ids.into_iter().collect()) };
        changes.0.insert(stream, ids);
    }
    Ok(changes)
}

/// The rows of an entity that changes concern, wherever they come from; at most `limit` and one more from each source.
/// Nothing of them is read but keys, references and times.
///
/// # Errors
/// When the role did not take, or the database fails.
pub async fn changes_concern(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
    table: &Table,
    sources: &Sources,
    changes: &Changes,
    clock: Moments<'_>,
    limit: i64,
) -> Result<BTreeSet<Uuid>, PlatformError> {
    let mut candidates = BTreeSet::new();
    let mut far = Vec::new();
    for (path, streams) in &sources.rows {
        let ids = changes.of(streams);
        match path.is_empty() {
            true => candidates.extend(ids),
            false if ids.is_empty() => {}
            false => far.push((path, ids)),
        }
    }
    if far.is_empty() && (sources.clock.is_empty() || clock.then == clock.now) {
        return Ok(candidates);
    }
    let doing = || PlatformError::doing("finding the rows that refer to what changed");
    acting::become_role(tx, SCAN_ROLE).await?;
    for (path, ids) in far {
        let statement = statement::referring(metadata, table, path)?;
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let found = sqlx::query_scalar(statement.into_sqlx()).bind(ids).bind(limit + 1);
        candidates.extend(found.fetch_all(&mut **tx).await.map_err(doing())?.into_iter().collect::<Vec<Uuid>>());
    }
    for bound in &sources.clock {
        let statement = statement::swept(metadata, table, bound)?;
        let found = sqlx::query_scalar(statement.into_sqlx()).bind(clock.then).bind(clock.now);
        let found = found.bind(offset(&bound.offset)).bind(limit + 1);
        candidates.extend(found.fetch_all(&mut **tx).await.map_err(doing())?.into_iter().collect::<Vec<Uuid>>());
    }
    acting::become_service(tx).await?;
    Ok(candidates)
}

/// No offset is an interval of nothing.
fn offset(text: &str) -> &str {
    if text.is_empty() { "0" } else { text }
}
