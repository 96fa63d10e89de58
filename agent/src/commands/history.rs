//! What sessions did: the documents' SubscriptionSyncInfo, as this device remembers it. Needs no server and no lock.

mod detail;
mod list;

use std::path::Path;

use serde::Serialize;
use sojourn_wire::message::sync_info::EntitySyncInfo;
use uuid::Uuid;

use super::answer::Answer;
use crate::error::AgentError;
use crate::home::database_of;
use crate::store::{Store, SyncRecord};

/// Sessions, newest first.
#[derive(Debug, Serialize)]
pub struct History {
    /// Each of them.
    pub sessions: Vec<SessionShown>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionShown {
    /// Which one.
    pub session: Uuid,
    /// Its number among the subscription's prepares.
    pub prepare_seq: u64,
    /// When it began, ISO-8601 in UTC, by the device's clock.
    pub started_at: String,
    /// When it was over; none while it is not.
    pub finished_at: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long the server worked on PrepareSync, in milliseconds.
    pub prepare_ms: u64,
    /// How long the device worked after that, in milliseconds.
    pub elapsed_ms: u64,
    /// All entities together.
    pub moved: Sums,
    /// Entities of which something was to move or did, in load order.
    pub entities: Vec<EntityShown>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything is in the tables.
    Complete,
    /// Another session has taken its place.
    CutShort,
    /// It is under way, or was cut short and nothing was tried since.
    Unfinished,
}

/// What a session moved, of all entities together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sums {
    /// Rows inserted or updated.
    pub rows: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Rows that came beneath unsettled changes.
    pub set_aside: u64,
    /// Batches.
    pub batches: u64,
    /// Parts or files that were fetched again.
    pub retries: u64,
    /// Bytes of batch files.
    pub wire_bytes: u64,
    /// Bytes of the rows as Postgres sent them.
    pub row_bytes: u64,
}

/// One entity of a session: what was to move, and what did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntityShown {
    /// Its name.
    pub entity: String,
    /// What PrepareSync found.
    pub planned: Planned,
    /// What was moved, and how long that took.
    #[serde(flatten)]
    pub moved: EntitySyncInfo,
}

/// What PrepareSync found of one entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Rows new to the device.
    pub insert: u64,
    /// Rows that the device had in another version.
    pub update: u64,
    /// Rows that the device had to drop.
    pub delete: u64,
}

/// The newest sessions; or one, by its id or the first characters of it.
///
/// # Errors
/// [`AgentError::NoSession`] when there is none of this id; [`AgentError::Store`] when there is no device, or its
/// database is not ours.
pub fn history(folder: &Path, session: Option<&str>, limit: usize) -> Result<Answer, AgentError> {
    let store = Store::open(&database_of(folder))?;
    let limit = if session.is_some() { usize::MAX } else { limit };
    let records = store.sync_info_list(limit)?;
    let mut sessions = shown(records);
    let Some(wanted) = session else { return Ok(Answer::History(History { sessions })) };
    let wanted = wanted.to_lowercase();
    sessions.retain(|shown| shown.session.to_string().starts_with(&wanted));
    match (sessions.pop(), sessions.len()) {
        (Some(session), 0) => Ok(Answer::HistoryOfSession(Box::new(session))),
        (found, others) => Err(AgentError::NoSession { wanted, several: found.is_some() && others > 0 }),
    }
}

/// Records from the newest on: only the newest may still be under way.
fn shown(records: Vec<SyncRecord>) -> Vec<SessionShown> {
    records.into_iter().enumerate().map(|(age, record)| one(record, age == 0)).collect()
}

fn one(record: SyncRecord, newest: bool) -> SessionShown {
    let outcome = match (record.finished_at, newest) {
        (Some(_), _) => Outcome::Complete,
        (None, true) => Outcome::Unfinished,
        (None, false) => Outcome::CutShort,
    };
    SessionShown {
        session: record.session,
        prepare_seq: record.prepare_seq,
        started_at: format!("{:.3}", record.started_at),
        finished_at: record.finished_at.map(|moment| format!("{moment:.3}")),
        outcome,
        prepare_ms: record.prepare_ms,
        elapsed_ms: record.info.elapsed_ms,
        moved: Sums::of(&record.info.entities),
        entities: entities(&record),
    }
}

/// What was to move and what did, side by side. An entity that was not in the plan is known by its code alone.
fn entities(record: &SyncRecord) -> Vec<EntityShown> {
    let moved_of = |code: i32| record.info.entities.iter().find(|entity| entity.object_type_code == code);
    let planned = record.totals.iter().map(|counts| EntityShown {
        entity: counts.entity.clone(),
        planned: Planned { insert: counts.insert, update: counts.update, delete: counts.delete },
        moved: moved_of(counts.object_type_code).cloned().unwrap_or_else(|| nothing(counts.object_type_code)),
    });
    let in_plan = |code: i32| record.totals.iter().any(|counts| counts.object_type_code == code);
    let unplanned = record.info.entities.iter().filter(|moved| !in_plan(moved.object_type_code));
    let unplanned = unplanned.map(|moved| EntityShown {
        entity: format!("entity {}", moved.object_type_code),
        planned: Planned { insert: 0, update: 0, delete: 0 },
        moved: moved.clone(),
    });
    planned.chain(unplanned).filter(EntityShown::is_about_something).collect()
}

fn nothing(object_type_code: i32) -> EntitySyncInfo {
    EntitySyncInfo { object_type_code, ..EntitySyncInfo::default() }
}

impl EntityShown {
    fn is_about_something(&self) -> bool {
        self.planned.insert + self.planned.update + self.planned.delete > 0 || self.moved.batches > 0
    }
}

impl Sums {
    fn of(entities: &[EntitySyncInfo]) -> Self {
        entities.iter().fold(Self::default(), |sums, entity| Self {
            rows: sums.rows + entity.rows,
            deletes: sums.deletes + entity.deletes,
            set_aside: sums.set_aside + entity.set_aside,
            batches: sums.batches + u64::from(entity.batches),
            retries: sums.retries + u64::from(entity.retries),
            wire_bytes: sums.wire_bytes + entity.wire_bytes,
            row_bytes: sums.row_bytes + entity.row_bytes,
        })
    }
}

#[cfg(test)]
mod tests;
