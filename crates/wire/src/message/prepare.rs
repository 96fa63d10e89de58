//! PrepareSync: the agent asks what must move, prepare answers with counts per entity.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;
use crate::id::Dataset;

/// One row, by entity and id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The entity.
    pub object_type_code: i32,
    /// The row.
    pub object_id: Uuid,
}

/// How far a device's database has come: the last session it has begun, and the last batch of it that is durable there.
/// Both are stored before the server hears of them, so that a device can be ahead of what the server knows, and never
/// behind, unless its database is an older copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// The session.
    pub session: Uuid,
    /// The number of the batch; 0 before the first.
    pub batch: u32,
    /// The session's own number among the subscription's prepares; 0 when the device does not know it.
    #[serde(default)]
    pub prepare_seq: u64,
}

/// How large a device wants its batches to begin with (the documents' *OfflineRowsBatchSize*), and the most bytes of
/// one. It changes its mind as it goes, with each [`Ack`](super::ack::Ack). The server has ceilings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batching {
    /// The most rows of the first batch of each entity.
    pub rows: u32,
    /// No row is added beyond this many bytes, as Postgres sends them; a single larger row is a batch of its own.
    pub bytes: u64,
}

/// The agent's request. Repeating it with the same `request` is harmless: each one supersedes the session before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareRequest {
    /// Names the answer.
    pub request: Uuid,
    /// The metadata version of the device's tables. None says that the device holds nothing, whatever was PostSynced
    /// before: it is new, or was set up anew.
    pub metadata_version: Option<u32>,
    /// Rows to send again although the server has not changed them: the device has put aside what it held of them.
    #[serde(default)]
    pub refresh: Vec<ObjectRef>,
    /// How far the device is. None when it does not say, or has begun no session.
    #[serde(default)]
    pub holds: Option<Holds>,
    /// How large its batches should be. None leaves it to the server.
    #[serde(default)]
    pub batching: Option<Batching>,
}

impl Message for PrepareRequest {
    const NAME: &'static str = "prepare-request";
    const VERSION: u16 = 1;
}

/// What must move, for one entity (the documents' `<entity name=… delete_count=… insert_count=…>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityCounts {
    /// The entity's name.
    pub entity: String,
    /// Its object type code.
    pub object_type_code: i32,
    /// Rows that are new to the device.
    pub insert: u64,
    /// Rows the device has in an older version, or has not confirmed yet.
    pub update: u64,
    /// Rows the device must drop.
    pub delete: u64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrepareResult {
    /// The request it answers.
    pub request: Uuid,
    /// What came of it.
    pub outcome: PrepareOutcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PrepareOutcome {
    /// A session is open; its batches follow.
    Prepared {
        /// The session.
        session: Uuid,
        /// The configured set of entities.
        dataset: Dataset,
        /// The metadata version its batches carry.
        metadata_version: u32,
        /// Counts of every entity, in load order.
        entities: Vec<EntityCounts>,
        /// The session's number among the subscription's prepares.
        #[serde(default)]
        prepare_seq: u64,
        /// The server was restored to an earlier state: what the device holds is compared with it, row by row, after
        /// this session.
        #[serde(default)]
        reinitialise: bool,
        /// The sequence that the next operation must have: a device without a history begins here.
        next_sequence: u64,
        /// How long it took, in milliseconds.
        elapsed_ms: u64,
    },
    /// It cannot be, whatever is tried again: the words are for the user.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

impl Message for PrepareResult {
    const NAME: &'static str = "prepare-result";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    #[test]
    fn golden_files() {
        let id = Uuid::from_u128;
        golden::check(
            "go-offline",
            &PrepareRequest {
                request: id(1),
                metadata_version: Some(1),
                refresh: vec![ObjectRef { object_type_code: 2, object_id: id(2) }],
                holds: Some(Holds { session: id(4), batch: 7, prepare_seq: 3 }),
                batching: Some(Batching { rows: 10_000, bytes: 8 << 20 }),
            },
        );
        let entities =
            vec![EntityCounts { entity: "account".into(), object_type_code: 1, insert: 20, update: 0, delete: 5 }];
        let dataset = "crm".parse().expect("a token");
        golden::check(
            "prepared",
            &PrepareResult {
                request: id(1),
                outcome: PrepareOutcome::Prepared {
                    session: id(3),
                    dataset,
                    metadata_version: 1,
                    entities,
                    prepare_seq: 4,
                    reinitialise: false,
                    next_sequence: 1,
                    elapsed_ms: 12,
                },
            },
        );
        golden::check(
            "refused",
            &PrepareResult { request: id(1), outcome: PrepareOutcome::Refused { reason: "expired".into() } },
        );
    }

    #[test]
    fn a_newer_outcome_is_a_value() {
        let bytes = br#"{"message":"prepare-result","version":1,
            "body":{"request":"00000000-0000-0000-0000-000000000001","outcome":{"kind":"postponed","until":5}}}"#;
        let result: PrepareResult = crate::message::decode(bytes).expect("readable");
        assert_eq!(result.outcome, PrepareOutcome::Unknown);
    }
}
