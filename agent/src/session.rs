//! One run of GoOffline or sync, as a pure state machine: `step(event) -> effects`.
//!
//! It knows no clock, no bus and no database; it only decides what comes next. So whole stories of crash, reorder and
//! repeat run in microseconds as tests. The order it keeps is what makes a batch safe: fetched, then Received, then
//! checked, then durable on the device, and only then PostSync.
//!
//! Batches pass four places, each of which holds one at a time: it is fetched, waits, is checked, and is written. Each
//! place works while the others do, and together they are what the device holds in memory. While a file is fetched, the
//! next batch's manifest is awaited.
//!
//! Until a session was ever finished here, a batch is loaded into the tables as it comes. In later sessions it is
//! spooled, which makes it durable too; all of them are applied together when the session's end is known.

mod step;

use sojourn_wire::message::ack::Stage;
use sojourn_wire::message::batch::BatchOutcome;
use sojourn_wire::message::prepare::PrepareOutcome;
use uuid::Uuid;

pub use step::{Begin, Effect, Ending, Event};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Preparing,
    Beginning,
    Moving,
    Applying,
    Settling,
    Ending { pending: u64 },
    Over,
}

/// A file that export has described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Described {
    batch: u32,
    parts: u32,
    bytes: u64,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    phase: Phase,
    session: Uuid,
    /// Batches are spooled.
    later: bool,
    /// The next batch to hear of.
    next: u32,
    /// The batch whose manifest is being awaited.
    awaited: Option<u32>,
    /// The batch whose manifest has come, and whose file is not being fetched yet.
    described: Option<Described>,
    fetching: Option<u32>,
    fetched: Option<u32>,
    checking: Option<u32>,
    checked: Option<u32>,
    writing: Option<u32>,
    /// The last batch that is durable; they become so in order.
    durable: u32,
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
            later: false,
            next: 1,
            awaited: None,
            described: None,
            fetching: None,
            fetched: None,
            checking: None,
            checked: None,
            writing: None,
            durable: 0,
            last: None,
        }
    }

    /// Takes an event and says what is to be done. An event that does not fit where the run stands is a repeat, and
    /// changes nothing.
    #[must_use]
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match (self.phase.clone(), event) {
            (Phase::Preparing, Event::Prepared(outcome)) => self.prepared(outcome),
            (Phase::Beginning, Event::Begun { later }) => {
                (self.phase, self.later) = (Phase::Moving, later);
                self.go_on(None)
            }
            (Phase::Moving, Event::Manifest { batch, outcome }) if self.awaited == Some(batch) => {
                self.awaited = None;
                self.manifest(batch, outcome)
            }
            (Phase::Moving, Event::Fetched { batch }) if self.fetching == Some(batch) => {
                (self.fetching, self.fetched) = (None, Some(batch));
                self.go_on(Some((batch, Stage::Received)))
            }
            (Phase::Moving, Event::Checked { batch }) if self.checking == Some(batch) => {
                (self.checking, self.checked) = (None, Some(batch));
                self.go_on(None)
            }
            (Phase::Moving, Event::Durable { batch }) if self.writing == Some(batch) => {
                (self.writing, self.durable) = (None, batch);
                self.go_on(Some((batch, Stage::PostSynced)))
            }
            (Phase::Applying, Event::Applied) => self.finish(),
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
                elapsed_ms: prepare_ms,
            } => {
                self.phase = Phase::Beginning;
                self.session = session;
                vec![Effect::Begin(Begin {
                    session,
                    prepare_seq,
                    prepare_ms,
                    reinitialise,
                    dataset,
                    metadata_version,
                    totals,
                    next_sequence,
                })]
            }
            PrepareOutcome::Refused { reason } => self.stop(Ending::Refused(reason)),
            PrepareOutcome::Unknown => self.stop(Ending::TooNew),
        }
    }

    fn manifest(&mut self, batch: u32, outcome: BatchOutcome) -> Vec<Effect> {
        match outcome {
            BatchOutcome::Ready { parts, bytes, .. } => {
                self.described = Some(Described { batch, parts, bytes });
                self.go_on(None)
            }
            BatchOutcome::End => {
                self.last = Some(batch - 1);
                self.go_on(None)
            }
            BatchOutcome::Failed { reason } => self.stop(Ending::Refused(reason)),
            BatchOutcome::Unknown => self.stop(Ending::TooNew),
        }
    }

    /// Says what was reached, then moves every batch on that has room before it, the foremost first.
    fn go_on(&mut self, reached: Option<(u32, Stage)>) -> Vec<Effect> {
        let mut effects: Vec<Effect> =
            reached.map(|(batch, stage)| self.acknowledge(batch, stage)).into_iter().collect();
        effects.extend(self.write_next());
        effects.extend(self.check_next());
        effects.extend(self.fetch_next());
        effects.extend(self.await_next());
        if self.last == Some(self.durable) {
            effects.extend(self.complete());
        }
        effects
    }

    fn write_next(&mut self) -> Option<Effect> {
        if self.writing.is_some() {
            return None;
        }
        let batch = self.checked.take()?;
        self.writing = Some(batch);
        Some(if self.later { Effect::Spool { batch } } else { Effect::Load { batch } })
    }

    fn check_next(&mut self) -> Option<Effect> {
        if self.checking.is_some() || self.checked.is_some() {
            return None;
        }
        let batch = self.fetched.take()?;
        self.checking = Some(batch);
        Some(Effect::Check { batch })
    }

    fn fetch_next(&mut self) -> Option<Effect> {
        if self.fetching.is_some() || self.fetched.is_some() {
            return None;
        }
        let Described { batch, parts, bytes } = self.described.take()?;
        self.fetching = Some(batch);
        Some(Effect::Fetch { session: self.session, batch, parts, bytes })
    }

    fn await_next(&mut self) -> Option<Effect> {
        if self.awaited.is_some() || self.described.is_some() || self.last.is_some() {
            return None;
        }
        let batch = self.next;
        (self.awaited, self.next) = (Some(batch), batch + 1);
        Some(Effect::AwaitManifest { session: self.session, batch })
    }

    /// Every batch is durable, and there are no more.
    fn complete(&mut self) -> Vec<Effect> {
        if !self.later {
            return self.finish();
        }
        self.phase = Phase::Applying;
        vec![Effect::Apply { session: self.session }]
    }

    fn finish(&mut self) -> Vec<Effect> {
        self.phase = Phase::Settling;
        vec![self.acknowledge(self.durable, Stage::Finished), Effect::AwaitSettled { session: self.session }]
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
