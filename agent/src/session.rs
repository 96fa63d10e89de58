//! One run of GoOffline or sync, as a pure state machine: `step(event) -> effects`.
//!
//! It knows no clock, no bus and no database; it only decides what comes next. So whole stories of crash, reorder and
//! repeat run in microseconds as tests. The order it keeps is what makes a batch safe: fetched, then Received, then
//! loaded and committed, and only then PostSync.

use std::collections::BTreeSet;

use sojourn_wire::Dataset;
use sojourn_wire::message::ack::Stage;
use sojourn_wire::message::batch::BatchOutcome;
use sojourn_wire::message::prepare::{EntityCounts, PrepareOutcome};
use uuid::Uuid;

/// Files that may be on the device and not yet loaded. It bounds the agent's memory.
const AHEAD: usize = 2;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what its name says: the session, the batch's number, its parts and bytes")]
pub enum Event {
    /// Prepare has answered.
    Prepared(PrepareOutcome),
    /// The device's tables have the session's metadata version, and the session is noted in its database.
    Begun,
    /// Export has said what a batch is.
    Manifest { batch: u32, outcome: BatchOutcome },
    /// A batch's file is complete.
    Fetched { batch: u32 },
    /// A batch's rows are committed.
    Loaded { batch: u32 },
    /// Prepare has settled every PostSync.
    Settled { pending: u64 },
    /// The session's end is committed.
    Ended,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what its name says: the session, the batch's number, its parts and bytes")]
pub enum Effect {
    /// Adopt the metadata version, and note the session.
    Begin(Begin),
    /// Await what export says of this batch.
    AwaitManifest { session: Uuid, batch: u32 },
    /// Fetch a batch's file.
    Fetch { session: Uuid, batch: u32, parts: u32, bytes: u64 },
    /// Tell prepare how far the device is. Acknowledgements are sent in the order they are given.
    Acknowledge { session: Uuid, batch: u32, stage: Stage },
    /// Load a batch's file in one transaction.
    Load { batch: u32 },
    /// Await prepare's word that every PostSync is settled.
    AwaitSettled { session: Uuid },
    /// Note the end of the session.
    End { session: Uuid },
    /// It is over.
    Stop(Ending),
}

/// A session that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The session.
    pub session: Uuid,
    /// Its number among the subscription's prepares.
    pub prepare_seq: u64,
    /// The server was restored to an earlier state: after the session every row is to be compared.
    pub reinitialise: bool,
    /// The configured set of entities.
    pub dataset: Dataset,
    /// The metadata version of its batches.
    pub metadata_version: u32,
    /// What must move.
    pub totals: Vec<EntityCounts>,
    /// The sequence that the next operation must have, for a device without a history.
    pub next_sequence: u64,
}

/// How it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what its name says: the session, the batch's number, its parts and bytes")]
pub enum Ending {
    /// The device holds what the prepare decided. `pending` rows changed meanwhile, and wait for the next run.
    Complete { pending: u64 },
    /// The server refuses: the words are for the user.
    Refused(String),
    /// The server is newer than this program.
    TooNew,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Preparing,
    Beginning,
    Moving,
    Settling,
    Ending { pending: u64 },
    Over,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    phase: Phase,
    session: Uuid,
    /// The next batch to hear of.
    awaited: u32,
    /// A manifest is being awaited, or a file fetched.
    fetching: bool,
    /// Fetched, not yet loaded.
    held: BTreeSet<u32>,
    /// The batch that is being loaded.
    loading: Option<u32>,
    /// The last batch of the session, once its end is known.
    last: Option<u32>,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// A run whose request was sent.
    #[must_use]
    pub fn new() -> Self {
        Self {
            phase: Phase::Preparing,
            session: Uuid::nil(),
            awaited: 1,
            fetching: false,
            held: BTreeSet::new(),
            loading: None,
            last: None,
        }
    }

    /// Takes an event and says what is to be done. An event that does not fit where the run stands is a repeat, and
    /// changes nothing.
    #[must_use]
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match (self.phase.clone(), event) {
            (Phase::Preparing, Event::Prepared(outcome)) => self.prepared(outcome),
            (Phase::Beginning, Event::Begun) => {
                self.phase = Phase::Moving;
                self.await_next()
            }
            (Phase::Moving, Event::Manifest { batch, outcome }) if self.fetching && batch == self.awaited => {
                self.manifest(batch, outcome)
            }
            (Phase::Moving, Event::Fetched { batch }) if self.fetching && batch == self.awaited => self.fetched(batch),
            (Phase::Moving, Event::Loaded { batch }) if self.loading == Some(batch) => self.loaded(batch),
            (Phase::Settling, Event::Settled { pending }) => {
                self.phase = Phase::Ending { pending };
                vec![Effect::End { session: self.session }]
            }
            (Phase::Ending { pending }, Event::Ended) => self.stop(Ending::Complete { pending }),
            _ => Vec::new(),
        }
    }

    fn prepared(&mut self, outcome: PrepareOutcome) -> Vec<Effect> {
        match outcome {
            PrepareOutcome::Prepared {
                session,
                dataset,
                metadata_version,
                entities: totals,
                prepare_seq,
                reinitialise,
                next_sequence,
                elapsed_ms: _,
            } => {
                self.phase = Phase::Beginning;
                self.session = session;
                let begin =
                    Begin { session, prepare_seq, reinitialise, dataset, metadata_version, totals, next_sequence };
                vec![Effect::Begin(begin)]
            }
            PrepareOutcome::Refused { reason } => self.stop(Ending::Refused(reason)),
            PrepareOutcome::Unknown => self.stop(Ending::TooNew),
        }
    }

    fn manifest(&mut self, batch: u32, outcome: BatchOutcome) -> Vec<Effect> {
        match outcome {
            BatchOutcome::Ready { parts, bytes, .. } => {
                vec![Effect::Fetch { session: self.session, batch, parts, bytes }]
            }
            BatchOutcome::End => {
                self.last = Some(batch - 1);
                self.finish_when_loaded()
            }
            BatchOutcome::Failed { reason } => self.stop(Ending::Refused(reason)),
            BatchOutcome::Unknown => self.stop(Ending::TooNew),
        }
    }

    fn fetched(&mut self, batch: u32) -> Vec<Effect> {
        self.held.insert(batch);
        self.awaited += 1;
        self.fetching = false;
        let mut effects = vec![self.acknowledge(batch, Stage::Received)];
        effects.extend(self.load_next());
        effects.extend(self.await_next());
        effects
    }

    fn loaded(&mut self, batch: u32) -> Vec<Effect> {
        self.loading = None;
        self.held.remove(&batch);
        let mut effects = vec![self.acknowledge(batch, Stage::PostSynced)];
        effects.extend(self.load_next());
        effects.extend(self.await_next());
        effects.extend(self.finish_when_loaded());
        effects
    }

    fn await_next(&mut self) -> Vec<Effect> {
        if self.fetching || self.last.is_some() || self.held.len() >= AHEAD {
            return Vec::new();
        }
        self.fetching = true;
        vec![Effect::AwaitManifest { session: self.session, batch: self.awaited }]
    }

    fn load_next(&mut self) -> Option<Effect> {
        if self.loading.is_some() {
            return None;
        }
        let batch = *self.held.first()?;
        self.loading = Some(batch);
        Some(Effect::Load { batch })
    }

    fn finish_when_loaded(&mut self) -> Vec<Effect> {
        let Some(last) = self.last else { return Vec::new() };
        if !self.held.is_empty() || self.phase != Phase::Moving {
            return Vec::new();
        }
        self.phase = Phase::Settling;
        vec![self.acknowledge(last, Stage::Finished), Effect::AwaitSettled { session: self.session }]
    }

    fn acknowledge(&self, batch: u32, stage: Stage) -> Effect {
        Effect::Acknowledge { session: self.session, batch, stage }
    }

    fn stop(&mut self, ending: Ending) -> Vec<Effect> {
        self.phase = Phase::Over;
        vec![Effect::Stop(ending)]
    }
}

#[cfg(test)]
mod tests;
