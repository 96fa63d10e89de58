//! The rules of the write path, as `schema` has stored them.

use std::sync::Arc;

use sojourn_metadata::{ReplayRules, Rules};
use sojourn_platform::PlatformError;
use sqlx::PgPool;
use sqlx::types::Json;
use tokio::sync::RwLock;

/// Rules, read once for each registration.
#[derive(Debug, Clone, Default)]
pub struct RulesCache(Arc<RwLock<Vec<Known>>>);

#[derive(Debug, Clone)]
struct Known {
    dataset: String,
    registration: String,
    rules: Arc<ReplayRules>,
}

impl RulesCache {
    /// The rules of a dataset that are in force.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn of(&self, pool: &PgPool, dataset: &str) -> Result<Arc<ReplayRules>, PlatformError> {
        let doing = || PlatformError::doing("reading the rules of replay");
        // Numbers come again after a restoration, transactions do not.
        let registration: Option<String> =
            sqlx::query_scalar("SELECT registration || '/' || xmin FROM sojourn.dataset WHERE name = $1")
                .bind(dataset)
                .fetch_optional(pool)
                .await
                .map_err(doing())?;
        let Some(registration) = registration else { return Ok(Arc::default()) };
        let current = |known: &&Known| known.dataset == dataset && known.registration == registration;
        if let Some(known) = self.0.read().await.iter().find(current) {
            return Ok(Arc::clone(&known.rules));
        }
        let stored: Option<Option<Json<Rules>>> =
            sqlx::query_scalar("SELECT rules FROM sojourn.dataset WHERE name = $1")
                .bind(dataset)
                .fetch_optional(pool)
                .await
                .map_err(doing())?;
        let rules = Arc::new(stored.flatten().map(|Json(rules)| rules.replay).unwrap_or_default());
        let mut known = self.0.write().await;
        known.retain(|known| known.dataset != dataset);
        known.push(Known { dataset: dataset.to_owned(), registration, rules: Arc::clone(&rules) });
        Ok(rules)
    }
}
