//! Dynamic batching (Appendix C of the documents): how many rows the next batches of an entity should hold, by how long
//! the last one took. Pure, but for remembering the device's settings.
//!
//! A batch's time is what the device waited and worked for it: from when its manifest began to be awaited until its
//! file was complete (less what it waited for room on the device), or the time that its rows take to be written,
//! whichever is greater. Both go on at the same time, so that the greater one is what holds the session up. When the
//! size is asked for, the batch itself is not written yet: the time is taken from the last one that was, row by row.
//!
//! Only a batch that was as large as was asked for says that it could be larger: the last one of an entity, or one that
//! met the ceiling of bytes, takes little time for other reasons. And what a batch says is said of its own size, as
//! batches that were made before the device changed its mind still arrive.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sojourn_wire::message::batch::BatchKind;
use sojourn_wire::message::prepare;

use crate::store::{Store, StoreError};

/// The name of the setting that holds a device's [`Batching`], as JSON.
pub const BATCHING: &str = "batching";

/// How large a device's batches are to begin with, and how they change.
///
/// The defaults are for a fast link, and find their way on a slow one. A batch of 10,000 rows takes some 50 ms on a
/// local network, so that the round trips between batches would weigh; batches double until one takes 100 ms or has
/// 4 MiB, which is also what bounds the agent's memory. On a link of 100 KB/s the same batch takes 10 s: they halve until
/// one takes at most 5 s, so that no more than that is lost when the link breaks, and the bar moves. Between the two
/// lies a factor of 50, so that doubling and halving never chase each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// The most rows of an entity's first batch (*OfflineRowsBatchSize*).
    pub rows: u32,
    /// The most bytes of a batch, as Postgres sends its rows. A single larger row is a batch of its own.
    pub bytes: u64,
    /// A batch that took less makes the next ones larger (*OfflineMinBatchTimeMilliSec*), in milliseconds.
    pub min_ms: u64,
    /// A batch that took more makes the next ones smaller (*OfflineMaxBatchTimeMilliSec*), in milliseconds.
    pub max_ms: u64,
    /// By how much they grow (*OfflineIncreaseRate*); 1: not at all.
    pub increase_rate: u32,
    /// By how much they shrink (*OfflineDecreaseRate*); 1: not at all.
    pub decrease_rate: u32,
    /// How often a session is begun anew because a batch file arrived broken, or is not kept any more
    /// (*OfflineMaxRetryCount*).
    pub retry_count: u32,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            rows: 10_000,
            bytes: 4 << 20,
            min_ms: 100,
            max_ms: 5_000,
            increase_rate: 2,
            decrease_rate: 2,
            retry_count: 3,
        }
    }
}

impl Batching {
    /// The device's settings; the defaults when it has none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when they cannot be read.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let Some(text) = store.setting(BATCHING)? else { return Ok(Self::default()) };
        serde_json::from_str(&text).map_err(|error| StoreError::Corrupt {
            path: store.path().to_path_buf(),
            doing: "reading the settings of batches",
            problem: error.to_string(),
        })
    }

    /// Remembers the device's settings.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn write(&self, store: &mut Store) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        store.set_setting(BATCHING, Some(&text))
    }

    /// What a request says of them.
    #[must_use]
    pub fn asked(&self) -> prepare::Batching {
        prepare::Batching { rows: self.rows.max(1), bytes: self.bytes.max(1) }
    }

    /// How many rows the next batches should hold, when so many were asked for and one of `rows` took so long.
    #[must_use]
    pub fn next(&self, asked: u32, rows: u32, took: Duration) -> u32 {
        if took > Duration::from_millis(self.max_ms) && self.decrease_rate > 1 {
            asked.min(rows / self.decrease_rate).max(1)
        } else if took < Duration::from_millis(self.min_ms) && self.increase_rate > 1 && rows >= asked {
            rows.saturating_mul(self.increase_rate)
        } else {
            asked
        }
    }
}

/// How many rows each entity's batches should hold, as one session goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Sizes {
    batching: Batching,
    of: HashMap<(i32, BatchKind), Size>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Size {
    asked: u32,
    /// How long a row took to be written, in the last batch that was.
    write_a_row: Duration,
}

impl Sizes {
    /// The sizes at a session's beginning.
    #[must_use]
    pub fn new(batching: Batching) -> Self {
        Self { batching, of: HashMap::new() }
    }

    /// A batch has come, after so much waiting and fetching. How many rows the next ones of its entity and kind should
    /// hold.
    pub fn fetched(&mut self, entity: i32, kind: BatchKind, rows: u32, took: Duration) -> u32 {
        let batching = self.batching;
        let size = self.size(entity, kind);
        let writing = size.write_a_row.saturating_mul(rows);
        size.asked = batching.next(size.asked, rows, took.max(writing));
        size.asked
    }

    /// A batch was written in this time.
    pub fn written(&mut self, entity: i32, kind: BatchKind, rows: u32, took: Duration) {
        self.size(entity, kind).write_a_row = took / rows.max(1);
    }

    fn size(&mut self, entity: i32, kind: BatchKind) -> &mut Size {
        let asked = self.batching.rows.max(1);
        self.of.entry((entity, kind)).or_insert(Size { asked, write_a_row: Duration::ZERO })
    }
}

#[cfg(test)]
mod tests;
