//! The batches of a subscription that may be in the store: those of its open session.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::batch::BatchManifest;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

/// What was told of each batch that the device has not confirmed, in order. Its parts may be gone all the same.
///
/// # Errors
/// When the database fails.
pub async fn stored_list(pool: &PgPool, subscription: &SubscriptionId) -> Result<Vec<BatchManifest>, PlatformError> {
    let manifests: Vec<Json<BatchManifest>> = sqlx::query_scalar(
        "SELECT b.manifest FROM sojourn.batch b JOIN sojourn.session s ON s.id = b.session_id
          WHERE s.subscription_id = $1 AND s.state = 'open' AND b.number > s.settled
          ORDER BY b.number",
    )
    .bind(subscription.as_str())
    .fetch_all(pool)
    .await
    .map_err(PlatformError::doing("listing the stored batches"))?;
    Ok(manifests.into_iter().map(|manifest| manifest.0).collect())
}

/// What was told of one batch, if its session is open and the subscription's.
///
/// # Errors
/// When the database fails.
pub async fn stored_one(
    pool: &PgPool,
    subscription: &SubscriptionId,
    session: Uuid,
    number: u32,
) -> Result<Option<BatchManifest>, PlatformError> {
    let manifest: Option<Json<BatchManifest>> = sqlx::query_scalar(
        "SELECT b.manifest FROM sojourn.batch b JOIN sojourn.session s ON s.id = b.session_id
          WHERE s.subscription_id = $1 AND s.state = 'open' AND b.session_id = $2 AND b.number = $3",
    )
    .bind(subscription.as_str())
    .bind(session)
    .bind(i64::from(number))
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("looking up a stored batch"))?;
    Ok(manifest.map(|manifest| manifest.0))
}
