//! Subscriptions and their clients.

use sojourn_platform::PlatformError;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::statement::SyncEntryTable;

/// A subscription as a handler needs it.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The configured set of entities.
    pub dataset: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Its sync entry table.
    pub entries: SyncEntryTable,
    /// It may synchronise.
    pub active: bool,
    /// It has never been prepared.
    pub is_new: bool,
    /// The device that asks is the one that synchronises it.
    pub is_primary: bool,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i64,
    dataset: String,
    user_id: Uuid,
    status: String,
    is_new: bool,
    is_primary: bool,
}

/// The subscription, if the agent is one of its clients.
///
/// # Errors
/// When the database fails.
pub async fn subscription_of(
    pool: &PgPool,
    agent: &AgentId,
    id: &SubscriptionId,
) -> Result<Option<Subscription>, PlatformError> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE sojourn.subscription_client c SET last_seen = now() FROM sojourn.subscription s
          WHERE s.id = c.subscription_id AND s.id = $1 AND c.client_id = $2
         RETURNING s.number, s.dataset, s.user_id, s.status, s.snapshot IS NULL AS is_new, c.is_primary",
    )
    .bind(id.as_str())
    .bind(agent.as_str())
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("looking up the subscription"))?;
    let subscription = |row: Row| -> Result<Subscription, PlatformError> {
        Ok(Subscription {
            dataset: row.dataset,
            user_id: row.user_id,
            entries: SyncEntryTable::new(row.number)?,
            active: row.status != "revoked",
            is_new: row.is_new,
            is_primary: row.is_primary,
        })
    };
    row.map(subscription).transpose()
}

/// Registers a device of a user. The first one of a subscription is its primary client. Repeating it changes nothing.
///
/// # Errors
/// When the subscription exists for another user, or the database fails.
pub async fn subscription_enroll(
    admin: &mut PgConnection,
    dataset: &str,
    user_id: Uuid,
    id: &SubscriptionId,
    agent: &AgentId,
    name: &str,
) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("registering the device");
    sqlx::query(
        "INSERT INTO sojourn.subscription (id, dataset, user_id) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(dataset)
    .bind(user_id)
    .execute(&mut *admin)
    .await
    .map_err(doing())?;
    let (number, owner): (i64, Uuid) = sqlx::query_as("SELECT number, user_id FROM sojourn.subscription WHERE id = $1")
        .bind(id.as_str())
        .fetch_one(&mut *admin)
        .await
        .map_err(doing())?;
    if owner != user_id {
        return Err(PlatformError::Setup(format!("subscription {id} belongs to user {owner}, not {user_id}")));
    }
    sqlx::query(
        "INSERT INTO sojourn.subscription_client (subscription_id, client_id, name, is_primary)
         SELECT $1, $2, $3, NOT EXISTS (SELECT FROM sojourn.subscription_client WHERE subscription_id = $1)
         ON CONFLICT (subscription_id, client_id) DO NOTHING",
    )
    .bind(id.as_str())
    .bind(agent.as_str())
    .bind(name)
    .execute(&mut *admin)
    .await
    .map_err(doing())?;
    sqlx::query("SELECT sojourn.sync_entry_create($1)").bind(number).execute(&mut *admin).await.map_err(doing())?;
    Ok(())
}
