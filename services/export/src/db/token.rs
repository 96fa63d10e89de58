//! Tokens for fetching batches over HTTP. Only their hashes are kept; the database's clock says when they end.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::PgPool;

/// Tokens that one device may have at once: with the next one, its oldest ends.
const OF_ONE: i64 = 16;

/// Whose a token is, and whether it is good for anything.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Bearer {
    /// The subscription.
    pub subscription_id: String,
    /// The device that asked for it.
    pub client_id: String,
    /// Whether the subscription was not revoked, and is still synchronised by that device.
    pub admitted: bool,
}

/// Keeps a token of this hash, and drops those that have ended. Answers when it ends: RFC 3339, in UTC. `None` when the
/// subscription is gone.
///
/// # Errors
/// When the database fails.
pub async fn token_keep(
    pool: &PgPool,
    hash: &[u8; 32],
    subscription: &SubscriptionId,
    agent: &AgentId,
    life: Duration,
) -> Result<Option<String>, PlatformError> {
    sqlx::query_scalar(
        "WITH ended AS (
           SELECT hash FROM sojourn.batch_token WHERE expires_at <= now()
           UNION
           (SELECT hash FROM sojourn.batch_token WHERE subscription_id = $2 AND client_id = $3
             ORDER BY expires_at DESC OFFSET $5 - 1)
         ), dropped AS (
           DELETE FROM sojourn.batch_token WHERE hash IN (
             SELECT t.hash FROM sojourn.batch_token t JOIN ended USING (hash) FOR UPDATE OF t SKIP LOCKED)
         )
         INSERT INTO sojourn.batch_token (hash, subscription_id, client_id, expires_at)
         SELECT $1, id, $3, now() + make_interval(secs => $4) FROM sojourn.subscription WHERE id = $2
         RETURNING to_char(expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
    )
    .bind(hash.as_slice())
    .bind(subscription.as_str())
    .bind(agent.as_str())
    .bind(life.as_secs_f64())
    .bind(OF_ONE)
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("keeping a token"))
}

/// Whose token has this hash, unless it has ended.
///
/// # Errors
/// When the database fails.
pub async fn token_bearer(pool: &PgPool, hash: &[u8; 32]) -> Result<Option<Bearer>, PlatformError> {
    sqlx::query_as(
        "SELECT t.subscription_id, t.client_id, s.status <> 'revoked' AND coalesce(c.is_primary, false) AS admitted
           FROM sojourn.batch_token t
           JOIN sojourn.subscription s ON s.id = t.subscription_id
           LEFT JOIN sojourn.subscription_client c USING (subscription_id, client_id)
          WHERE t.hash = $1 AND t.expires_at > now()",
    )
    .bind(hash.as_slice())
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("looking up a token"))
}
