//! The spool: batches of later sessions wait in files, and enter the tables together when a session is complete, so that
//! a reader never sees half of one.
//!
//! A batch is durable once its file is written and noted, in this order, so that a note always has its file and a file
//! without a note is nothing. A session that is cut short leaves its batches; they are applied before those of the next
//! one, which brings only the rest.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, params};
use sojourn_wire::batch::Header;
use uuid::Uuid;

use super::arrival::Proven;
use super::error::Fault;
use super::load::{Turn, turn};
use super::spool_files::SpoolFiles;
use super::{Store, StoreError};

const SPOOLING: &str = "spooling a batch";

/// A batch that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) position: i64,
    pub(super) session: Uuid,
    pub(super) batch: u32,
}

impl Store {
    /// Puts a batch of the session under way into the spool: when this returns, it is durable.
    ///
    /// # Errors
    /// [`StoreError::OtherSession`] and [`StoreError::Gap`] for a batch that does not come next; that the disk is full,
    /// the folder cannot be written or the database is locked. The session's progress is what it was.
    pub fn spool(&mut self, proven: &Proven) -> Result<(), StoreError> {
        let Proven { header, file } = proven;
        if self.read(SPOOLING, |connection| turn(connection, header))? == Turn::Repeated {
            return Ok(());
        }
        self.spool_files().write(header.session, header.batch_number, file)?;
        self.write(SPOOLING, |transaction| Ok(add(transaction, header)?))
    }

    /// How many batches are spooled.
    ///
    /// # Errors
    /// That the database cannot be read.
    pub fn spooled(&self) -> Result<u64, StoreError> {
        self.read("counting spooled batches", |connection| {
            let count = connection.query_row("SELECT count(*) FROM sojourn_spool", [], |row| row.get::<_, i64>(0))?;
            Ok(count.unsigned_abs())
        })
    }

    /// Removes files of the spool without a note: the device died before it wrote one, or after they were applied.
    ///
    /// # Errors
    /// That the folder or the database cannot be used.
    pub fn tidy_spool(&mut self) -> Result<(), StoreError> {
        let notes = self.read("reading the spool", notes)?;
        let kept: BTreeSet<(Uuid, u32)> = notes.iter().map(|note| (note.session, note.batch)).collect();
        self.spool_files().keep_only(&kept)
    }

    /// While batches are spooled, marks the deletes that are not on their way as overtaken: the user may have deleted a row
    /// whose news are in the spool and were not to be seen. A delete has no base that could tell.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn overtake_deletes(&mut self) -> Result<(), StoreError> {
        self.write("marking what was overtaken", |transaction| {
            let sql = "UPDATE sojourn_queue SET overtaken = 1 WHERE command_id = 3 AND state IN (0, 3) \
                       AND given_up = 0 AND EXISTS (SELECT 1 FROM sojourn_spool)";
            transaction.execute(sql, [])?;
            Ok(())
        })
    }

    pub(super) fn spool_files(&self) -> SpoolFiles {
        SpoolFiles::beside(&self.path)
    }
}

/// What is spooled, in the order in which it came.
pub(super) fn notes(connection: &Connection) -> Result<Vec<Note>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT position, session, batch FROM sojourn_spool ORDER BY position")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))?;
    rows.map(|row| {
        let (position, session, batch) = row?;
        let session = session.parse().map_err(|error| Fault::damaged("sojourn_spool", error))?;
        Ok(Note { position, session, batch })
    })
    .collect()
}

/// Notes a batch whose file is there, together with the session's progress.
fn add(transaction: &Transaction<'_>, header: &Header) -> rusqlite::Result<()> {
    let Header { session, batch_number: batch, rows, .. } = *header;
    let note = "INSERT INTO sojourn_spool (session, batch, rows, bytes) VALUES (?1, ?2, ?3, ?4)";
    transaction.prepare_cached(note)?.execute(params![session.to_string(), batch, rows, header.file_size as i64])?;
    transaction.prepare_cached("UPDATE sojourn_session SET last_batch = ?1")?.execute([batch])?;
    Ok(())
}
