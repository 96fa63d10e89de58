//! Plays the offline queue back: one chunk at a time, in order of capture, each until it has its verdicts.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::message::operation::{ChunkOutcome, Command, OperationChunk, Verdict, VerdictKind};
use sojourn_wire::streams::{MAX_CHUNK_BYTES, MAX_CHUNK_OPERATIONS, MAX_MESSAGE_BYTES};
use tokio::time::Instant;
use uuid::Uuid;

use crate::error::AgentError;
use crate::link::{Link, LinkError};
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Ceilings, EntryCommand, QueueEntry};

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
    /// What was applied, in order.
    pub applied: Vec<Settled>,
    /// What was not, in order.
    pub refused: Vec<Settled>,
}

/// One operation and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Settled {
    /// What it does.
    pub command: Command,
    /// Its entity's name.
    pub entity: String,
    /// Its row.
    pub object_id: Uuid,
    /// What became of it. The sequence is 0 when the agent itself refused it, because it can never be sent.
    #[serde(flatten)]
    pub verdict: Verdict,
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
    let names =
        store.run("reading the metadata", |store| Ok(names(store.metadata().map(|(_, metadata)| metadata)))).await?;
    let summary = store.run("reading the queue", |store| store.queue_summary()).await?;
    if summary.waiting + summary.sent == 0 {
        return Ok(played);
    }
    progress.operations(summary.waiting + summary.sent);
    let known: Vec<u64> = unsendable(store).await?.iter().map(|entry| entry.row_number).collect();
    let ceilings = Ceilings {
        operations: MAX_CHUNK_OPERATIONS,
        bytes: (MAX_CHUNK_BYTES - ENVELOPE) as u64,
        hard_bytes: (MAX_MESSAGE_BYTES - ENVELOPE) as u64,
    };
    loop {
        let id = clock::fresh_id();
        let taken = store.run("taking up operations", move |store| store.take_up(id, ceilings)).await?;
        let Some(chunk) = taken else { break };
        let verdicts = match verdicts(link, &chunk, patience).await {
            // The server was restored to an earlier state. A device that lacks operations is another matter.
            Err(AgentError::Gap { expected, first }) if expected < first => {
                store.run("numbering operations again", move |store| store.number_again_from(expected)).await?;
                continue;
            }
            answered => answered?,
        };
        let settled = verdicts.clone();
        store.run("settling operations", move |store| store.settle(&settled)).await?;
        progress.advance(verdicts.len() as u64);
        played.count(&chunk, verdicts, &names);
    }
    progress.end();
    let refused_here = unsendable(store).await?.into_iter().filter(|entry| !known.contains(&entry.row_number));
    refused_here.for_each(|entry| played.count_unsendable(entry));
    Ok(played)
}

async fn unsendable(store: &SharedStore) -> Result<Vec<QueueEntry>, AgentError> {
    store.run("reading the queue", |store| store.queue_unsendable()).await
}

/// Sends a chunk until its verdicts come.
async fn verdicts(link: &Link, chunk: &OperationChunk, patience: Duration) -> Result<Vec<Verdict>, AgentError> {
    let started = Instant::now();
    loop {
        link.operations(chunk).await?;
        match link.verdicts(chunk, RESEND.min(patience)).await {
            Ok(result) => return outcome(result.outcome, chunk),
            Err(LinkError::Silent { .. }) if started.elapsed() < patience => {}
            Err(error) => return Err(waited(error, started.elapsed()).into()),
        }
    }
}

/// Names all the time that passed, not that since the chunk was last sent.
fn waited(error: LinkError, patience: Duration) -> LinkError {
    match error {
        LinkError::Silent { what, last, .. } => LinkError::Silent { what, patience, last },
        other => other,
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

/// The entities' names by object type code.
fn names(metadata: Option<&Metadata>) -> HashMap<i32, String> {
    let entities = metadata.into_iter().flat_map(|metadata| &metadata.entities);
    entities.map(|entity| (entity.object_type_code, entity.name.clone())).collect()
}

impl PlayedBack {
    /// An operation that never had a number, because it cannot be sent.
    fn count_unsendable(&mut self, entry: QueueEntry) {
        let command = match entry.command {
            EntryCommand::Create => Command::Create,
            EntryCommand::Update => Command::Update,
            EntryCommand::Delete => Command::Delete,
            EntryCommand::Start | EntryCommand::Stop => return,
        };
        self.operations += 1;
        let kind = VerdictKind::Rejected;
        *self.verdicts.entry(kind.word()).or_default() += 1;
        let object_id = entry.object_id.and_then(|id| id.parse().ok()).unwrap_or_default();
        let verdict =
            Verdict { sequence: 0, verdict: kind, reason: entry.reason, attribute: None, trace_id: String::new() };
        self.refused.push(Settled { command, entity: entry.entity.unwrap_or_default(), object_id, verdict });
    }

    fn count(&mut self, chunk: &OperationChunk, verdicts: Vec<Verdict>, names: &HashMap<i32, String>) {
        self.operations += verdicts.len() as u64;
        for (operation, verdict) in chunk.operations.iter().zip(verdicts) {
            *self.verdicts.entry(verdict.verdict.word()).or_default() += 1;
            let list = if verdict.verdict == VerdictKind::Applied { &mut self.applied } else { &mut self.refused };
            let entity = names.get(&operation.object_type_code).cloned().unwrap_or_default();
            list.push(Settled { command: operation.command, entity, object_id: operation.object_id, verdict });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_with_all_the_time_that_passed() {
        let silent = LinkError::Silent { what: "verdicts", patience: RESEND, last: None };
        let words = waited(silent, Duration::from_millis(120_040)).to_string();
        assert!(words.starts_with("no verdicts within 120 s"), "{words}");
    }
}
