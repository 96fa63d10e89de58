//! What a prepare goes by: the rules of the dataset, and where the subscription stands.

use std::sync::Arc;

use sojourn_metadata::Rules;
use sojourn_platform::PlatformError;
use sojourn_platform::definition::definition_hash;
use sojourn_wire::SubscriptionId;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use tokio::sync::RwLock;

use crate::plan::Why;

/// Rules, read once for each registration.
#[derive(Debug, Clone, Default)]
pub struct RulesCache(Arc<RwLock<Vec<Known>>>);

#[derive(Debug, Clone)]
struct Known {
    dataset: String,
    registration: String,
    registered: Arc<Registered>,
}

/// The rules in force, and the definition that they were made for.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The rules.
    pub rules: Rules,
    /// The hash of everything that decided who sees what.
    pub definition: String,
}

/// Where a subscription stands, in the snapshot of its prepare.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Standing {
    /// The watermark, as text; none before the first prepare.
    pub snapshot: Option<String>,
    /// The watermark is of this database, and everything since is in tracking.
    pub countable: bool,
    /// When the last prepare evaluated the clock, as text.
    pub evaluated_at: Option<String>,
    /// How many prepares there were.
    pub prepare_seq: i32,
    /// The definition at the last prepare.
    pub definition: Option<String>,
    /// The metadata version of the last prepare.
    pub metadata_version: Option<i32>,
    /// It was silent for too long.
    pub expired: bool,
    /// An administrator has revoked it.
    pub revoked: bool,
    /// The newest registration of its dataset: its number, and the transaction that wrote it, because numbers come
    /// again after a restoration.
    registration: String,
    /// The cluster and the database: a restored dump is in another one.
    place: String,
}

/// Reads where the subscription stands.
///
/// # Errors
/// When the database fails.
pub async fn standing(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
) -> Result<Standing, PlatformError> {
    sqlx::query_as(
        "SELECT s.snapshot::text AS snapshot,
                coalesce(pg_snapshot_xmin(s.snapshot) >= h.horizon
                     AND pg_snapshot_xmax(s.snapshot) <= pg_snapshot_xmax(pg_current_snapshot()), false) AS countable,
                s.evaluated_at::text AS evaluated_at, s.prepare_seq::int, s.definition, s.metadata_version,
                s.status = 'expired' AS expired, s.status = 'revoked' AS revoked,
                d.registration || '/' || d.xmin AS registration,
                (SELECT system_identifier FROM pg_control_system()) || '/' ||
                    (SELECT oid FROM pg_database WHERE datname = current_database()) AS place
           FROM sojourn.subscription s
           JOIN sojourn.dataset d ON d.name = s.dataset
          CROSS JOIN sojourn.tracking_horizon h
          WHERE s.id = $1",
    )
    .bind(subscription.as_str())
    .fetch_one(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading where the subscription stands"))
}

impl RulesCache {
    /// The rules of a dataset, as registered when `standing` was read.
    ///
    /// # Errors
    /// [`PlatformError::Setup`] when none are registered; or the database fails.
    pub async fn registered(
        &self,
        tx: &mut Transaction<'_, Postgres>,
        dataset: &str,
        standing: &Standing,
    ) -> Result<Arc<Registered>, PlatformError> {
        let current = |known: &&Known| known.dataset == dataset && known.registration == standing.registration;
        if let Some(known) = self.0.read().await.iter().find(current) {
            return Ok(Arc::clone(&known.registered));
        }
        let registered = Arc::new(read(tx, dataset).await?);
        let mut known = self.0.write().await;
        known.retain(|known| known.dataset != dataset);
        let (dataset, registration) = (dataset.to_owned(), standing.registration.clone());
        known.push(Known { dataset, registration, registered: Arc::clone(&registered) });
        Ok(registered)
    }
}

async fn read(tx: &mut Transaction<'_, Postgres>, dataset: &str) -> Result<Registered, PlatformError> {
    let row: Option<(Option<Json<Rules>>, Option<String>)> =
        sqlx::query_as("SELECT rules, definition FROM sojourn.dataset WHERE name = $1")
            .bind(dataset)
            .fetch_optional(&mut **tx)
            .await
            .map_err(PlatformError::doing("reading the rules of the dataset"))?;
    let missing = || PlatformError::Setup(format!("no rules are registered for the dataset {dataset:?}"));
    match row {
        Some((Some(Json(rules)), Some(definition))) => Ok(Registered { rules, definition }),
        _ => Err(missing()),
    }
}

/// Everything that decides who sees what, as it is now.
#[derive(Debug, Clone)]
pub struct Definition {
    /// Its hash, and where: another one than at the last prepare says that something is not what it was.
    pub hash: String,
    /// It is what the rules were made for. Otherwise changes cannot be followed until they are made again.
    pub is_registered: bool,
}

/// Reads the definition in force.
///
/// # Errors
/// When the database fails.
pub async fn definition(
    tx: &mut Transaction<'_, Postgres>,
    acting_role: &str,
    registered: &Registered,
    standing: &Standing,
) -> Result<Definition, PlatformError> {
    let hash = definition_hash(tx, acting_role, &registered.rules.watched).await?;
    let is_registered = hash == registered.definition;
    // Rules that were made anew may follow what was missed by those before.
    let hash = format!("{}/{}/{hash}", standing.place, standing.registration);
    Ok(Definition { hash, is_registered })
}

impl Standing {
    /// Why everything of the subscription must be evaluated; none when changes can be counted from its watermark.
    #[must_use]
    pub fn everything(&self, definition: &Definition, metadata_version: u32) -> Option<Why> {
        if self.expired || !self.countable {
            return Some(Why::Watermark);
        }
        if self.definition.as_deref() != Some(definition.hash.as_str()) || !definition.is_registered {
            return Some(Why::Definition);
        }
        (!self.is_prepared_with(metadata_version)).then_some(Why::Metadata)
    }

    /// Whether the last prepare went by this version of the metadata.
    #[must_use]
    pub fn is_prepared_with(&self, metadata_version: u32) -> bool {
        self.metadata_version.and_then(|version| u32::try_from(version).ok()) == Some(metadata_version)
    }
}
