//! What one session knows of its batches: how long each step took, what was moved, and how large the next ones should
//! be.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::batch::BatchOutcome;
use sojourn_wire::message::sync_info::SyncInfo;
use uuid::Uuid;

use super::Moved;
use super::recorder::Recorder;
use crate::batching::{Batching, Sizes};
use crate::link::{Fetched, Pace};
use crate::store::{Loaded, Unspooled};

/// The books of one session.
pub(super) struct Books {
    /// When prepare has answered.
    began: Instant,
    recorder: Recorder,
    sizes: Sizes,
    pace: Pace,
    /// When files began to be fetched.
    fetching: HashMap<u32, Instant>,
    /// How many rows the device wants from now on, as it says of each batch that has come.
    wanted: HashMap<u32, u32>,
    /// What was moved.
    pub(super) moved: Moved,
}

impl Books {
    /// The books of a session that begins now.
    pub(super) fn new(batching: Batching) -> Self {
        Self {
            began: Instant::now(),
            recorder: Recorder::default(),
            sizes: Sizes::new(batching),
            pace: Pace::default(),
            fetching: HashMap::new(),
            wanted: HashMap::new(),
            moved: Moved { rounds: 1, ..Moved::default() },
        }
    }

    /// Prepare has answered: moments count from here.
    pub(super) fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// A batch's manifest is awaited.
    pub(super) fn awaiting(&mut self, batch: u32) {
        self.recorder.awaiting(batch, self.began.elapsed());
    }

    /// Export has said what a batch is.
    pub(super) fn described(&mut self, batch: u32, outcome: &BatchOutcome) {
        self.recorder.described(batch, outcome, self.began.elapsed());
    }

    /// A batch's file begins to be fetched. Its rows, and how many of its parts may be in flight.
    pub(super) fn fetching(&mut self, batch: u32) -> (u32, usize) {
        self.fetching.insert(batch, Instant::now());
        (self.rows(batch), self.pace.in_flight())
    }

    /// A batch's file is complete.
    pub(super) fn fetched(&mut self, batch: u32, fetched: &Fetched, took: Duration) {
        self.pace.learn(fetched.file.len() as u64, took);
        if let Some((of, waited)) = self.recorder.fetched(batch, took, fetched.retries) {
            self.wanted.insert(batch, self.sizes.fetched(of.object_type_code, of.kind, of.rows, waited));
        }
    }

    /// A batch's file was checked.
    pub(super) fn checked(&mut self, batch: u32, took: Duration) {
        self.recorder.checked(batch, took);
    }

    /// A batch is in the tables.
    pub(super) fn loaded(&mut self, loaded: &Loaded, took: Duration) {
        self.durable(loaded.batch, took);
        if let Some(of) = self.recorder.of(loaded.batch) {
            self.recorder.loaded(of.object_type_code, loaded, self.began.elapsed());
        }
        self.moved.take(loaded);
    }

    /// A batch is loaded, or spooled.
    pub(super) fn durable(&mut self, batch: u32, took: Duration) {
        self.moved.batches += 1;
        if let Some(of) = self.recorder.durable(batch, took, self.began.elapsed()) {
            self.sizes.written(of.object_type_code, of.kind, of.rows, took);
        }
    }

    /// What was spooled by this session, or by others before it, is in the tables.
    pub(super) fn applied(&mut self, unspooled: Unspooled, session: Uuid) {
        let at = self.began.elapsed();
        for applied in unspooled.applied {
            self.recorder.loaded(applied.object_type_code, &applied.loaded, at);
            self.recorder.applied(applied.object_type_code, applied.took, at);
            self.moved.take(&applied.loaded);
            if applied.session != session {
                self.moved.resumed += applied.loaded.taken();
            }
        }
        self.moved.lost.extend(unspooled.lost);
    }

    /// The session failed for a file, which the next one begins anew.
    pub(super) fn begun_anew(&mut self) {
        self.recorder.begun_anew();
    }

    /// The acknowledgement that says how far a batch, or the session, has come.
    pub(super) fn ack(&mut self, session: Uuid, batch: u32, stage: Stage) -> Ack {
        let elapsed = self.fetching.get(&batch).map(|began| began.elapsed().as_millis());
        let finished = stage == Stage::Finished;
        Ack {
            session,
            batch,
            stage,
            rows: if finished { self.moved.rows + self.moved.deletes } else { self.rows(batch).into() },
            elapsed_ms: elapsed.and_then(|elapsed| u64::try_from(elapsed).ok()).unwrap_or_default(),
            batch_rows: (stage == Stage::Received).then(|| self.wanted.remove(&batch)).flatten(),
            sync_info: finished.then(|| self.info().clone()),
        }
    }

    /// The statistics so far.
    pub(super) fn info(&self) -> &SyncInfo {
        self.recorder.info()
    }

    fn rows(&self, batch: u32) -> u32 {
        self.recorder.of(batch).map_or(0, |of| of.rows)
    }
}
