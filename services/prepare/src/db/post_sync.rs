//! PostSync: a batch is durable on the device, so its entries are settled.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::PgPool;
use uuid::Uuid;

use super::order::order_settled;
use crate::statement::SyncEntryTable;

#[derive(sqlx::FromRow)]
struct Batch {
    kind: String,
    object_type_code: i32,
    after_key: Option<Uuid>,
    to_key: Option<Uuid>,
    skipped: Vec<Uuid>,
}

/// Settles the entries of one batch, once. A batch of a session that a newer prepare has superseded settles nothing:
/// what it held is sent again.
///
/// # Errors
/// When the database fails.
pub async fn post_sync(
    pool: &PgPool,
    entries: &SyncEntryTable,
    subscription: &SubscriptionId,
    session: Uuid,
    batch: u32,
) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("settling the entries of a batch");
    let mut tx = pool.begin().await.map_err(doing())?;
    sqlx::query(entries.lock().into_sqlx()).execute(&mut *tx).await.map_err(doing())?;
    let found: Option<Batch> = sqlx::query_as(
        "WITH settled AS (
           INSERT INTO sojourn.post_sync (session_id, number)
           SELECT b.session_id, b.number FROM sojourn.batch b JOIN sojourn.session s ON s.id = b.session_id
            WHERE b.session_id = $1 AND b.number = $2 AND b.kind <> 'end'
              AND s.subscription_id = $3 AND s.state = 'open'
           ON CONFLICT DO NOTHING
           RETURNING session_id, number)
         SELECT b.kind, b.object_type_code, b.after_key, b.to_key, b.skipped
           FROM sojourn.batch b JOIN settled USING (session_id, number)",
    )
    .bind(session)
    .bind(i64::from(batch))
    .bind(subscription.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(doing())?;
    let Some(Batch { kind, object_type_code, after_key, to_key, skipped }) = found else {
        return tx.commit().await.map_err(doing());
    };
    let rows = kind == "rows";
    let statement = if rows { entries.post_sync_rows() } else { entries.post_sync_deletes() };
    let mut query = sqlx::query(statement.into_sqlx()).bind(object_type_code).bind(after_key).bind(to_key);
    if rows {
        query = query.bind(skipped);
    }
    query.execute(&mut *tx).await.map_err(doing())?;
    order_settled(&mut tx, session, batch).await?;
    tx.commit().await.map_err(doing())
}

/// How many entries of a subscription wait for a newer session.
///
/// # Errors
/// When the database fails.
pub async fn post_sync_pending(pool: &PgPool, entries: &SyncEntryTable) -> Result<u64, PlatformError> {
    let pending: Vec<(i32, i64, i64)> = sqlx::query_as(entries.pending().into_sqlx())
        .fetch_all(pool)
        .await
        .map_err(PlatformError::doing("counting the sync entries"))?;
    Ok(pending.iter().map(|(_, rows, deletes)| (rows + deletes).unsigned_abs()).sum())
}
