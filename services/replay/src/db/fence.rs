//! The fence: one row for each subscription, locked while its operations are played back.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::{Postgres, Transaction};

use super::Limits;

/// A worker that holds the fence and says nothing for this long, in milliseconds, is frozen: Postgres ends its session.
const MOST_IDLE: &str = "30000";

/// Limits every further statement of the transaction, and the pauses between them.
pub(super) async fn limit(tx: &mut Transaction<'_, Postgres>, limits: Limits) -> Result<(), PlatformError> {
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
                set_config('idle_in_transaction_session_timeout', $3, true)",
    )
    .bind(limits.statement.as_millis().to_string())
    .bind(limits.lock.as_millis().to_string())
    .bind(MOST_IDLE)
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("limiting the transaction"))?;
    Ok(())
}

/// The sequence that must come next, without waiting for whoever holds the fence.
pub(super) async fn fence_peek(
    executor: impl sqlx::PgExecutor<'_>,
    subscription: &SubscriptionId,
) -> Result<u64, PlatformError> {
    let next: Option<i64> =
        sqlx::query_scalar("SELECT next_sequence FROM sojourn.replay_progress WHERE subscription_id = $1")
            .bind(subscription.as_str())
            .fetch_optional(executor)
            .await
            .map_err(PlatformError::doing("reading the subscription's fence"))?;
    Ok(next.map_or(1, i64::unsigned_abs))
}

/// Locks the subscription's fence, and says which sequence must come next. An unknown subscription has none: 1.
///
/// It does not wait for a worker that holds the fence, because a chunk that was sent many times would keep as many
/// workers from other subscriptions: that is a transient error.
pub(super) async fn fence_lock(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<u64, PlatformError> {
    if let Some(next) = fence_read(tx, subscription).await? {
        return Ok(next);
    }
    sqlx::query(
        "INSERT INTO sojourn.replay_progress (subscription_id)
         SELECT id FROM sojourn.subscription WHERE id = $1 ON CONFLICT (subscription_id) DO NOTHING",
    )
    .bind(subscription.as_str())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("setting the fence"))?;
    Ok(fence_read(tx, subscription).await?.unwrap_or(1))
}

async fn fence_read(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<Option<u64>, PlatformError> {
    let next: Option<i64> = sqlx::query_scalar(
        "SELECT next_sequence FROM sojourn.replay_progress WHERE subscription_id = $1 FOR UPDATE NOWAIT",
    )
    .bind(subscription.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(PlatformError::doing("locking the subscription's fence, which another worker may hold"))?;
    Ok(next.map(i64::unsigned_abs))
}

/// Moves the locked fence behind `count` operations from `next`.
pub(super) async fn fence_advance(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    next: u64,
    count: usize,
) -> Result<(), PlatformError> {
    let moved = sqlx::query(
        "UPDATE sojourn.replay_progress SET next_sequence = next_sequence + $3
          WHERE subscription_id = $1 AND next_sequence = $2",
    )
    .bind(subscription.as_str())
    .bind(next.cast_signed())
    .bind((count as u64).cast_signed())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("moving the fence"))?;
    if moved.rows_affected() == 1 {
        return Ok(());
    }
    Err(PlatformError::Setup(format!(
        "the fence of subscription {subscription} is not at {next} although it is locked"
    )))
}
