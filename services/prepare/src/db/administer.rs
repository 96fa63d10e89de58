//! What an administrator does to subscriptions.

use sojourn_metadata::rules::Audience;
use sojourn_platform::PlatformError;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// A local data group that was defined at run time, with everything an administrator may know of it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct GroupRow {
    /// Its id.
    pub id: Uuid,
    /// Its dataset.
    pub dataset: String,
    /// Its entity.
    pub object_type_code: i32,
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
    /// The role it is for.
    pub role: Option<String>,
    /// The user it is for.
    pub user_id: Option<Uuid>,
    /// The subscription whose user has defined it.
    pub subscription_id: Option<String>,
    /// It holds whatever users define.
    pub enforced: bool,
}

impl GroupRow {
    /// Whom an administrator has defined it for; none when a user has defined it.
    #[must_use]
    pub fn audience(&self) -> Option<Audience> {
        match (&self.subscription_id, &self.role, self.user_id) {
            (Some(_), ..) => None,
            (None, Some(role), _) => Some(Audience::Role(role.clone())),
            (None, None, Some(user)) => Some(Audience::User(user)),
            (None, None, None) => Some(Audience::Everyone),
        }
    }
}

/// Changes the status of a subscription, if it still is what it was. Answers whether it was.
///
/// # Errors
/// When the database fails.
pub async fn administer_status(
    admin: &mut PgConnection,
    id: &SubscriptionId,
    was: &str,
    becomes: &str,
) -> Result<bool, PlatformError> {
    let changed = sqlx::query("UPDATE sojourn.subscription SET status = $3 WHERE id = $1 AND status = $2")
        .bind(id.as_str())
        .bind(was)
        .bind(becomes)
        .execute(admin)
        .await
        .map_err(PlatformError::doing("changing the status of the subscription"))?;
    Ok(changed.rows_affected() > 0)
}

/// Asks the next prepare to evaluate everything, of all entities or of one. Answers the object type codes of those that
/// were prepared before; of the others everything is evaluated anyway.
///
/// # Errors
/// When the database fails.
pub async fn administer_full(
    admin: &mut PgConnection,
    id: &SubscriptionId,
    object_type_code: Option<i32>,
) -> Result<Vec<i32>, PlatformError> {
    sqlx::query_scalar(
        "UPDATE sojourn.subscription_entity SET needs_full = true
          WHERE subscription_id = $1 AND ($2::int IS NULL OR object_type_code = $2)
         RETURNING object_type_code",
    )
    .bind(id.as_str())
    .bind(object_type_code)
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("asking for everything to be evaluated"))
}

/// Makes a device the one that synchronises the subscription, instead of another. Answers whether the subscription has
/// this device.
///
/// # Errors
/// When the database fails.
pub async fn administer_primary(
    admin: &mut PgConnection,
    id: &SubscriptionId,
    client: &AgentId,
) -> Result<bool, PlatformError> {
    let doing = || PlatformError::doing("changing the primary client");
    let mut tx = admin.begin().await.map_err(doing())?;
    sqlx::query("UPDATE sojourn.subscription_client SET is_primary = false WHERE subscription_id = $1 AND is_primary")
        .bind(id.as_str())
        .execute(&mut *tx)
        .await
        .map_err(doing())?;
    let changed = sqlx::query(
        "UPDATE sojourn.subscription_client SET is_primary = true WHERE subscription_id = $1 AND client_id = $2",
    )
    .bind(id.as_str())
    .bind(client.as_str())
    .execute(&mut *tx)
    .await
    .map_err(doing())?;
    if changed.rows_affected() == 0 {
        tx.rollback().await.map_err(doing())?;
        return Ok(false);
    }
    tx.commit().await.map_err(doing())?;
    Ok(true)
}

/// The local data groups that were defined at run time: all of a dataset, by entity and name.
///
/// # Errors
/// When the database fails.
pub async fn administer_groups(admin: &mut PgConnection, dataset: &str) -> Result<Vec<GroupRow>, PlatformError> {
    sqlx::query_as(
        "SELECT id, dataset, object_type_code, name, filter, role, user_id, subscription_id, enforced
           FROM sojourn.local_data_group WHERE dataset = $1
          ORDER BY object_type_code, subscription_id NULLS FIRST, name, id",
    )
    .bind(dataset)
    .fetch_all(admin)
    .await
    .map_err(PlatformError::doing("listing the local data groups"))
}

/// One of them, of whichever dataset.
///
/// # Errors
/// When the database fails.
pub async fn administer_group(admin: &mut PgConnection, id: Uuid) -> Result<Option<GroupRow>, PlatformError> {
    sqlx::query_as(
        "SELECT id, dataset, object_type_code, name, filter, role, user_id, subscription_id, enforced
           FROM sojourn.local_data_group WHERE id = $1",
    )
    .bind(id)
    .fetch_optional(admin)
    .await
    .map_err(PlatformError::doing("looking up the local data group"))
}
