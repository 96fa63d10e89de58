//! Subscriptions: looked at, and governed.

pub mod govern;
pub mod list;
pub mod show;
mod shown;

use sojourn_platform::PlatformError;
use sojourn_prepare::db::overview::{Overview, overview_subscriptions};
use sojourn_wire::SubscriptionId;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};

use crate::error::AdminError;

/// One connection.
pub(crate) async fn one(pool: &PgPool) -> Result<PoolConnection<Postgres>, AdminError> {
    Ok(pool.acquire().await.map_err(PlatformError::doing("taking a connection"))?)
}

/// The subscription of this id.
pub(crate) async fn find(admin: &mut PgConnection, id: &SubscriptionId) -> Result<Overview, AdminError> {
    let found = overview_subscriptions(admin, Some(id)).await?;
    found.into_iter().next().ok_or_else(|| AdminError::NoSubscription(id.clone()))
}
