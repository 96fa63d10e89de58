//! Moving data: prepare asks export for batches, export tells the agent what it made.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use super::sync_info::ServerTime;

/// Make batches of this session while its window is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportJob {
    /// The session.
    pub session: Uuid,
}

impl Message for ExportJob {
    const NAME: &'static str = "export-job";
    const VERSION: u16 = 1;
}

/// What a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    /// Rows to insert or replace.
    Rows,
    /// Ids to delete.
    Deletes,
}

/// One step of a session, in order of `batch` from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchManifest {
    /// The session.
    pub session: Uuid,
    /// The batch's number.
    pub batch: u32,
    /// What came of it.
    pub outcome: BatchOutcome,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BatchOutcome {
    /// A batch file is in the store.
    Ready {
        /// The entity.
        object_type_code: i32,
        /// What it holds.
        content: BatchKind,
        /// How many rows or ids.
        rows: u32,
        /// The file's size in bytes.
        bytes: u64,
        /// How many parts it was split into.
        parts: u32,
        /// Bytes of the rows as Postgres sent them.
        #[serde(default)]
        row_bytes: u64,
        /// How long the server worked on it.
        #[serde(default)]
        server: ServerTime,
    },
    /// There are no more batches.
    End,
    /// The session cannot go on: the words are for the user.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

impl Message for BatchManifest {
    const NAME: &'static str = "batch-manifest";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let session = Uuid::from_u128(3);
        golden::check("job", &ExportJob { session });
        let ready = BatchOutcome::Ready {
            object_type_code: 2,
            content: BatchKind::Rows,
            rows: 10_000,
            bytes: 930_112,
            parts: 4,
            row_bytes: 3_120_000,
            server: ServerTime { read_us: 21_000, encode_us: 12_000, store_us: 4_000 },
        };
        golden::check("ready", &BatchManifest { session, batch: 1, outcome: ready });
        golden::check("end", &BatchManifest { session, batch: 2, outcome: BatchOutcome::End });
        let failed = BatchOutcome::Failed { reason: "account cannot be read any more".into() };
        golden::check("failed", &BatchManifest { session, batch: 2, outcome: failed });
    }
}
