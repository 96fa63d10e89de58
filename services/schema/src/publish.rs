//! Putting a metadata version in force: first in Postgres, then on the bus.

use std::time::Duration;

use bytes::Bytes;
use sojourn_metadata::Metadata;
use sojourn_runtime::Client;
use sojourn_runtime::backoff::Backoff;
use sojourn_runtime::clock;
use sojourn_runtime::nats::{PublishError, publish_stored};
use sojourn_wire::Subject;
use sqlx::PgPool;

use crate::db::{self, InForce, Stored};
use crate::document;
use crate::error::SchemaError;

/// How long one try may take.
const CONFIRMATION: Duration = Duration::from_secs(5);
/// Tries before the service gives up: with their waits about half a minute, in which the streams may be deployed.
const TRIES: u64 = 12;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

/// Stores metadata and rules as the version in force and publishes that version, and returns its number.
///
/// Repeating it is harmless: the same metadata keeps its number, and its message, published again, says the same. So
/// every start publishes, and a NATS that lost everything has the newest version again.
///
/// # Errors
/// [`SchemaError::CodeLost`] or [`SchemaError::Platform`] when nothing was stored; [`SchemaError::Publish`] when the
/// version is stored and not published: do it again.
pub async fn publish(
    pool: &PgPool,
    client: &Client,
    metadata: &Metadata,
    in_force: &InForce,
) -> Result<u32, SchemaError> {
    let Stored { version, is_new } = db::version_store(pool, metadata, in_force).await?;
    let (dataset, entities) = (&metadata.dataset, metadata.entities.len());
    let subject = Subject::Schema { dataset: dataset.parse()?, version };
    announce(client, &subject, document::message(metadata, version)?.into()).await?;
    match is_new {
        true => tracing::info!(dataset, version, entities, "metadata version {version} of {dataset} is new"),
        false => {
            tracing::info!(dataset, version, entities, "metadata version {version} of {dataset} is still in force")
        }
    }
    Ok(version)
}

async fn announce(client: &Client, subject: &Subject, payload: Bytes) -> Result<(), PublishError> {
    let mut failures = 0;
    loop {
        let Err(error) = publish_stored(client, subject, None, payload.clone(), CONFIRMATION).await else {
            return Ok(());
        };
        failures += 1;
        if !error.is_transient() || failures == TRIES {
            return Err(error);
        }
        let wait = BACKOFF.delay(failures, clock::jitter());
        tracing::debug!(%subject, "publishing a metadata version again in {wait:?}: {error}");
        tokio::time::sleep(wait).await;
    }
}
