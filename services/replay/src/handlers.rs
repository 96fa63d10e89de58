//! Wire in, wire out: play a chunk back, commit, publish its result, and only then say Done. May run twice.
//!
//! | the message | the agent hears | the message goes |
//! |---|---|---|
//! | a chunk | verdicts, a gap, missing attachments, or why the subscription is refused | off the queue |
//! | a part of an attachment | that it is stored, or why not | off the queue |
//! | what breaks the protocol, or is neither | refused, under its id or else nil | to the dead letters |
//! | any, while Postgres, NATS or a plug-in that is waited for is away | nothing yet | back to the queue |
//! | what fails again and again, and nobody foresaw why | that nothing was done | to the dead letters |

use std::sync::Arc;
use std::time::Duration;

use sojourn_platform::entities::MetadataCache;
use sojourn_runtime::jobs::{Job, MAX_UNEXPECTED, Outcome};
use sojourn_runtime::nats::{self, PublishError};
use sojourn_runtime::{Client, clock};
use sojourn_wire::message::attachment::AttachmentPart;
use sojourn_wire::message::operation::{ChunkOutcome, OperationChunk, VerdictKind};
use sojourn_wire::message::{DecodeError, decode};
use sojourn_wire::streams::MAX_MESSAGE_BYTES;
use sojourn_wire::{AgentId, Subject, SubscriptionId};
use sqlx::PgPool;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::advice::advice;
use crate::answer::{encoded, guess_chunk};
use crate::db::{self, Limits, Request, attachment, play_back};
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
    committed: Arc<Notify>,
}

/// What an agent sends on the subject of its operations.
enum Sent {
    Chunk(OperationChunk),
    Part(AttachmentPart),
}

impl Handlers {
    /// A handler over these connections. It uses one connection of the pool at a time for each chunk, and tells
    /// `committed` that there may be events.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client, limits: Limits, committed: Arc<Notify>) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata, limits, committed }
    }

    /// A chunk of operations, or a part of an attachment.
    pub async fn operations(&self, job: Job) -> Outcome {
        let outcome = self.try_operations(&job).await.map_or_else(Outcome::from, |()| Outcome::Done);
        if matches!(outcome, Outcome::Unexpected { .. }) && job.strikes + 1 >= MAX_UNEXPECTED {
            self.give_up(&job).await;
        }
        outcome
    }

    async fn try_operations(&self, job: &Job) -> Result<(), HandlerError> {
        let Subject::Operations { agent, subscription } = job.subject.clone() else {
            return Err(HandlerError::Misrouted(job.subject.clone()));
        };
        let (id, sent) = sent(&job.payload);
        let outcome = match sent {
            Ok(Sent::Chunk(chunk)) => self.chunk(&agent, &subscription, &chunk, job.deliveries >= PATIENCE).await?,
            Ok(Sent::Part(part)) => self.part(&agent, &subscription, &part).await?,
            Err(error) => {
                let outcome = ChunkOutcome::Refused { reason: error.to_string() };
                self.answer(agent, subscription, id, outcome).await?;
                return Err(error);
            }
        };
        Ok(self.answer(agent, subscription, id, outcome).await?)
    }

    /// Tells the sender of what is about to become a dead letter that it need not wait. It may send the same again.
    async fn give_up(&self, job: &Job) {
        let Subject::Operations { agent, subscription } = job.subject.clone() else { return };
        let reason = "the server failed to play this back, and nothing of it was done; whoever looks after the server finds \
                      the reason among the dead letters";
        let outcome = ChunkOutcome::Refused { reason: reason.to_owned() };
        if let Err(error) = self.answer(agent, subscription, sent(&job.payload).0, outcome).await {
            tracing::warn!("the device could not be told that its operations failed: {error}");
        }
    }

    async fn chunk(
        &self,
        agent: &AgentId,
        subscription: &SubscriptionId,
        chunk: &OperationChunk,
        last_try: bool,
    ) -> Result<ChunkOutcome, HandlerError> {
        let terms = match db::terms(&self.pool, &self.metadata, agent, subscription).await? {
            Ok(terms) => terms,
            Err(reason) => return Ok(ChunkOutcome::Refused { reason }),
        };
        let advice = advice(&self.nats, &terms, subscription, chunk, last_try).await?;
        let trace_id = trace_id();
        let request = Request { agent, subscription, chunk, trace_id: &trace_id, last_try };
        let outcome = play_back(&self.pool, &terms, &advice, self.limits, request).await?;
        self.committed.notify_one();
        log(subscription, chunk, &trace_id, &outcome);
        Ok(outcome)
    }

    async fn part(
        &self,
        agent: &AgentId,
        subscription: &SubscriptionId,
        part: &AttachmentPart,
    ) -> Result<ChunkOutcome, HandlerError> {
        if let Err(reason) = db::terms(&self.pool, &self.metadata, agent, subscription).await? {
            return Ok(ChunkOutcome::Refused { reason });
        }
        Ok(match attachment::store(&self.pool, subscription, part).await? {
            Ok(()) => ChunkOutcome::Stored,
            Err(reason) => ChunkOutcome::Refused { reason },
        })
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

/// What is in a message, or why it is nothing of ours, and the id under which its sender waits for an answer.
fn sent(payload: &[u8]) -> (Uuid, Result<Sent, HandlerError>) {
    match decode::<OperationChunk>(payload) {
        Ok(chunk) => {
            let checked = order::check(&chunk);
            (chunk.chunk, checked.map(|()| Sent::Chunk(chunk)).map_err(HandlerError::from))
        }
        Err(DecodeError::WrongMessage { .. }) => {
            let part = decode::<AttachmentPart>(payload);
            (guess_chunk(payload), part.map(Sent::Part).map_err(HandlerError::from))
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
            let done = count(VerdictKind::Applied) + count(VerdictKind::Merged);
            let (parked, refused) = (count(VerdictKind::Parked), verdicts.len() - done - count(VerdictKind::Parked));
            let dry_run = chunk.dry_run;
            tracing::info!(
                %subscription, first, last, done, refused, parked, dry_run, trace_id,
                "operations {first}-{last} of {subscription}: {done} done, {refused} refused, {parked} parked"
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
        ChunkOutcome::Attachments { missing } => {
            let missing = missing.len();
            tracing::info!(
                %subscription, first, last, missing, trace_id,
                "operations {first}-{last} of {subscription} lack {missing} attachments"
            );
        }
        ChunkOutcome::Stored | ChunkOutcome::Unknown => {}
    }
}
