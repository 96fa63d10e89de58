//! Replay: the agent sends queued operations in order, replay answers each with a verdict.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::Message;

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Insert a row.
    Create,
    /// Change attributes of a row.
    Update,
    /// Remove a row.
    Delete,
}

/// One attribute's value as the device holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue {
    /// No value.
    Null,
    /// An integer or a double.
    Number(serde_json::Number),
    /// Text, in the attribute's own spelling.
    Text(String),
    /// Bytes of a binary attribute.
    Bytes(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum FieldRepr {
    Null(()),
    Number(serde_json::Number),
    Text(String),
    Bytes { base64: String },
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => FieldRepr::Null(()),
            Self::Number(number) => FieldRepr::Number(number.clone()),
            Self::Text(text) => FieldRepr::Text(text.clone()),
            Self::Bytes(bytes) => FieldRepr::Bytes { base64: STANDARD.encode(bytes) },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match FieldRepr::deserialize(deserializer)? {
            FieldRepr::Null(()) => Self::Null,
            FieldRepr::Number(number) => Self::Number(number),
            FieldRepr::Text(text) => Self::Text(text),
            FieldRepr::Bytes { base64 } => Self::Bytes(STANDARD.decode(base64).map_err(serde::de::Error::custom)?),
        })
    }
}

/// One queued write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Its number within the subscription, from 1 without gaps.
    pub sequence: u64,
    /// What it does.
    pub command: Command,
    /// The entity.
    pub object_type_code: i32,
    /// The row.
    pub object_id: Uuid,
    /// The attributes it sets, by name.
    #[serde(default)]
    pub data: BTreeMap<String, FieldValue>,
    /// What those attributes held before, by name: the base of a three-way merge.
    #[serde(default)]
    pub base: BTreeMap<String, FieldValue>,
    /// The group it belongs to: all or nothing.
    #[serde(default)]
    pub group: Option<u64>,
    /// When the user did it, by the device's clock, ISO-8601 in UTC.
    pub captured_at: String,
}

/// Operations in order of capture, numbered without gaps from `first`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationChunk {
    /// Names the answer. Sequences would not: after a restored backup the same ones come again.
    pub chunk: Uuid,
    /// The sequence of the first operation.
    pub first: u64,
    /// The metadata version the operations were captured under.
    pub metadata_version: u32,
    /// The operations. A group is never cut.
    pub operations: Vec<Operation>,
}

impl OperationChunk {
    /// The sequence of the last operation, or `first - 1` of an empty chunk.
    #[must_use]
    pub fn last(&self) -> u64 {
        (self.first + self.operations.len() as u64).saturating_sub(1)
    }
}

impl Message for OperationChunk {
    const NAME: &'static str = "operation-chunk";
    const VERSION: u16 = 1;
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Done as asked.
    Applied,
    /// Done, beside changes somebody else made.
    Merged,
    /// Not done: it looks like a row that is there already.
    Duplicate,
    /// Not done: somebody else changed the same.
    Conflict,
    /// Not done: the server's rules refuse it.
    Rejected,
    /// Not done yet: it waits for another to be settled.
    Parked,
    /// Not done: another operation of its group was refused.
    Cancelled,
    /// A verdict of a newer service.
    #[serde(other)]
    Unknown,
}

impl VerdictKind {
    /// The word for it on the wire, in the database and to the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Merged => "merged",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        let all = [
            Self::Applied,
            Self::Merged,
            Self::Duplicate,
            Self::Conflict,
            Self::Rejected,
            Self::Parked,
            Self::Cancelled,
        ];
        all.into_iter().find(|kind| kind.word() == word).unwrap_or(Self::Unknown)
    }
}

/// The verdict on one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The operation.
    pub sequence: u64,
    /// What became of it.
    pub verdict: VerdictKind,
    /// Why, in words for the user; none when applied.
    #[serde(default)]
    pub reason: Option<String>,
    /// The attribute that is to blame, where one is.
    #[serde(default)]
    pub attribute: Option<String>,
    /// Where to look in the server's logs.
    pub trace_id: String,
}

/// The answer to a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkResult {
    /// What came of it.
    pub outcome: ChunkOutcome,
}

/// What came of a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChunkOutcome {
    /// One verdict for each operation, in order.
    Verdicts {
        /// The verdicts.
        verdicts: Vec<Verdict>,
    },
    /// Nothing was done: operations before it are missing.
    Gap {
        /// The sequence that must come next.
        expected: u64,
    },
    /// Nothing was done, and nothing would be if it came again: the words are for the user.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

impl Message for ChunkResult {
    const NAME: &'static str = "chunk-result";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    fn fields(list: &[(&str, FieldValue)]) -> BTreeMap<String, FieldValue> {
        list.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn golden_files() {
        let create = Operation {
            sequence: 7,
            command: Command::Create,
            object_type_code: 2,
            object_id: Uuid::from_u128(9),
            data: fields(&[
                ("last_name", FieldValue::Text("Nuñez".into())),
                ("score", FieldValue::Number(7.into())),
                ("photo", FieldValue::Bytes(vec![0, 255])),
                ("email", FieldValue::Null),
            ]),
            base: BTreeMap::new(),
            group: None,
            captured_at: "2026-11-22T10:00:00.000Z".into(),
        };
        let update = Operation {
            sequence: 8,
            command: Command::Update,
            data: fields(&[("email", FieldValue::Text("a@b.c".into()))]),
            base: fields(&[("email", FieldValue::Null)]),
            group: Some(12),
            ..create.clone()
        };
        golden::check(
            "two",
            &OperationChunk {
                chunk: Uuid::from_u128(5),
                first: 7,
                metadata_version: 1,
                operations: vec![create, update],
            },
        );
        let verdicts = vec![
            Verdict {
                sequence: 7,
                verdict: VerdictKind::Applied,
                reason: None,
                attribute: None,
                trace_id: "0123456789abcdef".into(),
            },
            Verdict {
                sequence: 8,
                verdict: VerdictKind::Rejected,
                reason: Some("email is not an address".into()),
                attribute: Some("email".into()),
                trace_id: "0123456789abcdef".into(),
            },
        ];
        golden::check("verdicts", &ChunkResult { outcome: ChunkOutcome::Verdicts { verdicts } });
        golden::check("gap", &ChunkResult { outcome: ChunkOutcome::Gap { expected: 5 } });
        golden::check("refused", &ChunkResult { outcome: ChunkOutcome::Refused { reason: "expired".into() } });
    }

    #[test]
    fn every_verdict_has_one_word_everywhere() {
        for word in ["applied", "merged", "duplicate", "conflict", "rejected", "parked", "cancelled"] {
            let kind = VerdictKind::from_word(word);
            assert_eq!(kind.word(), word);
            assert_eq!(serde_json::to_value(kind).expect("plain data"), word);
        }
        assert_eq!(VerdictKind::from_word("postponed"), VerdictKind::Unknown);
    }
}
