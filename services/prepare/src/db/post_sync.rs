//! PostSync: batches are durable on the device, so their entries are settled.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::order::order_settled;
use super::progress::progress_advance;
use crate::statement::SyncEntryTable;

#[derive(sqlx::FromRow)]
struct Settling {
    number: i32,
    session_seq: i32,
    kind: String,
    object_type_code: i32,
    after_key: Option<Uuid>,
    to_key: Uuid,
    prepare_seq: i32,
    skipped: Vec<Uuid>,
}

/// Settles the entries of a session's batches up to `batch`, once. Batches of a session that a newer prepare has
/// superseded settle nothing: what they held is sent again. Answers which were settled now.
///
/// # Errors
/// When the database fails.
pub async fn post_sync(
    pool: &PgPool,
    entries: &SyncEntryTable,
    subscription: &SubscriptionId,
    session: Uuid,
    batch: u32,
) -> Result<Vec<u32>, PlatformError> {
    let doing = || PlatformError::doing("settling the entries of a batch");
    let mut tx = pool.begin().await.map_err(doing())?;
    sqlx::query(entries.lock().into_sqlx()).execute(&mut *tx).await.map_err(doing())?;
    let batches: Vec<Settling> = sqlx::query_as(
        "SELECT b.number, s.prepare_seq::int AS session_seq, b.kind, b.object_type_code, b.after_key, b.to_key,
                coalesce(b.prepare_seq, 0) AS prepare_seq, b.skipped
           FROM sojourn.session s
           JOIN sojourn.batch b ON b.session_id = s.id AND b.number > s.settled AND b.number <= $2 AND b.kind <> 'end'
          WHERE s.id = $1 AND s.subscription_id = $3 AND s.state = 'open'
          ORDER BY b.number",
    )
    .bind(session)
    .bind(i64::from(batch))
    .bind(subscription.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(doing())?;
    for batch in &batches {
        settle(&mut tx, entries, subscription, batch).await?;
    }
    if let Some(last) = batches.last() {
        sqlx::query("UPDATE sojourn.session SET settled = $2 WHERE id = $1")
            .bind(session)
            .bind(last.number)
            .execute(&mut *tx)
            .await
            .map_err(doing())?;
        order_settled(&mut tx, session, last.number.unsigned_abs()).await?;
    }
    tx.commit().await.map_err(doing())?;
    Ok(batches.iter().map(|batch| batch.number.unsigned_abs()).collect())
}

async fn settle(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    subscription: &SubscriptionId,
    batch: &Settling,
) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("settling the entries of a batch");
    let Settling { session_seq, object_type_code, after_key, to_key, prepare_seq, skipped, .. } = batch;
    if batch.kind == "deletes" {
        let gone = sqlx::query(entries.post_sync_deletes().into_sqlx()).bind(object_type_code).bind(after_key);
        gone.bind(to_key).execute(&mut **tx).await.map_err(doing())?;
        return Ok(());
    }
    if !skipped.is_empty() {
        let waits = sqlx::query(entries.post_sync_skipped().into_sqlx()).bind(session_seq).bind(object_type_code);
        waits.bind(skipped).execute(&mut **tx).await.map_err(doing())?;
    }
    progress_advance(tx, subscription, *object_type_code, *prepare_seq, *to_key).await
}

/// How many entries of a subscription wait for a newer session.
///
/// # Errors
/// When the database fails.
pub async fn post_sync_pending(
    pool: &PgPool,
    entries: &SyncEntryTable,
    subscription: &SubscriptionId,
) -> Result<u64, PlatformError> {
    let pending: Vec<(i32, i64, i64)> = sqlx::query_as(entries.pending().into_sqlx())
        .bind(subscription.as_str())
        .bind(Vec::<i32>::new())
        .fetch_all(pool)
        .await
        .map_err(PlatformError::doing("counting the sync entries"))?;
    Ok(pending.iter().map(|(_, rows, deletes)| (rows + deletes).unsigned_abs()).sum())
}
