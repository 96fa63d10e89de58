//! RecordSyncInfo: what a device says of a session that is over, beside what the session had to move.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::sync_info::{EntitySyncInfo, SyncInfo};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// Stores what the device says of its session. Repeating it changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn sync_info_record(
    pool: &PgPool,
    subscription: &SubscriptionId,
    session: Uuid,
    info: &SyncInfo,
) -> Result<(), PlatformError> {
    let entities: &[EntitySyncInfo] = &info.entities;
    sqlx::query(
        "WITH session AS (
           UPDATE sojourn.session SET elapsed_ms = $3 WHERE id = $1 AND subscription_id = $2
           RETURNING id, started_at)
         UPDATE sojourn.subscription_sync_info i
            SET first_at = s.started_at + (e ->> 'first_ms')::float8 * interval '1 millisecond',
                last_at = s.started_at + (e ->> 'last_ms')::float8 * interval '1 millisecond',
                row_count = (e ->> 'rows')::bigint, deleted_count = (e ->> 'deletes')::bigint,
                set_aside_count = (e ->> 'set_aside')::bigint, batch_count = (e ->> 'batches')::int,
                retry_count = (e ->> 'retries')::int, wire_bytes = (e ->> 'wire_bytes')::bigint,
                row_bytes = (e ->> 'row_bytes')::bigint, read_us = (e #>> '{server,read_us}')::bigint,
                encode_us = (e #>> '{server,encode_us}')::bigint, store_us = (e #>> '{server,store_us}')::bigint,
                fetch_us = (e #>> '{device,fetch_us}')::bigint, decode_us = (e #>> '{device,decode_us}')::bigint,
                load_us = (e #>> '{device,load_us}')::bigint
           FROM session s, jsonb_array_elements($4) e
          WHERE i.session_id = s.id AND i.object_type_code = (e ->> 'object_type_code')::int",
    )
    .bind(session)
    .bind(subscription.as_str())
    .bind(i64::try_from(info.elapsed_ms).unwrap_or(i64::MAX))
    .bind(Json(entities))
    .execute(pool)
    .await
    .map_err(PlatformError::doing("recording what a session moved"))?;
    Ok(())
}
