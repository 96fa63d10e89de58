//! Loading a batch: applied in one transaction together with the session's progress.

use rusqlite::{Connection, Transaction};
use sojourn_wire::batch::{Header, Kind};

use super::arrival::Arrival;
use super::batch_table::{BATCH_TABLE, Inbox};
use super::error::Fault;
use super::load_sql::Statements;
use super::{Store, StoreError, rebase, session};

const LOADING: &str = "loading a batch";

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Its number.
    pub batch: u32,
    /// Rows inserted or updated.
    pub rows: u64,
    /// Rows deleted.
    pub deletes: u64,
    /// Rows and deletes that came beneath unsettled work: what the user has changed stays.
    pub rebased: u64,
    /// The batch had been loaded before; nothing was done now.
    pub repeated: bool,
}

impl Loaded {
    /// All rows and deletes that the device took.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.rows + self.deletes + self.rebased
    }
}

/// Whether a batch comes when it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Next,
    Repeated,
}

impl Store {
    /// Loads a batch of the session under way.
    ///
    /// # Errors
    /// [`StoreError::OtherSession`] and [`StoreError::Gap`] for a batch that does not come next, [`StoreError::Unfit`]
    /// for one with a value that cannot be read; that the disk is full or the database locked. The tables and the
    /// session's progress are what they were.
    pub fn load(&mut self, arrival: &Arrival) -> Result<Loaded, StoreError> {
        let header = arrival.header();
        let batch = header.batch_number;
        if self.read(LOADING, |connection| turn(connection, header))? == Turn::Repeated {
            return Ok(Loaded { batch, rows: 0, deletes: 0, rebased: 0, repeated: true });
        }
        let inbox = self.inbox.clone();
        let loaded = self.write(LOADING, |transaction| {
            let loaded = apply(transaction, &inbox, arrival, true)?;
            transaction.prepare_cached("UPDATE sojourn_session SET last_batch = ?1")?.execute([batch])?;
            session::count(transaction, &loaded)?;
            Ok(loaded)
        });
        match arrival.wrong() {
            Some(problem) => Err(problem),
            None => loaded,
        }
    }
}

/// Whether the batch is the next of the session under way.
pub(super) fn turn(connection: &Connection, header: &Header) -> Result<Turn, Fault> {
    let stored = session::expect(connection, header.session)?;
    let (got, expected) = (header.batch_number, stored.last_batch + 1);
    match got {
        _ if got < expected => Ok(Turn::Repeated),
        _ if stored.finished => Err(StoreError::OtherSession { asked: stored.id, current: None }.into()),
        _ if got > expected => Err(StoreError::Gap { expected, got }.into()),
        _ => Ok(Turn::Next),
    }
}

/// Puts a batch into its table, rows with unsettled work one by one. `answers`: it was made after the device has asked for
/// rows again, so that what it holds need not be asked for any more.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    inbox: &Inbox,
    arrival: &Arrival,
    answers: bool,
) -> Result<Loaded, Fault> {
    let Arrival { entity, delivery } = arrival;
    let header = arrival.header();
    let _laid = inbox.lay(delivery);
    let rebased = rebase::rebase(transaction, entity, header.kind)?;
    let applied = Statements::new(entity, rebased > 0).run(header.kind, transaction)?;
    if answers {
        forget_asked(transaction, entity.object_type_code)?;
    }
    let (rows, deletes) = match header.kind {
        Kind::Rows => (applied, 0),
        Kind::Deletes => (0, applied),
    };
    Ok(Loaded { batch: header.batch_number, rows, deletes, rebased, repeated: false })
}

/// What has come need not be asked for any more.
fn forget_asked(transaction: &Transaction<'_>, object_type_code: i32) -> rusqlite::Result<()> {
    let any = "SELECT 1 FROM sojourn_refresh WHERE object_type_code = ?1";
    if transaction.prepare_cached(any)?.exists([object_type_code])? {
        let come = format!("SELECT c0 FROM {BATCH_TABLE}");
        let sql = format!("DELETE FROM sojourn_refresh WHERE object_type_code = ?1 AND object_id IN ({come})");
        transaction.prepare_cached(&sql)?.execute([object_type_code])?;
    }
    Ok(())
}
