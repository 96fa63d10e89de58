//! RecordSyncInfo: what a device says of a session that is over, beside what the session had to move.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::sync_info::{DeviceTime, EntitySyncInfo, ServerTime, SyncInfo};
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
    let entities: Vec<EntitySyncInfo> = info.entities.iter().map(bounded).collect();
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
    .bind(Json(&entities))
    .execute(pool)
    .await
    .map_err(PlatformError::doing("recording what a session moved"))?;
    Ok(())
}

/// What a device says, within what the columns hold: statistics must not keep a session from ending.
fn bounded(info: &EntitySyncInfo) -> EntitySyncInfo {
    const MOST: u64 = i64::MAX.unsigned_abs();
    const MOST_INT: u32 = i32::MAX.unsigned_abs();
    const TEN_YEARS_IN_MS: u64 = 10 * 366 * 24 * 3600 * 1000;
    let EntitySyncInfo { server, device, .. } = info;
    EntitySyncInfo {
        object_type_code: info.object_type_code,
        first_ms: info.first_ms.min(TEN_YEARS_IN_MS),
        last_ms: info.last_ms.min(TEN_YEARS_IN_MS),
        rows: info.rows.min(MOST),
        deletes: info.deletes.min(MOST),
        set_aside: info.set_aside.min(MOST),
        batches: info.batches.min(MOST_INT),
        retries: info.retries.min(MOST_INT),
        wire_bytes: info.wire_bytes.min(MOST),
        row_bytes: info.row_bytes.min(MOST),
        server: ServerTime {
            read_us: server.read_us.min(MOST),
            encode_us: server.encode_us.min(MOST),
            store_us: server.store_us.min(MOST),
        },
        device: DeviceTime {
            fetch_us: device.fetch_us.min(MOST),
            decode_us: device.decode_us.min(MOST),
            load_us: device.load_us.min(MOST),
        },
    }
}
