//! What the next prepare of a subscription would do, by the rules that it will go by. Nothing is evaluated for it.

use std::collections::BTreeSet;
use std::fmt;

use sojourn_platform::PlatformError;
use sojourn_prepare::db::changes::{Moments, changes_concern, changes_since};
use sojourn_prepare::plan::{Changes, Why};
use sojourn_prepare::situation::{EntitySituation, Situation};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

/// What the next prepare would do with one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outlook {
    /// Evaluate everything.
    Everything(Why),
    /// Evaluate what changes concern.
    Follow {
        /// The rows.
        candidates: BTreeSet<Uuid>,
        /// A table changed that policies read as a whole: if the user's access is another now, everything after all.
        access_in_doubt: bool,
    },
}

/// What it would do with each entity, in load order, in the transaction in which the situation was gathered.
///
/// # Errors
/// When the database fails.
pub async fn outlook(tx: &mut Transaction<'_, Postgres>, situation: &Situation) -> Result<Vec<Outlook>, PlatformError> {
    let changes = changes(tx, situation).await?;
    let mut outlooks = Vec::with_capacity(situation.entities.len());
    for entity in &situation.entities {
        outlooks.push(of_entity(tx, situation, entity, &changes).await?);
    }
    Ok(outlooks)
}

async fn changes(tx: &mut Transaction<'_, Postgres>, situation: &Situation) -> Result<Changes, PlatformError> {
    let following = || situation.entities.iter().filter(|entity| entity.known.beforehand(&entity.sources).is_none());
    let streams: BTreeSet<i32> = following().flat_map(|entity| entity.sources.streams()).collect();
    match (&situation.standing.snapshot, following().map(|entity| entity.known.limit()).max()) {
        (Some(watermark), Some(limit)) => changes_since(tx, watermark, &streams, limit).await,
        _ => Ok(Changes::default()),
    }
}

async fn of_entity(
    tx: &mut Transaction<'_, Postgres>,
    situation: &Situation,
    entity: &EntitySituation,
    changes: &Changes,
) -> Result<Outlook, PlatformError> {
    let (sources, limit) = (&entity.sources, entity.known.limit());
    let why = entity.known.beforehand(sources).or_else(|| changes.overwhelm(sources, limit));
    if let Some(why) = why {
        return Ok(Outlook::Everything(why));
    }
    let (now, table) = (situation.now.to_string(), entity.table(&situation.metadata));
    let clock = Moments { then: situation.standing.evaluated_at.as_deref().unwrap_or(&now), now: &now };
    let candidates = changes_concern(tx, &situation.metadata, table, sources, changes, clock, limit).await?;
    if i64::try_from(candidates.len()).map_or(true, |count| count > limit) {
        return Ok(Outlook::Everything(Why::TooMany));
    }
    Ok(Outlook::Follow { candidates, access_in_doubt: !changes.in_doubt(sources).is_empty() })
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything(why) => write!(f, "everything: {why}"),
            Self::Follow { candidates, access_in_doubt: false } => write!(f, "{} changed rows", candidates.len()),
            Self::Follow { candidates, access_in_doubt: true } => {
                write!(f, "{} changed rows, or everything if the user's access changed", candidates.len())
            }
        }
    }
}
