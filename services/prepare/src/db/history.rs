//! What sessions had to move and what devices said of them (RecordSyncInfo), for an administrator. Only reads.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::PgConnection;
use uuid::Uuid;

/// A session. Times are texts, in UTC. What was moved is none until its device has said that it is over.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct SessionMoved {
    /// Its id.
    pub session: Uuid,
    /// Its subscription.
    pub subscription: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// The subscription's how manyeth prepare it was.
    pub prepare_seq: i64,
    /// Its state: open, finished, superseded or abandoned.
    pub state: String,
    /// When it was opened.
    pub started_at: String,
    /// When it was finished.
    pub finished_at: Option<String>,
    /// How long PrepareSync took, in milliseconds.
    pub prepare_ms: Option<i64>,
    /// How long the device worked after that, in milliseconds.
    pub elapsed_ms: Option<i64>,
    /// Rows inserted or updated on the device.
    pub rows: Option<i64>,
    /// Rows deleted there.
    pub deletes: Option<i64>,
    /// Batches.
    pub batches: Option<i64>,
    /// Parts or files that were fetched again.
    pub retries: Option<i64>,
    /// Bytes of batch files.
    pub wire_bytes: Option<i64>,
    /// Bytes of the rows as Postgres sent them.
    pub row_bytes: Option<i64>,
}

/// One entity of a session. Stages are in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct EntityMoved {
    /// Its name.
    pub entity: String,
    /// Rows that were new to the device.
    pub inserts: i64,
    /// Rows that the device had in another version.
    pub updates: i64,
    /// Rows that the device had to delete.
    pub planned_deletes: i64,
    /// When its first batch was begun, in UTC.
    pub first_at: Option<String>,
    /// When its last batch was committed on the device, in UTC.
    pub last_at: Option<String>,
    /// Rows inserted or updated on the device.
    pub rows: Option<i64>,
    /// Rows deleted there.
    pub deletes: Option<i64>,
    /// Rows that came beneath unsettled changes of the device.
    pub set_aside: Option<i64>,
    /// Batches.
    pub batches: Option<i32>,
    /// Parts or files that were fetched again.
    pub retries: Option<i32>,
    /// Bytes of batch files.
    pub wire_bytes: Option<i64>,
    /// Bytes of the rows as Postgres sent them.
    pub row_bytes: Option<i64>,
    /// The server read rows.
    pub read_us: Option<i64>,
    /// The server made batch files.
    pub encode_us: Option<i64>,
    /// The server stored their parts.
    pub store_us: Option<i64>,
    /// The device fetched them.
    pub fetch_us: Option<i64>,
    /// The device checked and decoded the files.
    pub decode_us: Option<i64>,
    /// The device wrote rows.
    pub load_us: Option<i64>,
}

/// The newest sessions, at most `limit`, newest first: of every subscription or of one, and only those whose id begins
/// with `prefix`.
///
/// # Errors
/// When the database fails.
pub async fn history_sessions(
    admin: &mut PgConnection,
    subscription: Option<&SubscriptionId>,
    prefix: &str,
    limit: i64,
) -> Result<Vec<SessionMoved>, PlatformError> {
    sqlx::query_as(
        r#"SELECT s.id AS session, s.subscription_id AS subscription, u.user_id, s.prepare_seq, s.state,
                  to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS started_at,
                  to_char(s.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS finished_at,
                  (s.result ->> 'elapsed_ms')::bigint AS prepare_ms, s.elapsed_ms, i.*
             FROM sojourn.session s
             JOIN sojourn.subscription u ON u.id = s.subscription_id
            CROSS JOIN LATERAL (
                 SELECT sum(row_count)::bigint AS rows, sum(deleted_count)::bigint AS deletes,
                        sum(batch_count) AS batches, sum(retry_count) AS retries,
                        sum(wire_bytes)::bigint AS wire_bytes, sum(row_bytes)::bigint AS row_bytes
                   FROM sojourn.subscription_sync_info i WHERE i.session_id = s.id) i
            WHERE ($1::text IS NULL OR s.subscription_id = $1) AND starts_with(s.id::text, $2)
            ORDER BY s.started_at DESC, s.prepare_seq DESC
            LIMIT $3"#,
    )
    .bind(subscription.map(SubscriptionId::as_str))
    .bind(prefix)
    .bind(limit)
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing what sessions moved"))
}

/// The entities of a session of which something was to move or did, in the order in which they came.
///
/// # Errors
/// When the database fails.
pub async fn history_entities(admin: &mut PgConnection, session: Uuid) -> Result<Vec<EntityMoved>, PlatformError> {
    sqlx::query_as(
        r#"SELECT coalesce(e.value ->> 'entity', 'entity ' || i.object_type_code) AS entity,
                  i.insert_count AS inserts, i.update_count AS updates, i.delete_count AS planned_deletes,
                  to_char(i.first_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS first_at,
                  to_char(i.last_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS last_at,
                  i.row_count AS rows, i.deleted_count AS deletes, i.set_aside_count AS set_aside,
                  i.batch_count AS batches, i.retry_count AS retries, i.wire_bytes, i.row_bytes,
                  i.read_us, i.encode_us, i.store_us, i.fetch_us, i.decode_us, i.load_us
             FROM sojourn.subscription_sync_info i
             JOIN sojourn.session s ON s.id = i.session_id
             LEFT JOIN LATERAL jsonb_array_elements(s.result -> 'entities') e
                    ON (e.value ->> 'object_type_code')::int = i.object_type_code
            WHERE i.session_id = $1
              AND (i.insert_count + i.update_count + i.delete_count > 0 OR i.batch_count > 0)
            ORDER BY i.first_at, i.object_type_code"#,
    )
    .bind(session)
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing what a session moved"))
}
