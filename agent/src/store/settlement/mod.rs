//! Settling what was refused: the user decides, and the entry goes on or is given up.

mod amend;
mod chain;
mod conflict;
mod desk;
mod entries;
mod existing;
mod fix;
mod outline;
mod repoint;
mod revive;
mod spread;
mod table;
mod target;
mod theirs;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use self::desk::Desk;
use super::error::Fault;
use super::{Store, StoreError, groups};

/// What the user decides about a refused entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// Send it again as it is.
    Retry,
    /// Send it again with other values, by attribute.
    Fix(BTreeMap<String, Value>),
    /// Of a conflict: what the user wrote counts.
    KeepMine,
    /// Of a conflict: what the server has counts.
    TakeTheirs,
    /// Of a duplicate: the user wants this one too.
    CreateAnyway,
    /// Of a duplicate: the user takes the row that is there; it need not be named when there is only one.
    UseExisting(Option<Uuid>),
    /// Give it up.
    Discard,
}

/// What a settlement did beside the entry it was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettledError {
    /// The entry.
    pub row_number: u64,
    /// Entries that go on by themselves, by row number.
    pub released: Vec<u64>,
    /// Entries that were given up with it, by row number.
    pub given_up: Vec<u64>,
}

impl Store {
    /// Settles an entry of [`Store::errors`], in one transaction. What goes on is sent by the next playback.
    ///
    /// # Errors
    /// [`StoreError::CannotSettle`] for what makes no sense; that the database is damaged, full, or locked.
    pub fn settle_error(&mut self, row_number: u64, settlement: &Settlement) -> Result<SettledError, StoreError> {
        let metadata = self.adopted()?.metadata.clone();
        self.write("settling an entry", |transaction| {
            let refuse = |problem| Fault::from(StoreError::CannotSettle { row_number, problem });
            let target = target::read(transaction, row_number)?.map_err(refuse)?;
            target.allows(settlement).map_err(refuse)?;
            let spread = Desk { connection: transaction, metadata: &metadata }.settle(&target, settlement)?;
            let others = |rows: BTreeSet<i64>| {
                rows.into_iter().map(i64::unsigned_abs).filter(|row| *row != row_number).collect()
            };
            Ok(SettledError { row_number, released: others(spread.again), given_up: others(spread.given_up) })
        })
    }

    /// Sends everything again that was refused or parked; how many operations.
    ///
    /// # Errors
    /// That the database is damaged, full, or locked.
    pub fn retry_errors(&mut self) -> Result<u64, StoreError> {
        self.write("sending again what was refused", |transaction| {
            let sql = "SELECT row_number FROM sojourn_queue WHERE state = 3 AND command_id < 10";
            let mut statement = transaction.prepare(sql)?;
            let refused: BTreeSet<i64> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            entries::send_again(transaction, &refused)?;
            groups::send_again(transaction)?;
            Ok(refused.len() as u64)
        })
    }
}
