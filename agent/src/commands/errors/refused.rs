//! Refused entries with everything that helps to decide about them. Pure.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sojourn_metadata::Metadata;
use sojourn_wire::message::operation::{Candidate, Conflict, FieldValue, Side, Verdict};
use uuid::Uuid;

use super::changed::Changed;
use super::fitting::{Fitting, fitting};
use super::row;
use crate::store::{EntryCommand, QueueEntry};

/// A refused entry.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refused {
    /// Its place in the order of capture: its number.
    pub number: u64,
    /// The number under which the server refused it; none when the agent did, because it can never be sent, or parked it for
    /// such.
    pub operation: Option<u64>,
    /// When the user did it, by the device's clock, ISO-8601 in UTC.
    pub captured_at: String,
    /// What it does.
    pub command: EntryCommand,
    /// Which named command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its entity's name; none when that is not on this device any more.
    pub entity: Option<String>,
    /// The number of its entity.
    pub object_type_code: Option<i32>,
    /// Its row.
    pub object_id: Option<String>,
    /// The first text that it sets, or that the row it deletes held: what people know the row by.
    pub text: Option<String>,
    /// The group it belongs to, by its start marker's row number.
    pub group: Option<u64>,
    /// The verdict's word.
    pub verdict: String,
    /// Why, in words for the user.
    pub reason: Option<String>,
    /// The attribute that is to blame.
    pub attribute: Option<String>,
    /// The rule of the server that refused it.
    pub rule: Option<String>,
    /// The number of the entry to settle first, of one that waits.
    pub waits_for: Option<u64>,
    /// The side that has deleted the row.
    pub deleted: Option<Side>,
    /// The attributes that both sides have changed.
    pub conflicts: Vec<Conflict>,
    /// What somebody else has changed of the row that the user has deleted, as far as the device was told.
    pub changed: Vec<Changed>,
    /// The rows it looks like.
    pub candidates: Vec<Like>,
    /// The attributes it sets, by name; binary values are `{"blob": true}`.
    pub data: Option<Value>,
    /// What they held before, by name.
    pub base: Option<Value>,
    /// Where to look in the server's logs.
    pub trace_id: Option<String>,
    /// What can be done about it, as commands.
    pub settlements: Vec<Fitting>,
}

/// A row that a refused one looks like.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Like {
    /// Its entity's name; none when that is not on this device.
    pub entity: Option<String>,
    /// The number of its entity.
    pub object_type_code: i32,
    /// Which row.
    pub object_id: Uuid,
    /// Its values that were compared, by name.
    pub values: BTreeMap<String, FieldValue>,
}

/// How many entries are not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct ErrorCounts {
    /// Refused themselves.
    pub refused: u64,
    /// Waiting for others that were, or fallen with them.
    pub parked: u64,
}

/// Every refused entry. `home` is what the commands must be told of the device's folder.
pub(super) fn all(entries: Vec<QueueEntry>, metadata: Option<&Metadata>, home: &str) -> Vec<Refused> {
    entries.into_iter().map(|entry| one(entry, metadata, home)).collect()
}

fn one(entry: QueueEntry, metadata: Option<&Metadata>, home: &str) -> Refused {
    let text = row::text(&entry, metadata);
    let told = entry.detail.and_then(|detail| serde_json::from_value::<Verdict>(detail).ok());
    let (conflicts, deleted, candidates) =
        told.map(|verdict| (verdict.conflicts, verdict.deleted, verdict.candidates)).unwrap_or_default();
    let mut refused = Refused {
        number: entry.row_number,
        operation: entry.sequence,
        captured_at: entry.captured_at,
        command: entry.command,
        name: entry.name,
        entity: entry.entity,
        object_type_code: entry.object_type_code,
        object_id: entry.object_id,
        text,
        group: entry.group,
        verdict: entry.verdict.unwrap_or_default(),
        reason: entry.reason,
        attribute: entry.attribute,
        rule: entry.rule,
        waits_for: entry.waits_for,
        deleted,
        conflicts,
        changed: Vec::new(),
        candidates: candidates.into_iter().map(|candidate| like(candidate, metadata)).collect(),
        data: entry.data,
        base: entry.base,
        trace_id: entry.trace_id.filter(|trace| !trace.is_empty()),
        settlements: Vec::new(),
    };
    refused.settlements = fitting(&refused, home);
    refused
}

pub(crate) fn like(candidate: Candidate, metadata: Option<&Metadata>) -> Like {
    let entity = metadata.and_then(|metadata| metadata.entity_of(candidate.object_type_code));
    let entity = entity.map(|entity| entity.name.clone());
    Like {
        entity,
        object_type_code: candidate.object_type_code,
        object_id: candidate.object_id,
        values: candidate.values,
    }
}

/// Whether it waits for another, or fell with it.
fn depends(verdict: &str) -> bool {
    matches!(verdict, "parked" | "cancelled")
}

impl Refused {
    /// What the user did, in two words.
    pub(super) fn what(&self) -> String {
        let command = self.name.as_deref().unwrap_or_else(|| self.command.word());
        format!("{command} {}", self.entity.as_deref().unwrap_or("(an entity that is not on this device)"))
    }

    /// Every attribute that is to blame, or else the rule.
    pub(super) fn blamed(&self) -> String {
        let conflicting: Vec<&str> = self.conflicts.iter().map(|conflict| conflict.attribute.as_str()).collect();
        match conflicting.as_slice() {
            [] => self.attribute.clone().or_else(|| self.rule.clone()).unwrap_or_default(),
            names => names.join(", "),
        }
    }
}

impl ErrorCounts {
    /// Counts entries of [`crate::store::Store::errors`].
    #[must_use]
    pub fn of(entries: &[QueueEntry]) -> Self {
        let parked =
            entries.iter().filter(|entry| depends(entry.verdict.as_deref().unwrap_or_default())).count() as u64;
        Self { refused: entries.len() as u64 - parked, parked }
    }

    /// In two words, as `2 refused, 1 parked`.
    #[must_use]
    pub fn brief(self) -> String {
        match self {
            Self { refused, parked: 0 } => format!("{refused} refused"),
            Self { refused, parked } => format!("{refused} refused, {parked} parked"),
        }
    }

    /// Whether there is nothing to settle.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Numbers in a row, for people.
pub(super) fn listed(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
}
