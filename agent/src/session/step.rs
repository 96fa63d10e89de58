//! What a run is told, and what it says is to be done.

use sojourn_wire::Dataset;
use sojourn_wire::message::ack::Stage;
use sojourn_wire::message::batch::BatchOutcome;
use sojourn_wire::message::prepare::{EntityCounts, PrepareOutcome};
use uuid::Uuid;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a field is what its name says: the session, the batch's number, its parts and bytes")]
pub enum Event {
    /// Prepare has answered.
    Prepared(PrepareOutcome),
    /// The device's tables have the session's metadata version, and the session is noted in its database. `later`: a
    /// session was finished here before.
    Begun { later: bool },
    /// Export has said what a batch is.
    Manifest { batch: u32, outcome: BatchOutcome },
    /// A batch's file is complete.
    Fetched { batch: u32 },
    /// A batch's file is whole, and fits the tables.
    Checked { batch: u32 },
    /// A batch's rows are committed, or its file is spooled: nothing of it can be lost any more.
    Durable { batch: u32 },
    /// Everything that was spooled is in the tables.
    Applied,
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
    /// Check a batch's file.
    Check { batch: u32 },
    /// Load a batch's file in one transaction.
    Load { batch: u32 },
    /// Put a batch's file into the spool.
    Spool { batch: u32 },
    /// Load everything that is spooled in one transaction.
    Apply { session: Uuid },
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
    /// How long the server worked on the prepare, in milliseconds.
    pub prepare_ms: u64,
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
