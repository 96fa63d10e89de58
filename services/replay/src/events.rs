//! Publishing events: from the outbox into the stream, at least once, and in order for each object.
//!
//! One replica does it at a time, in the order in which the events were stored, and forgets an event when the stream has
//! it. A process that dies in between publishes the same events again; within two minutes the stream notices.

use std::sync::Arc;
use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_runtime::backoff::Backoff;
use sojourn_runtime::nats::{self, Named, PublishError};
use sojourn_runtime::{CancellationToken, Client, clock};
use sojourn_wire::InvalidToken;
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::db::event::{self, Pending};

/// How long the stream may take to confirm an event.
const WITHIN: Duration = Duration::from_secs(5);
/// The outbox is looked at this often when nobody says that there is something: another replica may have left it.
const EVERY: Duration = Duration::from_secs(5);
/// Waits while Postgres or NATS is away.
const AGAIN: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));

/// Events that could not be published yet. They stay where they are.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// The database.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The stream.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A stored event has a name that cannot stand in a subject.
    #[error(transparent)]
    Name(#[from] InvalidToken),
}

/// Publishes whenever it is woken, and now and then, until `shutdown`. What fails is tried again, later and later.
pub async fn run(pool: PgPool, client: Client, wake: Arc<Notify>, shutdown: CancellationToken) {
    let mut failures = 0;
    while !shutdown.is_cancelled() {
        match publish_pending(&pool, &client).await {
            Ok(_) => {
                failures = 0;
                let woken = async { tokio::time::timeout(EVERY, wake.notified()).await.ok() };
                shutdown.run_until_cancelled(woken).await;
            }
            Err(error) => {
                failures += 1;
                let wait = AGAIN.delay(failures, clock::jitter());
                tracing::warn!(%error, "events wait in the outbox, and are tried again in {wait:?}: {error}");
                shutdown.run_until_cancelled(tokio::time::sleep(wait)).await;
            }
        }
    }
}

/// Publishes everything that waits, unless another replica does, and answers how many events that were.
///
/// # Errors
/// [`EventsError`] when not everything could be published. What the stream has confirmed is forgotten nevertheless.
pub async fn publish_pending(pool: &PgPool, client: &Client) -> Result<usize, EventsError> {
    let mut published = 0;
    loop {
        let some = publish_some(pool, client).await?;
        published += some;
        if some == 0 {
            return Ok(published);
        }
    }
}

async fn publish_some(pool: &PgPool, client: &Client) -> Result<usize, EventsError> {
    let mut tx = pool.begin().await.map_err(PlatformError::doing("beginning to publish events"))?;
    if !event::try_lock(&mut tx).await? {
        return Ok(0);
    }
    let mut pending = event::pending(&mut tx).await?;
    if pending.is_empty() {
        return Ok(0);
    }
    let messages = pending.iter_mut().map(message).collect::<Result<Vec<_>, _>>()?;
    let outcome = nats::publish_in_order(client, &messages, WITHIN).await;
    event::forget(&mut tx, &pending[..outcome.stored]).await?;
    tx.commit().await.map_err(PlatformError::doing("forgetting published events"))?;
    match outcome.problem {
        Some(problem) if outcome.stored == 0 => Err(problem.into()),
        _ => Ok(outcome.stored),
    }
}

/// Takes the message out.
fn message(event: &mut Pending) -> Result<Named, InvalidToken> {
    let payload = std::mem::take(&mut event.message).into();
    Ok(Named { subject: event.subject()?, id: event.event_id.clone(), payload })
}
