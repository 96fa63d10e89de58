//! Settling refused entries: one, or all of them.

use std::collections::BTreeSet;
use std::path::Path;

use super::fitting::home_option;
use super::problem::ErrorsProblem;
use super::refused::ErrorCounts;
use super::{Settled, numbers, open};
use crate::commands::Answer;
use crate::error::AgentError;
use crate::store::{QueueEntry, Settlement, Store};

/// Settles one entry.
///
/// # Errors
/// [`ErrorsProblem::NotRefused`] names the numbers that there are; the store's words for what makes no sense.
pub fn settle(folder: &Path, number: u64, settlement: &Settlement) -> Result<Answer, AgentError> {
    let mut store = open(folder)?;
    known(&store, number)?;
    let done = store.settle_error(number, settlement)?;
    answer(&store, folder, settlement, vec![number], done.released, done.given_up)
}

/// Sends everything again.
///
/// # Errors
/// [`AgentError::Store`].
pub fn retry_all(folder: &Path) -> Result<Answer, AgentError> {
    let mut store = open(folder)?;
    let numbers = numbers(&store.errors()?);
    store.retry_errors()?;
    answer(&store, folder, &Settlement::Retry, numbers, Vec::new(), Vec::new())
}

/// Gives everything up.
///
/// # Errors
/// [`AgentError::Store`]; what was given up before stays so.
pub fn discard_all(folder: &Path) -> Result<Answer, AgentError> {
    let mut store = open(folder)?;
    let mut left = last_first(&store.errors()?);
    let mut given_up = BTreeSet::new();
    while let Some(number) = left.pop() {
        if given_up.insert(number) {
            given_up.extend(store.settle_error(number, &Settlement::Discard)?.given_up);
        }
    }
    answer(&store, folder, &Settlement::Discard, given_up.into_iter().collect(), Vec::new(), Vec::new())
}

/// Numbers, to be taken from the end: what waits for others goes before these, so that it is not sent again when they go.
fn last_first(entries: &[QueueEntry]) -> Vec<u64> {
    let mut order: Vec<(bool, u64)> =
        entries.iter().map(|entry| (entry.waits_for.is_some(), entry.row_number)).collect();
    order.sort_unstable();
    order.into_iter().map(|(_, number)| number).collect()
}

/// What giving everything up would do, in words.
///
/// # Errors
/// [`AgentError::Store`].
pub fn discarding_all(folder: &Path) -> Result<String, AgentError> {
    let counts = ErrorCounts::of(&open(folder)?.errors()?);
    Ok(format!("giving everything up ({})", counts.brief()))
}

fn known(store: &Store, number: u64) -> Result<(), AgentError> {
    let numbers = numbers(&store.errors()?);
    match numbers.contains(&number) {
        true => Ok(()),
        false => Err(ErrorsProblem::NotRefused { number, numbers }.into()),
    }
}

fn answer(
    store: &Store,
    folder: &Path,
    settlement: &Settlement,
    entries: Vec<u64>,
    released: Vec<u64>,
    given_up: Vec<u64>,
) -> Result<Answer, AgentError> {
    let (settlement, meaning) = words(settlement);
    let left = ErrorCounts::of(&store.errors()?);
    let home = home_option(folder);
    Ok(Answer::Settled(Settled { settlement, meaning, entries, released, given_up, left, home }))
}

/// The word for a settlement, and what became of the entry.
fn words(settlement: &Settlement) -> (&'static str, &'static str) {
    match settlement {
        Settlement::Retry => ("retry", "sent again as it was"),
        Settlement::Fix(_) => ("fix", "sent again with its new values"),
        Settlement::KeepMine => ("keep_mine", "your values count"),
        Settlement::TakeTheirs => ("take_theirs", "the server's values count"),
        Settlement::CreateAnyway => ("create_anyway", "both rows are wanted"),
        Settlement::UseExisting(_) => ("use_existing", "the row that is there takes its place"),
        Settlement::Discard => ("discard", "given up"),
    }
}
