//! What became of operations: the answer to a chunk.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::FieldValue;
use crate::message::Message;

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

    /// Whether the operation was carried out, as asked or beside changes of others.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Applied | Self::Merged)
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The rule of the server that refused it: a constraint, a duplicate rule, a plug-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The operation that must be settled first, of a parked or cancelled one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// The attributes that both sides have changed, of a conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// The side that has deleted the row, of a conflict about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Side>,
    /// The version of the server's row, of a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The rows it looks like, of a duplicate: those that the user may see, a few of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Where to look in the server's logs.
    pub trace_id: String,
}

/// One attribute that both sides have changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Its name.
    pub attribute: String,
    /// What the user wants it to be.
    pub mine: FieldValue,
    /// What it was when the user changed it; none when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "known")]
    pub base: Option<FieldValue>,
    /// What the server has, as a device holds it; null for a binary attribute.
    pub theirs: FieldValue,
    /// The values are too long for the message, and cut.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub cut: bool,
}

/// A value that is there, if only as null.
fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FieldValue>, D::Error> {
    FieldValue::deserialize(deserializer).map(Some)
}

/// A side of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The device.
    Mine,
    /// The server.
    Theirs,
}

/// A row that an operation looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its entity.
    pub object_type_code: i32,
    /// Which row.
    pub object_id: Uuid,
    /// Its values that the rule compared, by name.
    #[serde(default)]
    pub values: BTreeMap<String, FieldValue>,
}

impl Verdict {
    /// A verdict that says nothing but what became of the operation.
    #[must_use]
    pub fn new(sequence: u64, verdict: VerdictKind, trace_id: &str) -> Self {
        Self {
            sequence,
            verdict,
            reason: None,
            attribute: None,
            rule: None,
            cause: None,
            conflicts: Vec::new(),
            deleted: None,
            version: None,
            candidates: Vec::new(),
            trace_id: trace_id.to_owned(),
        }
    }
}

/// The answer to a chunk, or to a part of an attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChunkResult {
    /// What came of it.
    pub outcome: ChunkOutcome,
}

/// What came of a chunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Nothing was done: these attachments must be sent (again) first, all their parts.
    Attachments {
        /// Which ones.
        missing: Vec<Uuid>,
    },
    /// The part of an attachment is stored.
    Stored,
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

impl Message for ChunkResult {
    const NAME: &'static str = "chunk-result";
    const VERSION: u16 = 2;
}
