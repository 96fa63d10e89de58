//! Plays the offline queue back: one chunk at a time, in order of capture, each until it has its verdicts.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use sojourn_metadata::Metadata;
use sojourn_runtime::clock;
use sojourn_wire::message::attachment::MAX_ATTACHMENT_BYTES;
use sojourn_wire::message::operation::{ChunkOutcome, Command, Operation, OperationChunk, Verdict, VerdictKind};
use sojourn_wire::streams::{MAX_CHUNK_BYTES, MAX_CHUNK_OPERATIONS, MAX_MESSAGE_BYTES};
use uuid::Uuid;

use crate::attachments;
use crate::error::AgentError;
use crate::link::Link;
use crate::progress::Progress;
use crate::shared::SharedStore;
use crate::store::{Ceilings, EntryCommand, QueueEntry, Taken};

/// How often the attachments of a chunk are sent ahead before it is given up.
const UPLOADS: u32 = 5;
/// Room for the envelope of a chunk.
const ENVELOPE: usize = 1024;

/// What became of the queue.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct PlayedBack {
    /// Operations that got a verdict, without those that only said that the user has given one up.
    pub operations: u64,
    /// Operations that the server knows now to be given up.
    pub given_up: u64,
    /// How many of each verdict.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// What was applied or merged, in order.
    pub applied: Vec<Settled>,
    /// What was not, in order.
    pub refused: Vec<Settled>,
}

/// One operation and its verdict.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Settled {
    /// What it does.
    pub command: Command,
    /// Its entity's name.
    pub entity: String,
    /// Its row.
    pub object_id: Uuid,
    /// What became of it. The sequence is 0 when the agent itself refused it, because it can never be sent, or
    /// parked it for such.
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
    let known: Vec<u64> = refused_here(store).await?.iter().map(|entry| entry.row_number).collect();
    let ceilings = Ceilings {
        operations: MAX_CHUNK_OPERATIONS,
        bytes: chunk_bytes(),
        hard_bytes: (MAX_MESSAGE_BYTES - ENVELOPE) as u64,
        attachment_bytes: MAX_ATTACHMENT_BYTES,
    };
    store.run("marking what was overtaken", |store| store.overtake_deletes()).await?;
    let mut next = take_up(store, ceilings).await?;
    while let Some(mut taken) = next {
        let verdicts = match verdicts(store, link, &mut taken, patience).await {
            // The server was restored to an earlier state. A device that lacks operations is another matter.
            Err(AgentError::Gap { expected, first }) if expected < first => {
                store.run("numbering operations again", move |store| store.number_again_from(expected)).await?;
                next = take_up(store, ceilings).await?;
                continue;
            }
            answered => answered?,
        };
        next = settle(store, &verdicts, ceilings).await?;
        progress.advance(verdicts.len() as u64);
        played.count(&taken.chunk, verdicts, &names);
    }
    progress.end();
    let refused = refused_here(store).await?.into_iter().filter(|entry| !known.contains(&entry.row_number));
    refused.for_each(|entry| played.count_refused_here(entry));
    Ok(played)
}

async fn take_up(store: &SharedStore, ceilings: Ceilings) -> Result<Option<Taken>, AgentError> {
    let id = clock::fresh_id();
    store.run("taking up operations", move |store| store.take_up(id, ceilings)).await
}

/// Stores verdicts and takes up what comes next. What cannot be taken up does not keep verdicts from being stored.
async fn settle(store: &SharedStore, verdicts: &[Verdict], ceilings: Ceilings) -> Result<Option<Taken>, AgentError> {
    let (id, settled) = (clock::fresh_id(), verdicts.to_vec());
    let both = store.run("settling operations", move |store| store.settle_and_take_up(&settled, id, ceilings)).await;
    if both.is_ok() {
        return both;
    }
    let settled = verdicts.to_vec();
    store.run("settling operations", move |store| store.settle(&settled)).await?;
    take_up(store, ceilings).await
}

async fn refused_here(store: &SharedStore) -> Result<Vec<QueueEntry>, AgentError> {
    store.run("reading the queue", |store| store.queue_refused_here()).await
}

/// Bytes of operations that make a chunk.
pub(crate) fn chunk_bytes() -> u64 {
    (MAX_CHUNK_BYTES - ENVELOPE) as u64
}

/// Sends a chunk, what must be there before it first, until its verdicts come.
///
/// # Errors
/// [`AgentError`]; sending it again is harmless.
pub(crate) async fn verdicts(
    store: &SharedStore,
    link: &Link,
    taken: &mut Taken,
    patience: Duration,
) -> Result<Vec<Verdict>, AgentError> {
    let Taken { chunk, attachments } = taken;
    attachments::send_ahead(store, link, attachments.iter(), patience).await?;
    for _ in 0..UPLOADS {
        match link.replay(chunk, patience).await? {
            ChunkOutcome::Verdicts { verdicts } => return Ok(verdicts),
            ChunkOutcome::Gap { expected } => return Err(AgentError::Gap { expected, first: chunk.first }),
            ChunkOutcome::Refused { reason } => return Err(AgentError::Refused(reason)),
            ChunkOutcome::Attachments { missing } => {
                let lacking = attachments.iter().filter(|attachment| missing.contains(&attachment.id));
                attachments::send_ahead(store, link, lacking, patience).await?;
                // The answer to the old id is there already.
                chunk.chunk = clock::fresh_id();
            }
            ChunkOutcome::Stored | ChunkOutcome::Unknown => return Err(AgentError::TooNew),
        }
    }
    Err(AgentError::AttachmentsLost(UPLOADS))
}

/// The operations of a chunk with their verdicts.
pub(crate) fn settled(chunk: &OperationChunk, verdicts: Vec<Verdict>, metadata: Option<&Metadata>) -> Vec<Settled> {
    let names = names(metadata);
    chunk.operations.iter().zip(verdicts).map(|(operation, verdict)| one(operation, verdict, &names)).collect()
}

fn one(operation: &Operation, verdict: Verdict, names: &HashMap<i32, String>) -> Settled {
    let entity = names.get(&operation.object_type_code).cloned().unwrap_or_default();
    Settled { command: operation.command, entity, object_id: operation.object_id, verdict }
}

/// The entities' names by object type code.
fn names(metadata: Option<&Metadata>) -> HashMap<i32, String> {
    let entities = metadata.into_iter().flat_map(|metadata| &metadata.entities);
    entities.map(|entity| (entity.object_type_code, entity.name.clone())).collect()
}

impl Settled {
    /// Whether it was done, as asked or beside changes of others.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.verdict.verdict.is_done()
    }
}

impl PlayedBack {
    /// An operation that got no number: it cannot be sent, or waits for one that cannot.
    fn count_refused_here(&mut self, entry: QueueEntry) {
        let command = match entry.command {
            EntryCommand::Create => Command::Create,
            EntryCommand::Update => Command::Update,
            EntryCommand::Delete => Command::Delete,
            EntryCommand::Invoke => Command::Invoke,
            EntryCommand::Start | EntryCommand::Stop => return,
        };
        self.operations += 1;
        let kind = VerdictKind::from_word(entry.verdict.as_deref().unwrap_or_default());
        *self.verdicts.entry(kind.word()).or_default() += 1;
        let object_id = entry.object_id.and_then(|id| id.parse().ok()).unwrap_or_default();
        let verdict = Verdict { reason: entry.reason, ..Verdict::new(0, kind, "") };
        self.refused.push(Settled { command, entity: entry.entity.unwrap_or_default(), object_id, verdict });
    }

    fn count(&mut self, chunk: &OperationChunk, verdicts: Vec<Verdict>, names: &HashMap<i32, String>) {
        for (operation, verdict) in chunk.operations.iter().zip(verdicts) {
            if operation.command == Command::Discard {
                self.given_up += 1;
                continue;
            }
            self.operations += 1;
            *self.verdicts.entry(verdict.verdict.word()).or_default() += 1;
            let settled = one(operation, verdict, names);
            let list = if settled.is_done() { &mut self.applied } else { &mut self.refused };
            list.push(settled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_up_is_counted_apart() {
        let operation = |sequence, command| Operation {
            sequence,
            command,
            object_type_code: 1,
            object_id: Uuid::from_u128(sequence.into()),
            data: BTreeMap::new(),
            base: BTreeMap::new(),
            group: None,
            captured_at: String::new(),
            name: None,
            settles: None,
            seen: None,
            create_anyway: false,
            overtaken: false,
        };
        let operations =
            vec![operation(7, Command::Discard), operation(8, Command::Update), operation(9, Command::Delete)];
        let chunk = OperationChunk {
            chunk: Uuid::nil(),
            first: 7,
            metadata_version: 1,
            operations,
            since: None,
            dry_run: false,
        };
        let kinds = [VerdictKind::Applied, VerdictKind::Merged, VerdictKind::Rejected];
        let verdicts = (7..).zip(kinds).map(|(sequence, kind)| Verdict::new(sequence, kind, "t")).collect();
        let mut played = PlayedBack::default();
        played.count(&chunk, verdicts, &HashMap::from([(1, "account".to_owned())]));
        assert_eq!((played.operations, played.given_up), (2, 1));
        assert_eq!(played.verdicts, BTreeMap::from([("merged", 1), ("rejected", 1)]));
        assert_eq!((played.applied.len(), played.applied[0].verdict.sequence, played.refused.len()), (1, 8, 1));
    }
}
