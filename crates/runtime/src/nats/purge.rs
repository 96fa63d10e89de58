//! Removing batch parts that the device has, or that a newer session supersedes.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream;
use sojourn_wire::streams::BATCH;

use super::is_connected;
use crate::deadline::deadline;

/// Parts that are still there. They age out by themselves; purging again is harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot purge {filter} from {stream}: {problem}")]
pub struct PurgeError {
    /// The stream.
    pub stream: &'static str,
    /// Which messages were to go.
    pub filter: String,
    /// Why they did not.
    pub problem: String,
}

/// Removes the batch parts whose subject matches `filter` (built by [`sojourn_wire::subject::parts_of_batch`] or
/// [`sojourn_wire::subject::parts_of_session`]), and says how many there were. Only prepare may.
///
/// # Errors
/// [`PurgeError`] when the stream did not confirm it within `within`.
pub async fn purge(client: &Client, filter: &str, within: Duration) -> Result<u64, PurgeError> {
    let failed = |problem: String| PurgeError { stream: BATCH.name, filter: filter.to_owned(), problem };
    if !is_connected(client) {
        return Err(failed("no connection to NATS".to_owned()));
    }
    let mut context = jetstream::new(client.clone());
    context.set_timeout(within);
    // "No info": a service may not ask what a stream looks like.
    let stream = context.get_stream_no_info(BATCH.name).await.map_err(|error| failed(error.to_string()))?;
    let purged = deadline(within, "the stream's confirmation", stream.purge().filter(filter).into_future()).await;
    match purged {
        Ok(Ok(answer)) if answer.success => Ok(answer.purged),
        Ok(Ok(_)) => Err(failed("the stream said no".to_owned())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(elapsed) => Err(failed(elapsed.to_string())),
    }
}
