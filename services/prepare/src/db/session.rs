//! Sessions: opened by a prepare, superseded by the next, finished by the agent.

use jiff::Timestamp;
use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::{Batching, EntityCounts, PrepareOutcome};
use sqlx::types::Json;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

/// The answer to a request that was prepared before: a repeated request opens no second session.
///
/// # Errors
/// When the database fails.
pub async fn session_of_request(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    request: Uuid,
) -> Result<Option<PrepareOutcome>, PlatformError> {
    let found: Option<Json<PrepareOutcome>> =
        sqlx::query_scalar("SELECT result FROM sojourn.session WHERE subscription_id = $1 AND request = $2")
            .bind(subscription.as_str())
            .bind(request)
            .fetch_optional(&mut **tx)
            .await
            .map_err(PlatformError::doing("looking up the session of a request"))?;
    Ok(found.map(|json| json.0))
}

/// A session to be opened.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// Its subscription.
    pub subscription: &'a SubscriptionId,
    /// The request it answers.
    pub request: Uuid,
    /// The metadata version of its batches.
    pub metadata_version: u32,
    /// The subscription's how manyeth prepare it is.
    pub prepare_seq: i32,
    /// How large the device wants its batches.
    pub batching: Option<Batching>,
    /// The hash of everything that decided who sees what.
    pub definition: &'a str,
    /// The clock that filters were evaluated with.
    pub evaluated_at: Timestamp,
    /// The answer.
    pub outcome: &'a PrepareOutcome,
}

/// Opens a session in the transaction of its prepare, superseding the one before, and moves the watermark. From now on a
/// device may be at it.
///
/// # Errors
/// When the database fails.
pub async fn session_open(tx: &mut Transaction<'_, Postgres>, session: &NewSession<'_>) -> Result<(), PlatformError> {
    let entities: &[EntityCounts] = match session.outcome {
        PrepareOutcome::Prepared { entities, .. } => entities,
        PrepareOutcome::Refused { .. } | PrepareOutcome::Unknown => &[],
    };
    let column = |count: fn(&EntityCounts) -> u64| entities.iter().map(|e| count(e).cast_signed()).collect::<Vec<_>>();
    // In one statement: a prepare of nothing is mostly round trips.
    sqlx::query(
        "WITH superseded AS (
           UPDATE sojourn.session SET state = 'superseded' WHERE subscription_id = $1 AND state = 'open'),
         watermark AS (
           UPDATE sojourn.subscription
              SET snapshot = pg_current_snapshot(), evaluated_at = $7::text::timestamptz, prepare_seq = $4,
                  definition = $8, metadata_version = $5,
                  status = CASE status WHEN 'expired' THEN 'active' ELSE status END
            WHERE id = $1),
         opened AS (
           INSERT INTO sojourn.session (id, subscription_id, request, prepare_seq, metadata_version, result,
                                        batch_rows, batch_bytes)
           VALUES ($2, $1, $3, $4, $5, $6, $13, $14)),
         place AS (
           INSERT INTO sojourn.session_order (session_id, subscription_id, prepare_seq) VALUES ($2, $1, $4))
         INSERT INTO sojourn.subscription_sync_info
                (session_id, object_type_code, insert_count, update_count, delete_count)
         SELECT $2, * FROM unnest($9::int[], $10::bigint[], $11::bigint[], $12::bigint[])",
    )
    .bind(session.subscription.as_str())
    .bind(session.id)
    .bind(session.request)
    .bind(i64::from(session.prepare_seq))
    .bind(i64::from(session.metadata_version))
    .bind(Json(session.outcome))
    .bind(session.evaluated_at.to_string())
    .bind(session.definition)
    .bind(entities.iter().map(|e| e.object_type_code).collect::<Vec<i32>>())
    .bind(column(|e| e.insert))
    .bind(column(|e| e.update))
    .bind(column(|e| e.delete))
    .bind(session.batching.map(|batching| at_most_int(batching.rows)))
    .bind(session.batching.map(|batching| i64::try_from(batching.bytes).unwrap_or(i64::MAX)))
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("opening the session"))?;
    Ok(())
}

/// The sequence that the subscription's next operation must have. Replay owns it.
///
/// # Errors
/// When the database fails.
pub async fn session_next_sequence(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<u64, PlatformError> {
    let next: Option<i64> =
        sqlx::query_scalar("SELECT next_sequence FROM sojourn.replay_progress WHERE subscription_id = $1")
            .bind(subscription.as_str())
            .fetch_optional(&mut **tx)
            .await
            .map_err(PlatformError::doing("reading the next sequence"))?;
    Ok(next.map_or(1, i64::unsigned_abs))
}

/// The sessions whose batches nobody will read any more.
///
/// # Errors
/// When the database fails.
pub async fn session_superseded(pool: &PgPool, subscription: &SubscriptionId) -> Result<Vec<Uuid>, PlatformError> {
    sqlx::query_scalar("SELECT id FROM sojourn.session WHERE subscription_id = $1 AND state = 'superseded'")
        .bind(subscription.as_str())
        .fetch_all(pool)
        .await
        .map_err(PlatformError::doing("listing superseded sessions"))
}

/// Notes that the batches of a superseded session are purged. What it moved is kept for a while.
///
/// # Errors
/// When the database fails.
pub async fn session_abandon(pool: &PgPool, session: Uuid) -> Result<(), PlatformError> {
    sqlx::query("UPDATE sojourn.session SET state = 'abandoned' WHERE id = $1 AND state = 'superseded'")
        .bind(session)
        .execute(pool)
        .await
        .map_err(PlatformError::doing("giving a superseded session up"))?;
    Ok(())
}

/// What the receipt of a batch calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The window is open and nobody is at it: export must be woken.
    Wake,
    /// A worker is at it and will look again: a hint lets it look now.
    Hint,
    /// There is nothing to do.
    Noted,
}

/// Notes that the device has received a batch, which opens the window for the next, and how many rows it wants from then
/// on. A number that was never made opens nothing.
///
/// A worker that finds the window closed locks its row of `export_activity`, looks once more, and marks itself idle;
/// so whoever reads that row after noting the receipt knows whether it was seen.
///
/// # Errors
/// When the database fails.
pub async fn session_received(
    pool: &PgPool,
    subscription: &SubscriptionId,
    session: Uuid,
    batch: u32,
    batch_rows: Option<u32>,
) -> Result<Received, PlatformError> {
    let doing = || PlatformError::doing("noting a received batch");
    let mut tx = pool.begin().await.map_err(doing())?;
    let open: Option<bool> = sqlx::query_scalar(
        "UPDATE sojourn.session s
            SET received = greatest(s.received,
                  least($3, (SELECT coalesce(max(b.number), 0) FROM sojourn.batch b WHERE b.session_id = s.id))),
                paced_batch = CASE WHEN $4 IS NULL OR s.paced_batch > $3 THEN s.paced_batch ELSE $3 END,
                paced_rows = CASE WHEN $4 IS NULL OR s.paced_batch > $3 THEN s.paced_rows ELSE $4 END
          WHERE s.id = $1 AND s.subscription_id = $2 AND s.state = 'open'
         RETURNING NOT EXISTS (SELECT FROM sojourn.batch b WHERE b.session_id = s.id AND b.kind = 'end')",
    )
    .bind(session)
    .bind(subscription.as_str())
    .bind(at_most_int(batch))
    .bind(batch_rows.map(at_most_int))
    .fetch_optional(&mut *tx)
    .await
    .map_err(doing())?;
    let active: Option<bool> =
        sqlx::query_scalar("SELECT active FROM sojourn.export_activity WHERE session_id = $1 FOR SHARE")
            .bind(session)
            .fetch_optional(&mut *tx)
            .await
            .map_err(doing())?;
    tx.commit().await.map_err(doing())?;
    Ok(match (open, active) {
        (Some(true), Some(true)) => Received::Hint,
        (Some(true), _) => Received::Wake,
        _ => Received::Noted,
    })
}

/// A number of the wire as an `int` of Postgres.
fn at_most_int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// Closes a session when every batch up to `last`, the one before its end, is durable on the device. Answers whether it
/// is closed.
///
/// # Errors
/// When the database fails.
pub async fn session_finish(
    pool: &PgPool,
    subscription: &SubscriptionId,
    session: Uuid,
    last: u32,
) -> Result<bool, PlatformError> {
    let closed: Option<i32> = sqlx::query_scalar(
        "UPDATE sojourn.session s SET state = 'finished', finished_at = coalesce(finished_at, now())
          WHERE s.id = $1 AND s.subscription_id = $2 AND s.state IN ('open', 'finished') AND s.settled >= $3
            AND EXISTS (SELECT FROM sojourn.batch b WHERE b.session_id = s.id AND b.kind = 'end' AND b.number - 1 = $3)
         RETURNING 1",
    )
    .bind(session)
    .bind(subscription.as_str())
    .bind(at_most_int(last))
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("finishing the session"))?;
    Ok(closed.is_some())
}
