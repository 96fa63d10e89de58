//! Wire in, wire out: play a chunk back, commit, publish its result, and only then say Done. May run twice.
//!
//! | the message | the agent hears | the message goes |
//! |---|---|---|
//! | a chunk | verdicts, a gap, or why the subscription is refused | off the queue |
//! | a chunk that breaks the protocol, or no chunk at all | refused, under its id or else nil | to the dead letters |
//! | any, while Postgres or NATS is away | nothing yet | back to the queue |

use std::time::Duration;

use sojourn_platform::entities::MetadataCache;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats::{self, PublishError};
use sojourn_runtime::{Client, clock};
use sojourn_wire::message::decode;
use sojourn_wire::message::operation::{ChunkOutcome, OperationChunk, VerdictKind};
use sojourn_wire::streams::MAX_MESSAGE_BYTES;
use sojourn_wire::{AgentId, Subject, SubscriptionId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::answer::{encoded, guess_chunk};
use crate::db::{Limits, Request, play_back};
use crate::error::HandlerError;
use crate::order;

/// How long NATS may take to confirm a result.
const WITHIN: Duration = Duration::from_secs(5);
/// A chunk is handed out this often, over about a minute, before an operation that always meets a deadlock or a lock
/// is blamed for it.
const PATIENCE: u64 = 8;

/// What the handler needs.
#[derive(Debug, Clone)]
pub struct Handlers {
    pool: PgPool,
    nats: Client,
    metadata: MetadataCache,
    limits: Limits,
}

impl Handlers {
    /// A handler over these connections. It uses one connection of the pool at a time for each chunk.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client, limits: Limits) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata, limits }
    }

    /// A chunk of operations.
    pub async fn operations(&self, job: Job) -> Outcome {
        self.try_operations(job).await.map_or_else(Outcome::from, |()| Outcome::Done)
    }

    async fn try_operations(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::Operations { agent, subscription } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let (id, checked) = chunk_of(&job.payload);
        let chunk = match checked {
            Ok(chunk) => chunk,
            Err(error) => {
                let outcome = ChunkOutcome::Refused { reason: error.to_string() };
                self.answer(agent, subscription, id, outcome).await?;
                return Err(error);
            }
        };
        let trace_id = trace_id();
        let request = Request {
            agent: &agent,
            subscription: &subscription,
            chunk: &chunk,
            trace_id: &trace_id,
            last_try: job.deliveries >= PATIENCE,
        };
        let outcome = play_back(&self.pool, &self.metadata, self.limits, request).await?;
        log(&subscription, &chunk, &trace_id, &outcome);
        Ok(self.answer(agent, subscription, id, outcome).await?)
    }

    async fn answer(
        &self,
        agent: AgentId,
        subscription: SubscriptionId,
        chunk: Uuid,
        outcome: ChunkOutcome,
    ) -> Result<(), PublishError> {
        let to = Subject::OperationsResult { agent, subscription, chunk };
        nats::publish_stored(&self.nats, &to, None, encoded(outcome, MAX_MESSAGE_BYTES).into(), WITHIN).await
    }
}

/// The chunk in a message, or why it is none, and the id under which its sender waits for an answer.
fn chunk_of(payload: &[u8]) -> (Uuid, Result<OperationChunk, HandlerError>) {
    match decode::<OperationChunk>(payload) {
        Ok(chunk) => {
            let checked = order::check(&chunk);
            (chunk.chunk, checked.map(|()| chunk).map_err(HandlerError::from))
        }
        Err(error) => (guess_chunk(payload), Err(error.into())),
    }
}

/// 16 hexadecimal digits that tell one playing back from another in the logs.
fn trace_id() -> String {
    let [a, b, c, d, e, f, g, h, ..] = *clock::fresh_id().as_bytes();
    format!("{:016x}", u64::from_be_bytes([a, b, c, d, e, f, g, h]))
}

/// One line for each chunk: counts, never contents.
fn log(subscription: &SubscriptionId, chunk: &OperationChunk, trace_id: &str, outcome: &ChunkOutcome) {
    let (first, last) = (chunk.first, chunk.last());
    match outcome {
        ChunkOutcome::Verdicts { verdicts } => {
            let count = |kind| verdicts.iter().filter(|verdict| verdict.verdict == kind).count();
            let applied = count(VerdictKind::Applied);
            let (rejected, cancelled) = (count(VerdictKind::Rejected), count(VerdictKind::Cancelled));
            tracing::info!(
                %subscription, first, last, applied, rejected, cancelled, trace_id,
                "operations {first}-{last} of {subscription}: {applied} applied, {rejected} rejected, {cancelled} cancelled"
            );
        }
        ChunkOutcome::Gap { expected } => {
            tracing::info!(
                %subscription, first, last, expected, trace_id,
                "operations {first}-{last} of {subscription} come too early: {expected} must come next"
            );
        }
        ChunkOutcome::Refused { reason } => {
            tracing::warn!(
                %subscription, first, last, reason, trace_id,
                "operations {first}-{last} of {subscription} are refused: {reason}"
            );
        }
        ChunkOutcome::Unknown => {}
    }
}
