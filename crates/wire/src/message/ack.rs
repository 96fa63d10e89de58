//! The agent's word on a batch: received, or durable in its database (PostSync); and the end of a session.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;

/// How far the device has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The file is on the device: the next one may be made.
    Received,
    /// The device has committed it: PostSync.
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

    #[test]
    fn golden_files() {
        let session = Uuid::from_u128(3);
        for (case, stage) in
            [("received", Stage::Received), ("post-synced", Stage::PostSynced), ("finished", Stage::Finished)]
        {
            golden::check(case, &Ack { session, batch: 1, stage, rows: 10_000, elapsed_ms: 31 });
        }
        golden::check("settled", &AckResult { session, pending: 0 });
    }
}
