//! The agent's word on a batch: received, or durable in its database (PostSync); and the end of a session.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use super::sync_info::SyncInfo;

/// How far the device has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The file is on the device: the next one may be made.
    Received,
    /// The device has committed it and every batch before it: PostSync.
    PostSynced,
    /// The device has committed every batch up to this one, and there are no more: the session is over.
    Finished,
}

/// One acknowledgement. Repeating it is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The session.
    pub session: Uuid,
    /// The batch, or the last one of the session.
    pub batch: u32,
    /// How far it has come.
    pub stage: Stage,
    /// Rows or ids the device took from it, or from the whole session.
    pub rows: u64,
    /// How long the device worked on it, in milliseconds.
    pub elapsed_ms: u64,
    /// With [`Stage::Received`]: the most rows that the next batches of the same entity and kind should hold.
    #[serde(default)]
    pub batch_rows: Option<u32>,
    /// With [`Stage::Finished`]: the statistics of the session (the documents' *RecordSyncInfo*).
    #[serde(default)]
    pub sync_info: Option<SyncInfo>,
}

impl Message for Ack {
    const NAME: &'static str = "ack";
    const VERSION: u16 = 1;
}

/// Prepare's answer to [`Stage::Finished`]: every PostSync of the session is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckResult {
    /// The session.
    pub session: Uuid,
    /// Rows the server still holds as not synchronised: a newer session moves them.
    pub pending: u64,
}

impl Message for AckResult {
    const NAME: &'static str = "ack-result";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;
    use crate::message::sync_info::{DeviceTime, EntitySyncInfo, ServerTime};

    fn sync_info() -> SyncInfo {
        let entity = EntitySyncInfo {
            object_type_code: 2,
            first_ms: 5,
            last_ms: 36,
            rows: 10_000,
            deletes: 3,
            set_aside: 1,
            batches: 2,
            retries: 0,
            wire_bytes: 930_112,
            row_bytes: 3_120_000,
            server: ServerTime { read_us: 21_000, encode_us: 12_000, store_us: 4_000 },
            device: DeviceTime { fetch_us: 6_000, decode_us: 5_000, load_us: 15_000 },
        };
        SyncInfo { elapsed_ms: 40, entities: vec![entity] }
    }

    #[test]
    fn golden_files() {
        let session = Uuid::from_u128(3);
        for (case, stage) in
            [("received", Stage::Received), ("post-synced", Stage::PostSynced), ("finished", Stage::Finished)]
        {
            let batch_rows = (stage == Stage::Received).then_some(20_000);
            let sync_info = (stage == Stage::Finished).then(sync_info);
            golden::check(case, &Ack { session, batch: 1, stage, rows: 10_000, elapsed_ms: 31, batch_rows, sync_info });
        }
        golden::check("settled", &AckResult { session, pending: 0 });
    }
}
