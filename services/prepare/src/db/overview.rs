//! What an administrator sees of subscriptions. Only reads.

use sojourn_metadata::{Metadata, Rules};
use sojourn_platform::PlatformError;
use sojourn_platform::entities::Published;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_wire::SubscriptionId;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::subscription::Subscription;
use crate::statement::SyncEntryTable;

/// A subscription. Times are texts, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Overview {
    /// Its id.
    pub id: String,
    /// The number of its sync entry table.
    pub number: i64,
    /// Its set of entities.
    pub dataset: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Its type.
    pub kind: String,
    /// Its status.
    pub status: String,
    /// The watermark, as text; none before the first prepare.
    pub snapshot: Option<String>,
    /// When the last prepare was.
    pub evaluated_at: Option<String>,
    /// How many prepares there were.
    pub prepare_seq: i64,
    /// The metadata version of the last prepare.
    pub metadata_version: Option<i32>,
    /// How many transactions of the whole cluster began since the watermark.
    pub transactions_behind: Option<i64>,
    /// How many local data groups its user has defined.
    pub own_groups: i64,
}

/// A device of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Client {
    /// Its subscription.
    pub subscription_id: String,
    /// Its id.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// It is the one that synchronises.
    pub is_primary: bool,
    /// When it last asked for something, in UTC.
    pub last_seen: Option<String>,
}

/// The sync entries of one entity, counted by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct EntryCounts {
    /// The entity.
    pub object_type_code: i32,
    /// Rows that the device has.
    pub synchronised: i64,
    /// Rows that wait to be moved.
    pub to_move: i64,
    /// Rows that wait to be deleted.
    pub to_delete: i64,
}

/// A session. Times are texts, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct SessionSeen {
    /// Its id.
    pub id: Uuid,
    /// The subscription's how manyeth prepare it was.
    pub prepare_seq: i64,
    /// Its state.
    pub state: String,
    /// The metadata version of its batches.
    pub metadata_version: i32,
    /// Rows that were new to the device.
    pub inserts: i64,
    /// Rows that the device had in another version.
    pub updates: i64,
    /// Rows that the device had to delete.
    pub deletes: i64,
    /// Batches that were made.
    pub batches: i64,
    /// The highest batch that the device has received.
    pub received: i32,
    /// The highest batch that is durable on the device.
    pub settled: i32,
    /// When it was opened.
    pub started_at: String,
    /// When it was finished.
    pub finished_at: Option<String>,
}

impl Overview {
    /// The subscription, as its primary client would be served.
    ///
    /// # Errors
    /// Never for a number: see [`SyncEntryTable::new`].
    pub fn subscription(&self) -> Result<Subscription, PlatformError> {
        Ok(Subscription {
            dataset: self.dataset.clone(),
            user_id: self.user_id,
            entries: SyncEntryTable::new(self.number)?,
            active: self.status != "revoked",
            is_new: self.snapshot.is_none(),
            is_primary: true,
        })
    }
}

/// Whether everything of ours is installed in this database.
///
/// # Errors
/// When the database fails.
pub async fn overview_is_installed(admin: &mut PgConnection) -> Result<bool, PlatformError> {
    sqlx::query_scalar("SELECT to_regclass('sojourn.local_data_group') IS NOT NULL")
        .fetch_one(admin)
        .await
        .map_err(PlatformError::doing("looking for the schema sojourn"))
}

/// The datasets that are registered, by name.
///
/// # Errors
/// When the database fails.
pub async fn overview_datasets(admin: &mut PgConnection) -> Result<Vec<String>, PlatformError> {
    sqlx::query_scalar("SELECT name FROM sojourn.dataset ORDER BY name")
        .fetch_all(admin)
        .await
        .map_err(PlatformError::doing("listing the datasets"))
}

/// The newest metadata of a dataset; none when nothing was published yet.
///
/// # Errors
/// When the database fails.
pub async fn overview_metadata(admin: &mut PgConnection, dataset: &str) -> Result<Option<Published>, PlatformError> {
    let newest: Option<(i32, Json<Metadata>)> = sqlx::query_as(
        "SELECT version, document FROM sojourn.metadata_version WHERE dataset = $1 ORDER BY version DESC LIMIT 1",
    )
    .bind(dataset)
    .fetch_optional(admin)
    .await
    .map_err(PlatformError::doing("reading the newest metadata version"))?;
    let published = |(version, Json(metadata))| Published::new(u32::try_from(version).unwrap_or(0), metadata);
    newest.map(published).transpose()
}

/// The rules of a dataset; none when nothing was registered yet.
///
/// # Errors
/// When the database fails.
pub async fn overview_rules(admin: &mut PgConnection, dataset: &str) -> Result<Option<Rules>, PlatformError> {
    let rules: Option<Option<Json<Rules>>> = sqlx::query_scalar("SELECT rules FROM sojourn.dataset WHERE name = $1")
        .bind(dataset)
        .fetch_optional(admin)
        .await
        .map_err(PlatformError::doing("reading the rules of the dataset"))?;
    Ok(rules.flatten().map(|Json(rules)| rules))
}

/// Every subscription by id, or the one that is asked for.
///
/// # Errors
/// When the database fails.
pub async fn overview_subscriptions(
    admin: &mut PgConnection,
    id: Option<&SubscriptionId>,
) -> Result<Vec<Overview>, PlatformError> {
    sqlx::query_as(
        r#"SELECT s.id, s.number, s.dataset, s.user_id, s.type AS kind, s.status, s.snapshot::text AS snapshot,
                  to_char(s.evaluated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS evaluated_at,
                  s.prepare_seq, s.metadata_version,
                  pg_snapshot_xmax(pg_current_snapshot())::text::bigint - pg_snapshot_xmax(s.snapshot)::text::bigint
                      AS transactions_behind,
                  (SELECT count(*) FROM sojourn.local_data_group g WHERE g.subscription_id = s.id) AS own_groups
             FROM sojourn.subscription s
            WHERE $1::text IS NULL OR s.id = $1
            ORDER BY s.id"#,
    )
    .bind(id.map(SubscriptionId::as_str))
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing the subscriptions"))
}

/// The devices of every subscription, or of the one that is asked for: the primary one first, then by id.
///
/// # Errors
/// When the database fails.
pub async fn overview_clients(
    admin: &mut PgConnection,
    id: Option<&SubscriptionId>,
) -> Result<Vec<Client>, PlatformError> {
    sqlx::query_as(
        r#"SELECT subscription_id, client_id, name, is_primary,
                  to_char(last_seen AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_seen
             FROM sojourn.subscription_client
            WHERE $1::text IS NULL OR subscription_id = $1
            ORDER BY subscription_id, NOT is_primary, client_id"#,
    )
    .bind(id.map(SubscriptionId::as_str))
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing the devices"))
}

/// The sync entries of a subscription, by object type code.
///
/// # Errors
/// When the database fails.
pub async fn overview_entries(admin: &mut PgConnection, number: i64) -> Result<Vec<EntryCounts>, PlatformError> {
    let counting = Sql::new(
        "SELECT object_type_code, count(*) FILTER (WHERE sync_state = 0) AS synchronised,
                count(*) FILTER (WHERE sync_state = 1) AS to_move, count(*) FILTER (WHERE sync_state = 2) AS to_delete
           FROM ",
    );
    let counting = entries(counting, number)?.raw(" GROUP BY object_type_code ORDER BY object_type_code");
    sqlx::query_as(counting.into_sqlx())
        .fetch_all(admin)
        .await
        .map_err(PlatformError::doing("counting the sync entries"))
}

/// Adds the name of the view of a subscription's sync entries that shows their state.
pub(super) fn entries(sql: Sql, number: i64) -> Result<Sql, PlatformError> {
    Ok(sql.raw("sojourn.").ident(&Ident::new(&format!("sync_state_{number}"))?))
}

/// The newest sessions of a subscription, at most `limit`.
///
/// # Errors
/// When the database fails.
pub async fn overview_sessions(
    admin: &mut PgConnection,
    id: &SubscriptionId,
    limit: i64,
) -> Result<Vec<SessionSeen>, PlatformError> {
    sqlx::query_as(
        r#"SELECT s.id, s.prepare_seq, s.state, s.metadata_version, s.received, i.inserts, i.updates, i.deletes,
                  (SELECT count(*) FROM sojourn.batch b WHERE b.session_id = s.id AND b.kind <> 'end') AS batches,
                  s.settled,
                  to_char(s.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS started_at,
                  to_char(s.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS finished_at
             FROM sojourn.session s
            CROSS JOIN LATERAL (
                 SELECT coalesce(sum(insert_count), 0)::bigint AS inserts,
                        coalesce(sum(update_count), 0)::bigint AS updates,
                        coalesce(sum(delete_count), 0)::bigint AS deletes
                   FROM sojourn.subscription_sync_info i WHERE i.session_id = s.id) i
            WHERE s.subscription_id = $1
            ORDER BY s.prepare_seq DESC
            LIMIT $2"#,
    )
    .bind(id.as_str())
    .bind(limit)
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing the sessions"))
}
