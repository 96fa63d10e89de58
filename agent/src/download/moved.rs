//! What a run moved, counted.

use sojourn_wire::message::prepare::EntityCounts;

/// What a run moved.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Rows that came.
    pub rows: u64,
    /// Rows that went.
    pub deletes: u64,
    /// Rows put off because they have unsent writes.
    pub set_aside: u64,
    /// Batches.
    pub batches: u32,
    /// How long the server worked on PrepareSync, in milliseconds.
    pub prepare_ms: u64,
    /// What PrepareSync counted, per entity in load order.
    pub entities: Vec<EntityCounts>,
    /// Rows that wait on the server: they changed meanwhile and the next run brings them, or are too large to be sent.
    pub pending: u64,
    /// Sessions that were begun anew because a batch file arrived broken.
    pub retries: u32,
}

impl Moved {
    /// Adds another run of the same download.
    pub(super) fn add(&mut self, run: Self) {
        self.rows += run.rows;
        self.deletes += run.deletes;
        self.set_aside += run.set_aside;
        self.batches += run.batches;
        self.prepare_ms += run.prepare_ms;
        self.pending = run.pending;
        if self.entities.is_empty() {
            self.entities = run.entities;
        }
    }
}
