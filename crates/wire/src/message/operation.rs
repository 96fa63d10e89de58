//! Replay: the agent sends queued operations in order, replay answers each with a verdict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;

mod value;
mod verdict;

pub use value::FieldValue;
pub use verdict::{Candidate, ChunkOutcome, ChunkResult, Conflict, Side, Verdict, VerdictKind};

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
    /// A named command ([`Operation::name`]), which a plug-in carries out.
    Invoke,
    /// Give up the refused operation that [`Operation::settles`] names: what waits for it may go on.
    Discard,
}

/// What a write does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowCommand {
    /// Insert a row.
    Create,
    /// Change attributes of a row.
    Update,
    /// Remove a row.
    Delete,
}

impl Command {
    /// The word for it on the wire, in the database and to the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Invoke => "invoke",
            Self::Discard => "discard",
        }
    }

    /// What it does to its row, where it is a write of one row.
    #[must_use]
    pub const fn on_row(self) -> Option<RowCommand> {
        match self {
            Self::Create => Some(RowCommand::Create),
            Self::Update => Some(RowCommand::Update),
            Self::Delete => Some(RowCommand::Delete),
            Self::Invoke | Self::Discard => None,
        }
    }
}

impl RowCommand {
    /// The word for it: the name under which plug-ins are declared.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
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
    /// Which named command, of an [`Command::Invoke`]; its `data` are its parameters then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The earlier number of this operation, when it was refused or parked under it and comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles: Option<u64>,
    /// The version of the server's row ([`Verdict::version`]) that the user saw and decided to overrule: as long as the row
    /// has it, nothing conflicts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u32>,
    /// The user knows of the duplicates and wants this one too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub create_anyway: bool,
    /// The device got the server's row while this was waiting: the user did not know it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub overtaken: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_false(flag: &bool) -> bool {
    !flag
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
    /// The first number that this device's database has given: what an earlier one left unsettled, nobody can settle any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Only the verdicts are wanted: everything is rolled back, and the numbers are free for the next chunk.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
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
    const VERSION: u16 = 2;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{decode, golden};

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
            name: None,
            settles: None,
            seen: None,
            create_anyway: false,
            overtaken: false,
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
                operations: vec![create.clone(), update],
                since: None,
                dry_run: false,
            },
        );
        let again = Operation {
            sequence: 9,
            settles: Some(7),
            seen: Some(731),
            create_anyway: true,
            overtaken: true,
            data: fields(&[("photo", FieldValue::Attachment { attachment: Uuid::from_u128(6), bytes: 50_000_000 })]),
            ..create.clone()
        };
        let invoke =
            Operation { sequence: 10, command: Command::Invoke, name: Some("convert_to_invoice".into()), ..create };
        let discard = Operation { sequence: 11, command: Command::Discard, settles: Some(8), ..again.clone() };
        let operations = vec![again, invoke, discard];
        let chunk = Uuid::from_u128(5);
        golden::check(
            "settling",
            &OperationChunk { chunk, first: 9, metadata_version: 1, operations, since: Some(3), dry_run: true },
        );
        let verdict = |sequence, kind| Verdict::new(sequence, kind, "0123456789abcdef");
        let rejected = Verdict {
            reason: Some("email is not an address".into()),
            attribute: Some("email".into()),
            rule: Some("contact_email_check".into()),
            ..verdict(8, VerdictKind::Rejected)
        };
        let parked = Verdict { cause: Some(8), ..verdict(9, VerdictKind::Parked) };
        let conflict = Conflict {
            attribute: "email".into(),
            mine: FieldValue::Text("a@b.c".into()),
            base: Some(FieldValue::Null),
            theirs: FieldValue::Text("d@e.f".into()),
            cut: false,
        };
        let conflict = Verdict {
            conflicts: vec![conflict],
            deleted: Some(Side::Theirs),
            version: Some(731),
            ..verdict(10, VerdictKind::Conflict)
        };
        let candidate = Candidate {
            object_type_code: 2,
            object_id: Uuid::from_u128(3),
            values: fields(&[("email", FieldValue::Text("a@b.c".into()))]),
        };
        let duplicate = Verdict { candidates: vec![candidate], ..verdict(11, VerdictKind::Duplicate) };
        let verdicts = vec![verdict(7, VerdictKind::Applied), rejected, parked, conflict, duplicate];
        golden::check("verdicts", &ChunkResult { outcome: ChunkOutcome::Verdicts { verdicts } });
        golden::check("gap", &ChunkResult { outcome: ChunkOutcome::Gap { expected: 5 } });
        golden::check("refused", &ChunkResult { outcome: ChunkOutcome::Refused { reason: "expired".into() } });
        golden::check("stored", &ChunkResult { outcome: ChunkOutcome::Stored });
        let missing = vec![Uuid::from_u128(6)];
        golden::check("attachments", &ChunkResult { outcome: ChunkOutcome::Attachments { missing } });
    }

    #[test]
    fn version_1_is_still_read() {
        let read = |case: &str| {
            let file = format!("{}/golden/messages/{case}.json", env!("CARGO_MANIFEST_DIR"));
            std::fs::read(file).expect("the golden file of version 1")
        };
        let chunk = decode::<OperationChunk>(&read("operation-chunk-v1-two")).expect("a chunk of version 1");
        assert_eq!((chunk.operations.len(), chunk.dry_run, chunk.operations[0].settles), (2, false, None));
        let result = decode::<ChunkResult>(&read("chunk-result-v1-verdicts")).expect("a result of version 1");
        assert!(matches!(result.outcome, ChunkOutcome::Verdicts { verdicts } if verdicts[1].cause.is_none()));
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
