//! Applying the spool: when a session is complete, everything that waits enters the tables in one transaction.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rusqlite::{Transaction, TransactionBehavior};
use uuid::Uuid;

use super::arrival::{Arrival, Fitting};
use super::batch_table::Inbox;
use super::error::Fault;
use super::file::{APPLYING_CACHE, CACHE, set_cache};
use super::load::{Loaded, apply};
use super::spool::{Note, notes};
use super::spool_files::SpoolFiles;
use super::state::{self, VERIFICATION_DUE};
use super::{Store, StoreError, session};

const APPLYING: &str = "applying what is spooled";

/// A spooled batch that is in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// Its session: the one under way, or one that was cut short.
    pub session: Uuid,
    /// The entity.
    pub object_type_code: i32,
    /// What became of it.
    pub loaded: Loaded,
    /// How long it took.
    pub took: Duration,
}

/// What came of the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unspooled {
    /// In the order in which they came.
    pub applied: Vec<Applied>,
    /// Batches whose file is lost or damaged, in words. A comparison with the server is due.
    pub lost: Vec<String>,
}

/// Why not everything could be applied.
enum Halt {
    /// A batch, and the problem with its file in words.
    Lost(Note, String),
    Fault(Fault),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Halt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl Store {
    /// Applies everything that is spooled, in one transaction, now that this session is complete; `each` hears of every
    /// batch. One file is in memory at a time. A batch that is lost is given up: the others are applied, and a
    /// comparison with the server becomes due.
    ///
    /// # Errors
    /// [`StoreError::OtherSession`]; that the disk is full or the database locked. Tables and spool are what they were.
    pub fn apply_spool(&mut self, session: Uuid, each: impl Fn(&Applied)) -> Result<Unspooled, StoreError> {
        self.cache(APPLYING_CACHE)?;
        let unspooled = self.apply_what_is_whole(session, &each);
        self.cache(CACHE)?;
        unspooled
    }

    fn cache(&self, kib: u32) -> Result<(), StoreError> {
        self.read(APPLYING, |connection| Ok(set_cache(connection, kib)?))
    }

    fn apply_what_is_whole(&mut self, session: Uuid, each: &impl Fn(&Applied)) -> Result<Unspooled, StoreError> {
        let mut lost = Vec::new();
        loop {
            match self.try_apply(session, each) {
                Ok(applied) => {
                    self.tidy_spool()?;
                    return Ok(Unspooled { applied, lost });
                }
                Err(Halt::Lost(note, problem)) => {
                    self.give_up(note)?;
                    lost.push(format!("batch {} of session {}: {problem}", note.batch, note.session));
                }
                Err(Halt::Fault(fault)) => return Err(fault.at(&self.path, APPLYING)),
            }
        }
    }

    fn try_apply(&mut self, session: Uuid, each: &impl Fn(&Applied)) -> Result<Vec<Applied>, Halt> {
        let fitting = self.fitting().map_err(Fault::from)?;
        let source = Source { fitting, files: self.spool_files(), inbox: self.inbox.clone() };
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        session::expect(&transaction, session)?;
        let mut all = Vec::new();
        for note in notes(&transaction)? {
            let began = Instant::now();
            let (object_type_code, loaded) = source.apply(&transaction, note, note.session == session)?;
            session::count(&transaction, &loaded)?;
            let applied = Applied { session: note.session, object_type_code, loaded, took: began.elapsed() };
            each(&applied);
            all.push(applied);
        }
        transaction.execute("DELETE FROM sojourn_spool", [])?;
        transaction.commit()?;
        Ok(all)
    }

    /// Drops the note of a batch that is lost. The server takes its rows for settled: only a comparison brings them.
    fn give_up(&mut self, note: Note) -> Result<(), StoreError> {
        self.write("giving a spooled batch up", |transaction| {
            state::put(transaction, &state::setting_key(VERIFICATION_DUE), &"1")?;
            transaction.execute("DELETE FROM sojourn_spool WHERE position = ?1", [note.position])?;
            Ok(())
        })
    }
}

/// Where spooled batches come from, and what shows them to SQLite.
struct Source {
    fitting: Fitting,
    files: SpoolFiles,
    inbox: Inbox,
}

impl Source {
    fn apply(&self, transaction: &Transaction<'_>, note: Note, answers: bool) -> Result<(i32, Loaded), Halt> {
        let arrival = self.open(note).map_err(|problem| match &problem {
            // It may be readable another time.
            StoreError::Io { source, .. } if source.kind() != ErrorKind::NotFound => Halt::Fault(problem.into()),
            _ => Halt::Lost(note, problem.to_string()),
        })?;
        let loaded = apply(transaction, &self.inbox, &arrival, answers);
        match arrival.wrong() {
            Some(problem) => Err(Halt::Lost(note, problem.to_string())),
            None => Ok((arrival.entity.object_type_code, loaded?)),
        }
    }

    /// A file that is gone or damaged cannot be had again: it was PostSynced.
    fn open(&self, note: Note) -> Result<Arrival, StoreError> {
        let Note { session, batch, .. } = note;
        let path = self.files.path(session, batch);
        let file = self.files.read(session, batch);
        let file = file.map_err(|source| StoreError::Io { path: path.clone(), doing: APPLYING, source })?;
        let arrival = self.fitting.open_spooled(&file)?;
        let header = arrival.header();
        match (header.session, header.batch_number) == (session, batch) {
            true => Ok(arrival),
            false => Err(StoreError::NotThatBatch { path }),
        }
    }
}
