//! The job loop: reads a work queue, runs a handler, and is the one layer that acknowledges.
//!
//! A handler says what happened ([`Outcome`]); the loop turns that into an ack, a delayed nak, or a dead letter and a
//! term. What the loop promises, whatever dies and whenever:
//!
//! - A message is settled only after its handler ended, so a killed worker's message is handed out again after
//!   [`sojourn_wire::streams::ACK_WAIT`]. Handlers must therefore bear to see a message twice.
//! - A handler that takes long keeps its message with in-progress acks, without limit.
//! - A message never waits inside a worker: each worker asks for one message when it is free.
//! - Nothing is dropped silently and nothing fails forever: a panic or [`Outcome::Unexpected`] is tried again
//!   [`MAX_UNEXPECTED`] times, then becomes a dead letter. Only [`Outcome::Retry`] may go on, because it waits for
//!   something that heals, and even so each one is logged.
//! - Payloads are never logged.

mod dead;
mod pull;
mod reconnects;
mod settle;
mod strikes;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use sojourn_wire::Subject;
use sojourn_wire::streams::ConsumerSpec;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use worker::Worker;

/// A message whose handler ended in a panic or in [`Outcome::Unexpected`] this often becomes a dead letter.
pub const MAX_UNEXPECTED: u32 = 5;
/// How long handlers at work may take after the shutdown began; then they are dropped and their messages handed back.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);
/// No message waits longer for its next try, unless its handler asks for more.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);
/// The least wait before the next try: a queue that is tried without any pause starves the others.
const MIN_RETRY_DELAY: Duration = Duration::from_millis(50);

/// One message of a queue, for its handler.
#[derive(Debug, Clone)]
pub struct Job {
    /// What it is and whose, parsed.
    pub subject: Subject,
    /// The message; decode it with [`sojourn_wire::message::decode`].
    pub payload: Bytes,
    /// Its headers, if any.
    pub headers: Option<HeaderMap>,
    /// How often it was handed out, this time included: 1 is the first.
    pub deliveries: u64,
    /// How often its handler has ended unexpectedly before, in this process: after [`MAX_UNEXPECTED`] times it is kept as a
    /// dead letter.
    pub strikes: u32,
    /// Its number in the stream, the same at every delivery.
    pub stream_sequence: u64,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, or was done before: take it off the queue.
    Done,
    /// Not now: something outside must heal or come first.
    Retry {
        /// The least wait. It doubles with every delivery up to [`MAX_RETRY_DELAY`].
        after: Duration,
        /// Why, for the log; no payload.
        reason: String,
    },
    /// Never: keep it as a dead letter and take it off the queue. Its sender was told, if there is anybody to tell.
    Reject {
        /// Why, for the dead letter and the log.
        reason: String,
    },
    /// This should not happen and is not understood: try again, but not forever ([`MAX_UNEXPECTED`]).
    Unexpected {
        /// What happened, for the log; no payload.
        reason: String,
    },
}

/// Handles the messages of one queue. Any `Fn(Job) -> impl Future<Output = Outcome>` is one.
///
/// A handler may be dropped at any await when the process stops, and may see a message again that it has handled.
pub trait Handler: Send + Sync + 'static {
    /// Handles one message.
    fn handle(&self, job: Job) -> impl Future<Output = Outcome> + Send;
}

impl<F, Fut> Handler for F
where
    F: Fn(Job) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send,
{
    fn handle(&self, job: Job) -> impl Future<Output = Outcome> + Send {
        self(job)
    }
}

/// Serves one queue with `concurrency` workers until `shutdown`; jobs are handled in no particular order.
///
/// Returns when every handler has ended or, after [`SHUTDOWN_GRACE`], has been dropped and its message handed back.
/// There is no error to return: while NATS or the consumer is away, the loop says so once and waits for it.
pub async fn serve<H: Handler>(
    client: Client,
    spec: &'static ConsumerSpec,
    concurrency: usize,
    handler: H,
    shutdown: CancellationToken,
) {
    let handler = Arc::new(handler);
    let strikes = Arc::new(strikes::Strikes::default());
    // One for all: each context brings a task of its own.
    let context = jetstream::new(client.clone());
    let reconnects = reconnects::watch(&client);
    let mut workers = JoinSet::new();
    for number in 0..concurrency.max(1) {
        let worker = Worker {
            client: client.clone(),
            context: context.clone(),
            spec,
            handler: Arc::clone(&handler),
            strikes: Arc::clone(&strikes),
            shutdown: shutdown.clone(),
        };
        workers.spawn(worker.work(reconnects.clone(), number == 0));
    }
    tracing::info!(queue = spec.name, "serving queue {} with {} workers", spec.name, concurrency.max(1));
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            tracing::error!(queue = spec.name, %error, "a worker of queue {} ended: {error}", spec.name);
        }
    }
    tracing::info!(queue = spec.name, "queue {} is no longer served", spec.name);
}

/// The wait before a job's next try: `after` at first, doubling with its deliveries up to [`MAX_RETRY_DELAY`] (or
/// `after`, if that is more), then lengthened by up to a quarter so that what failed together does not return together.
fn retry_delay(after: Duration, deliveries: u64, jitter: f64) -> Duration {
    let full = Backoff::new(after.max(MIN_RETRY_DELAY), MAX_RETRY_DELAY).full(deliveries);
    full.mul_f64(1.0 + jitter / 4.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_start_at_the_handlers_wish_and_grow_to_the_cap() {
        let delays = |after: u64| [1, 2, 4, 30].map(|n| retry_delay(Duration::from_millis(after), n, 0.0).as_millis());
        assert_eq!(delays(0), [50, 100, 400, 30_000]);
        assert_eq!(delays(1000), [1000, 2000, 8000, 30_000]);
        assert_eq!(delays(60_000), [60_000; 4]);
        assert!(retry_delay(Duration::from_secs(8), 1, 0.99) < Duration::from_secs(10));
    }
}
