//! Watching what decides who sees what: when policies, privileges, tables or triggers are not what the rules were made
//! for, they are made again.
//!
//! Until then every prepare evaluates everything, which is right and slow. A new metadata version is not made here, but
//! when the service is started again.

use std::time::Duration;

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::PlatformError;
use sojourn_runtime::CancellationToken;
use sqlx::PgPool;

use crate::db::{self, InForce};
use crate::error::SchemaError;
use crate::{check, document};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Everything is what the rules were made for.
    Unchanged,
    /// The rules were made again.
    Registered,
    /// The rules were made again; but tables have other columns, and that is another metadata version.
    OtherMetadata,
}

/// Watches until `shutdown`. What cannot be registered is said once, and looked at again.
pub async fn watch(pool: PgPool, wanted: SojournYaml, every: Duration, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut told = String::new();
    while shutdown.run_until_cancelled(due.tick()).await.is_some() {
        let words = match look(&pool, &wanted).await {
            Ok(Found::Unchanged) => String::new(),
            Ok(Found::Registered) => {
                tracing::info!("policies, privileges or tables changed: the rules were made again");
                String::new()
            }
            Ok(Found::OtherMetadata) => "tables have other columns than the metadata in force: start the schema \
                service (or the stack) again to publish them"
                .to_owned(),
            Err(error) => format!("until this is settled every prepare evaluates everything: {error}"),
        };
        if !words.is_empty() && words != told {
            tracing::error!("{words}");
        }
        told = words;
    }
}

async fn look(pool: &PgPool, wanted: &SojournYaml) -> Result<Found, SchemaError> {
    let mut conn = pool.acquire().await.map_err(PlatformError::doing("taking a connection to look at the catalog"))?;
    if db::definition_is_stored(&mut conn, wanted).await? {
        return Ok(Found::Unchanged);
    }
    let (registration, definition) = check::check_with_definition(&mut conn, wanted).await?;
    let numbers = db::stream::numbers(&mut conn, &registration.streams).await?;
    db::scan::check_granted(&mut conn, &registration).await?;
    let hash = document::hash(&registration.metadata)?;
    let in_force = InForce::of(&registration, &numbers, definition);
    db::rules_store(&mut conn, &registration.metadata, &in_force).await?;
    let same = db::hash_in_force(&mut conn, &wanted.dataset).await?.as_deref() == Some(&hash);
    Ok(if same { Found::Registered } else { Found::OtherMetadata })
}
