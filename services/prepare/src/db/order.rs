//! The order of a subscription's sessions, as far as it is needed to tell a device's database from an older copy of it.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::Holds;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// Notes a batch that was settled because it is durable on the device: no device can be at an earlier session any more.
///
/// # Errors
/// When the database fails.
pub async fn order_settled(tx: &mut Transaction<'_, Postgres>, session: Uuid, batch: u32) -> Result<(), PlatformError> {
    sqlx::query(
        "WITH settled AS (
           UPDATE sojourn.session_order SET settled = greatest(settled, $2) WHERE session_id = $1
           RETURNING subscription_id, prepare_seq)
         DELETE FROM sojourn.session_order o USING settled s
          WHERE o.subscription_id = s.subscription_id AND o.prepare_seq < s.prepare_seq",
    )
    .bind(session)
    .bind(i64::from(batch))
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("noting how far the device is"))?;
    Ok(())
}

/// How a device's database compares with what was settled for its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// It holds nothing, whatever was settled.
    Empty,
    /// It holds everything that was settled.
    Current,
    /// It lacks something: another copy of it has synchronised since.
    OlderCopy,
    /// It has been prepared more often than the server knows, or as often and in a session that the server does not
    /// know: the server was restored to an earlier state.
    Ahead,
}

/// Compares how far a device is with what was settled.
///
/// # Errors
/// When the database fails.
pub async fn order_place(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    holds: &Holds,
) -> Result<Device, PlatformError> {
    let (ahead, holds_all): (bool, bool) = sqlx::query_as(
        "SELECT $4 > 0
            AND ($4 > s.prepare_seq
                 OR $4 = s.prepare_seq
                    AND NOT EXISTS (SELECT FROM sojourn.session_order WHERE subscription_id = $1 AND session_id = $2)),
                NOT EXISTS (SELECT FROM sojourn.session_order WHERE subscription_id = $1 AND settled > 0)
             OR EXISTS (SELECT FROM sojourn.session_order
                         WHERE subscription_id = $1 AND session_id = $2 AND settled <= $3)
           FROM sojourn.subscription s WHERE s.id = $1",
    )
    .bind(subscription.as_str())
    .bind(holds.session)
    .bind(i64::from(holds.batch))
    .bind(holds.prepare_seq.cast_signed())
    .fetch_one(&mut **tx)
    .await
    .map_err(PlatformError::doing("comparing how far the device is"))?;
    Ok(match (ahead, holds_all) {
        (true, _) => Device::Ahead,
        (false, true) => Device::Current,
        (false, false) => Device::OlderCopy,
    })
}
