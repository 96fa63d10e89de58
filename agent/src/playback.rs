//! Plays the offline queue back: one chunk at a time, in order of capture, each until it has its verdicts.

use std::collections::BTreeMap;
use std::time::Duration;

use sojourn_runtime::clock;
use sojourn_wire::message::operation::{ChunkOutcome, OperationChunk, Verdict, VerdictKind};
use sojourn_wire::streams::{MAX_CHUNK_BYTES, MAX_CHUNK_OPERATIONS, MAX_MESSAGE_BYTES};
use tokio::time::Instant;

use crate::error::AgentError;
use crate::link::{Link, LinkError};
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::Ceilings;

/// A chunk without verdicts is sent again after this long: the server's fence makes that harmless.
const RESEND: Duration = Duration::from_secs(30);
/// Room for the envelope of a chunk.
const ENVELOPE: usize = 1024;

/// What became of the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PlayedBack {
    /// Operations that got a verdict.
    pub operations: u64,
    /// How many of each verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// The verdicts that are not `applied`, in order.
    pub refused: Vec<Verdict>,
}

/// Sends what waits until nothing does. Nothing leaves the queue without a verdict that is stored on the server.
///
/// # Errors
/// [`AgentError`]; what has its verdict keeps it, the rest is sent by the next run.
pub async fn play_back(
    store: &SharedStore,
    link: &Link,
    patience: Duration,
    progress: &mut Progress,
) -> Result<PlayedBack, AgentError> {
    let mut played = PlayedBack::default();
    let summary = store.run("reading the queue", |store| store.queue_summary()).await?;
    if summary.waiting + summary.sent == 0 {
        return Ok(played);
    }
    progress.operations(summary.waiting + summary.sent);
    let ceilings = Ceilings {
        operations: MAX_CHUNK_OPERATIONS,
        bytes: (MAX_CHUNK_BYTES - ENVELOPE) as u64,
        hard_bytes: (MAX_MESSAGE_BYTES - ENVELOPE) as u64,
    };
    loop {
        let id = clock::fresh_id();
        let taken = store.run("taking up operations", move |store| store.take_up(id, ceilings)).await?;
        let Some(chunk) = taken else { break };
        let verdicts = verdicts(link, &chunk, patience).await?;
        let settled = verdicts.clone();
        store.run("settling operations", move |store| store.settle(&settled)).await?;
        progress.advance(verdicts.len() as u64);
        played.count(verdicts);
    }
    progress.end();
    Ok(played)
}

/// Sends a chunk until its verdicts come.
async fn verdicts(link: &Link, chunk: &OperationChunk, patience: Duration) -> Result<Vec<Verdict>, AgentError> {
    let give_up = Instant::now() + patience;
    loop {
        link.operations(chunk).await?;
        match link.verdicts(chunk, RESEND.min(patience)).await {
            Ok(result) => return outcome(result.outcome, chunk),
            Err(LinkError::Silent { .. }) if Instant::now() < give_up => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn outcome(outcome: ChunkOutcome, chunk: &OperationChunk) -> Result<Vec<Verdict>, AgentError> {
    match outcome {
        ChunkOutcome::Verdicts { verdicts } => Ok(verdicts),
        ChunkOutcome::Gap { expected } => Err(AgentError::Gap { expected, first: chunk.first }),
        ChunkOutcome::Refused { reason } => Err(AgentError::Refused(reason)),
        ChunkOutcome::Unknown => Err(AgentError::TooNew),
    }
}

impl PlayedBack {
    fn count(&mut self, verdicts: Vec<Verdict>) {
        self.operations += verdicts.len() as u64;
        for verdict in verdicts {
            *self.verdicts.entry(verdict.verdict.word()).or_default() += 1;
            if verdict.verdict != VerdictKind::Applied {
                self.refused.push(verdict);
            }
        }
    }
}
