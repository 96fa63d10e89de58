//! The rules of the write path, as `schema` has stored them. They are small, and are read for each chunk: a cache would
//! have to ask whether they are still what they were.

use sojourn_metadata::ReplayRules;
use sojourn_platform::PlatformError;
use sqlx::PgPool;
use sqlx::types::Json;

/// The rules of a dataset that are in force; none of any kind before `schema` has stored some.
///
/// # Errors
/// When the database fails.
pub(super) async fn rules_of(pool: &PgPool, dataset: &str) -> Result<ReplayRules, PlatformError> {
    let stored: Option<Json<ReplayRules>> =
        sqlx::query_scalar("SELECT rules FROM sojourn.replay_rules WHERE dataset = $1")
            .bind(dataset)
            .fetch_optional(pool)
            .await
            .map_err(PlatformError::doing("reading the rules of replay"))?;
    Ok(stored.map(|Json(rules)| rules).unwrap_or_default())
}
