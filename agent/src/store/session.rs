//! The run of GoOffline or background sync that is under way: what must move, and how far it has come.

use rusqlite::{Connection, OptionalExtension, Row, Transaction};
use serde::{Deserialize, Serialize};
use sojourn_wire::message::prepare::EntityCounts;
use uuid::Uuid;

use super::error::Fault;
use super::load::Loaded;
use super::{Store, StoreError, adopt, rebase, state};

/// What a session must move, per entity.
pub type Totals = Vec<EntityCounts>;

/// A session and how far it has come. Progress is stored with each batch, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which one.
    pub id: Uuid,
    /// Its number among the subscription's prepares; 0 when it is not known.
    pub prepare_seq: u64,
    /// What it must move.
    pub totals: Totals,
    /// The number of the last batch that is in the tables, or spooled; 0 before the first.
    pub last_batch: u32,
    /// Rows loaded so far.
    pub rows: u64,
    /// Rows deleted so far.
    pub deletes: u64,
    /// Rows and deletes that came beneath unsettled work.
    pub set_aside: u64,
    /// All its batches are in the tables.
    pub finished: bool,
}

impl Store {
    /// Begins a session. When it is the one under way already, it goes on where it was.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn begin_session(
        &mut self,
        session: Uuid,
        prepare_seq: u64,
        totals: &[EntityCounts],
    ) -> Result<(), StoreError> {
        self.write("beginning a session", |transaction| {
            if current(transaction)?.is_some_and(|stored| stored.id == session) {
                return Ok(());
            }
            let totals = serde_json::to_string(totals).map_err(|error| Fault::damaged("totals", error))?;
            let sql = "INSERT OR REPLACE INTO sojourn_session (one, session, prepare_seq, totals, settled_through) \
                       VALUES (1, ?1, ?2, ?3, ?4)";
            let settled = settled_through(transaction)?;
            transaction.execute(sql, rusqlite::params![session.to_string(), prepare_seq as i64, totals, settled])?;
            Ok(())
        })
    }

    /// The session under way, or the last one; none before the first.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn session(&self) -> Result<Option<Session>, StoreError> {
        self.read("reading the session", current)
    }

    /// Whether a session was ever finished here: from then on, sessions are spooled.
    ///
    /// # Errors
    /// That the database cannot be read.
    pub fn has_loaded(&self) -> Result<bool, StoreError> {
        self.read("reading the session", |connection| Ok(state::get::<i64>(connection, state::LOADED)?.is_some()))
    }

    /// Ends the session: all its batches are in the tables. Queue entries that had been played back, or given up,
    /// before it began go, missing indexes are made, and the next session is a later one. Repeating it is harmless.
    ///
    /// # Errors
    /// [`StoreError::OtherSession`]; that the database cannot be written.
    pub fn finish_session(&mut self, session: Uuid) -> Result<(), StoreError> {
        let metadata = self.adopted.as_ref().map(|adopted| adopted.metadata.clone());
        self.write("finishing a session", |transaction| {
            let stored = expect(transaction, session)?;
            if stored.finished {
                return Ok(());
            }
            rebase::forget_images(transaction)?;
            transaction.execute_batch(
                "UPDATE sojourn_session SET finished = 1;
                 DELETE FROM sojourn_queue WHERE state IN (2, 4)
                    AND (sequence IS NULL OR sequence <= (SELECT settled_through FROM sojourn_session));
                 DELETE FROM sojourn_replaced;",
            )?;
            if let Some(metadata) = &metadata {
                adopt::make_indexes(transaction, metadata)?;
            }
            Ok(state::put(transaction, state::LOADED, &1)?)
        })
    }
}

/// Counts a batch that is in the tables.
pub(super) fn count(transaction: &Transaction<'_>, loaded: &Loaded) -> rusqlite::Result<()> {
    let sql = "UPDATE sojourn_session SET rows = rows + ?1, deletes = deletes + ?2, set_aside = set_aside + ?3";
    let counts = [loaded.rows, loaded.deletes, loaded.rebased].map(|count| count as i64);
    transaction.prepare_cached(sql)?.execute(counts)?;
    Ok(())
}

/// The session under way, which must be this one.
pub(super) fn expect(connection: &Connection, asked: Uuid) -> Result<Session, Fault> {
    let current = current(connection)?;
    let id = current.as_ref().map(|session| session.id);
    match current {
        Some(session) if session.id == asked => Ok(session),
        _ => Err(StoreError::OtherSession { asked, current: id }.into()),
    }
}

fn current(connection: &Connection) -> Result<Option<Session>, Fault> {
    let sql =
        "SELECT session, totals, last_batch, rows, deletes, set_aside, finished, prepare_seq FROM sojourn_session";
    connection.query_row(sql, [], |row| Ok(from_row(row))).optional()?.transpose()
}

fn from_row(row: &Row<'_>) -> Result<Session, Fault> {
    let damaged = |problem: &dyn std::fmt::Display| Fault::damaged("sojourn_session", problem);
    let (id, totals): (String, String) = (row.get(0)?, row.get(1)?);
    Ok(Session {
        id: id.parse().map_err(|error| damaged(&error))?,
        totals: serde_json::from_str(&totals).map_err(|error| damaged(&error))?,
        last_batch: row.get(2)?,
        rows: row.get::<_, i64>(3)?.unsigned_abs(),
        deletes: row.get::<_, i64>(4)?.unsigned_abs(),
        set_aside: row.get::<_, i64>(5)?.unsigned_abs(),
        finished: row.get(6)?,
        prepare_seq: row.get::<_, i64>(7)?.unsigned_abs(),
    })
}

/// Operations get their verdicts in order, so everything before the first one without is settled.
fn settled_through(connection: &Connection) -> rusqlite::Result<i64> {
    let sql = "SELECT min(sequence) FROM sojourn_queue WHERE state = 1";
    let unanswered: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
    let next = state::get(connection, state::NEXT_SEQUENCE)?.unwrap_or(1);
    Ok(unanswered.unwrap_or(next) - 1)
}
