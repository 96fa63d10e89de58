//! The error centre: what the server refused, and what the user decides about it. Needs no server and no lock: an agent
//! may be at work meanwhile.

mod changed;
mod export;
mod fitting;
mod problem;
mod refused;
mod row;
mod settle;
#[cfg(test)]
mod tests;
mod text;
mod values;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sojourn_wire::message::operation::Side;

pub use self::changed::Changed;
use self::changed::changes;
pub use self::export::export;
pub use self::fitting::Fitting;
pub(crate) use self::fitting::home_option;
pub use self::problem::ErrorsProblem;
pub(crate) use self::refused::like;
pub use self::refused::{ErrorCounts, Like, Refused};
pub use self::settle::{discard_all, discarding_all, retry_all, settle};
pub(crate) use self::text::{candidates, conflicts};
pub use self::values::{assignment, values};
use super::Answer;
use crate::error::AgentError;
use crate::home::database_of;
use crate::store::{QueueEntry, Store, StoreError};

/// Every refused entry.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// How many there are.
    pub counts: ErrorCounts,
    /// Each, in order of capture.
    pub errors: Vec<Refused>,
    /// What commands must be told of the device's folder.
    #[serde(skip)]
    pub home: String,
}

/// What a settlement did.
#[derive(Debug, Serialize)]
pub struct Settled {
    /// Which settlement.
    pub settlement: &'static str,
    /// What it means.
    #[serde(skip)]
    pub meaning: &'static str,
    /// The entries that were settled.
    pub entries: Vec<u64>,
    /// Entries that go on with them.
    pub released: Vec<u64>,
    /// Entries that were given up with them.
    pub given_up: Vec<u64>,
    /// What is refused still.
    pub left: ErrorCounts,
    /// What commands must be told of the device's folder.
    #[serde(skip)]
    pub home: String,
}

/// What was written to files.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The file.
    pub file: PathBuf,
    /// Entries in it.
    pub operations: usize,
    /// What became of them.
    pub counts: ErrorCounts,
    /// The files of binary values.
    pub attachments: Vec<PathBuf>,
}

/// Shows what was refused.
///
/// # Errors
/// [`AgentError::Store`] when there is no device, or its database is not ours.
pub fn errors(folder: &Path) -> Result<Answer, AgentError> {
    Ok(Answer::Errors(listing(&open(folder)?, folder)?))
}

/// Shows everything about one refused entry.
///
/// # Errors
/// [`ErrorsProblem::NotRefused`] names the numbers that there are.
pub fn error(folder: &Path, number: u64) -> Result<Answer, AgentError> {
    let store = open(folder)?;
    let entries = store.errors()?;
    let numbers = numbers(&entries);
    let found = shown(&store, folder, entries)?.into_iter().find(|entry| entry.number == number);
    let refused = found.ok_or(ErrorsProblem::NotRefused { number, numbers })?;
    Ok(Answer::Error(Box::new(refused)))
}

/// Every refused entry of an open device.
///
/// # Errors
/// That the database is damaged or cannot be read.
pub(crate) fn listing(store: &Store, folder: &Path) -> Result<Listed, StoreError> {
    let entries = store.errors()?;
    let (counts, home) = (ErrorCounts::of(&entries), home_option(folder));
    Ok(Listed { counts, errors: shown(store, folder, entries)?, home })
}

fn open(folder: &Path) -> Result<Store, AgentError> {
    Ok(Store::open(&database_of(folder))?)
}

fn shown(store: &Store, folder: &Path, entries: Vec<QueueEntry>) -> Result<Vec<Refused>, StoreError> {
    let mut all = refused::all(entries, store.metadata().map(|(_, metadata)| metadata), &home_option(folder));
    for entry in all.iter_mut().filter(|entry| entry.deleted == Some(Side::Mine)) {
        let (Some(code), Some(object_id)) = (entry.object_type_code, &entry.object_id) else { continue };
        entry.changed = changes(entry.base.as_ref(), store.server_values(code, object_id)?);
    }
    Ok(all)
}

fn numbers(entries: &[QueueEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.row_number).collect()
}
