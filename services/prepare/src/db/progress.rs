//! How far a device has an entity's rows: a position in the order of the sync entries, so that PostSync writes one row
//! whatever a batch holds.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Everything up to here in the order (prepare sequence, object id) is durable on the device; it never moves back.
///
/// # Errors
/// When the database fails.
pub async fn progress_advance(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    object_type_code: i32,
    prepare_seq: i32,
    object_id: Uuid,
) -> Result<(), PlatformError> {
    sqlx::query(
        "INSERT INTO sojourn.sync_progress AS p (subscription_id, object_type_code, prepare_seq, object_id)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (subscription_id, object_type_code) DO UPDATE
            SET prepare_seq = excluded.prepare_seq, object_id = excluded.object_id
          WHERE (p.prepare_seq, p.object_id) < (excluded.prepare_seq, excluded.object_id)",
    )
    .bind(subscription.as_str())
    .bind(object_type_code)
    .bind(prepare_seq)
    .bind(object_id)
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("noting how far an entity is"))?;
    Ok(())
}

/// The device holds nothing any more: everything is to be moved.
///
/// # Errors
/// When the database fails.
pub async fn progress_reset(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<(), PlatformError> {
    sqlx::query("DELETE FROM sojourn.sync_progress WHERE subscription_id = $1")
        .bind(subscription.as_str())
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("starting the subscription over"))?;
    Ok(())
}

/// Forgets entities that are no longer in the metadata.
///
/// # Errors
/// When the database fails.
pub async fn progress_forget(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    in_force: &[i32],
) -> Result<(), PlatformError> {
    sqlx::query("DELETE FROM sojourn.sync_progress WHERE subscription_id = $1 AND object_type_code <> ALL ($2)")
        .bind(subscription.as_str())
        .bind(in_force)
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("forgetting how far entities that are gone were"))?;
    Ok(())
}
