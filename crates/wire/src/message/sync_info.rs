//! RecordSyncInfo: what a session moved and how long that took, as the device tells the server when it is over.
//!
//! The documents' *SubscriptionSyncInfo*, with the time of each stage beside the counts.

use serde::{Deserialize, Serialize};

/// How long the server worked on something, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerTime {
    /// Reading rows from Postgres.
    pub read_us: u64,
    /// Making the batch file of them.
    pub encode_us: u64,
    /// Putting its parts into the store.
    pub store_us: u64,
}

/// How long the device worked on something, in microseconds. Stages overlap: their sum may be more than the time that
/// passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeviceTime {
    /// Fetching parts.
    pub fetch_us: u64,
    /// Checking and decoding the file.
    pub decode_us: u64,
    /// Writing to SQLite, its commit included.
    pub load_us: u64,
}

/// One entity of a session.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EntitySyncInfo {
    /// The entity.
    pub object_type_code: i32,
    /// When its first batch was begun, in milliseconds after the session's beginning.
    pub first_ms: u64,
    /// When its last batch was committed, in milliseconds after the session's beginning.
    pub last_ms: u64,
    /// Rows inserted or updated on the device.
    pub rows: u64,
    /// Rows deleted on the device.
    pub deletes: u64,
    /// Rows that came beneath unsettled changes of the device.
    pub set_aside: u64,
    /// Batches.
    pub batches: u32,
    /// Parts or files that were fetched again.
    pub retries: u32,
    /// Bytes that crossed the wire: of batch files.
    pub wire_bytes: u64,
    /// Bytes of the rows as Postgres sent them.
    pub row_bytes: u64,
    /// The server's time.
    pub server: ServerTime,
    /// The device's time.
    pub device: DeviceTime,
}

/// A session that is over. Entities of which nothing moved are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SyncInfo {
    /// How long it took the device, from the answer to its request to the last commit, in milliseconds.
    pub elapsed_ms: u64,
    /// By entity, in the order in which their first batches came.
    pub entities: Vec<EntitySyncInfo>,
}
