//! Awaiting the answer to a request no longer than it can come: the server sends it to the connection that asked, so it
//! is lost when that one breaks. The client does not tell who waits, but it counts its connections.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Client;

use super::is_connected;
use crate::deadline::deadline;

/// How often the connection is looked at while an answer is awaited.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Why there is no answer. What was asked may have been done nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// It did not come in time.
    Late,
    /// The connection broke.
    Broken,
}

/// Awaits the answer to a `request` that was made while connected, at most for `within`.
pub(crate) async fn answered<F: Future>(
    client: &Client,
    within: Duration,
    request: F,
) -> Result<F::Output, Unanswered> {
    let statistics = client.statistics();
    let asked_on = statistics.connects.load(Ordering::Relaxed);
    let broken = async {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while is_connected(client) && statistics.connects.load(Ordering::Relaxed) == asked_on {
            look.tick().await;
        }
    };
    tokio::select! {
        biased;
        answer = deadline(within, "the answer", request) => answer.map_err(|_| Unanswered::Late),
        () = broken => Err(Unanswered::Broken),
    }
}
