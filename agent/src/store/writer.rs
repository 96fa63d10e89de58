//! A plain connection, as any other program has: its writes are checked and captured.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{StoreError, file};

/// A connection with triggers on, for what the user changes through the agent.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    connection: Connection,
}

impl Writer {
    /// Opens the database for writing as a user's program does.
    ///
    /// # Errors
    /// As [`super::Store::open`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { path: path.to_path_buf(), connection: file::open_plain(path)? })
    }

    /// Runs SQL statements in one transaction.
    ///
    /// # Errors
    /// What a rule or SQLite refuses, in the words of the rule; nothing took place.
    pub fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let result = super::transact(&mut self.connection, |transaction| Ok(transaction.execute_batch(sql)?));
        result.map_err(|fault| fault.at(&self.path, "a write"))
    }
}
