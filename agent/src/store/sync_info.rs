//! What each run of GoOffline or sync did: the documents' SubscriptionSyncInfo, on the device.

use jiff::Timestamp;
use rusqlite::{Row, params};
use sojourn_wire::message::prepare::EntityCounts;
use sojourn_wire::message::sync_info::SyncInfo;
use uuid::Uuid;

use super::error::Fault;
use super::{Store, StoreError};

const TABLE: &str = "sojourn_sync_info";
/// How many sessions are remembered.
const KEPT: u32 = 100;

/// One session, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRecord {
    /// Which one.
    pub session: Uuid,
    /// Its number among the subscription's prepares.
    pub prepare_seq: u64,
    /// When the device knew what was to move, by its own clock.
    pub started_at: Timestamp,
    /// When it was over; none while it is under way, or when it was cut short.
    pub finished_at: Option<Timestamp>,
    /// How long the server worked on PrepareSync, in milliseconds.
    pub prepare_ms: u64,
    /// What had to move, per entity.
    pub totals: Vec<EntityCounts>,
    /// What was moved, as far as it came.
    pub info: SyncInfo,
}

impl Store {
    /// Remembers that a session has begun; the oldest beyond a hundred is forgotten. When it is remembered already,
    /// nothing changes.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn sync_info_begin(
        &mut self,
        session: Uuid,
        prepare_seq: u64,
        started_at: Timestamp,
        prepare_ms: u64,
        totals: &[EntityCounts],
    ) -> Result<(), StoreError> {
        self.write("remembering a session", |transaction| {
            let totals = serde_json::to_string(totals).map_err(|error| Fault::damaged(TABLE, error))?;
            let insert = "INSERT INTO sojourn_sync_info (session, prepare_seq, started_at, prepare_ms, totals) \
                          VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (session) DO NOTHING";
            let (number, prepare_ms) = (prepare_seq as i64, prepare_ms as i64);
            transaction.execute(insert, params![session.to_string(), number, text(started_at), prepare_ms, totals])?;
            // Never this one: the clock may have gone back.
            let forget = "DELETE FROM sojourn_sync_info WHERE session <> ?1 AND session NOT IN (
                              SELECT session FROM sojourn_sync_info ORDER BY started_at DESC, prepare_seq DESC LIMIT ?2)";
            transaction.execute(forget, params![session.to_string(), KEPT])?;
            Ok(())
        })
    }

    /// Notes what a session that was begun has moved so far, and when it was over, if it is. A session that is not
    /// remembered any more stays forgotten.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn sync_info_note(
        &mut self,
        session: Uuid,
        info: &SyncInfo,
        finished_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.write("noting what a session did", |transaction| {
            let entities = serde_json::to_string(&info.entities).map_err(|error| Fault::damaged(TABLE, error))?;
            let sql =
                "UPDATE sojourn_sync_info SET elapsed_ms = ?2, entities = ?3, finished_at = ?4 WHERE session = ?1";
            let elapsed_ms = info.elapsed_ms as i64;
            transaction.execute(sql, params![session.to_string(), elapsed_ms, entities, finished_at.map(text)])?;
            Ok(())
        })
    }

    /// The newest sessions, newest first.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn sync_info_list(&self, limit: usize) -> Result<Vec<SyncRecord>, StoreError> {
        self.read("reading what sessions did", |connection| {
            let sql = "SELECT session, prepare_seq, started_at, finished_at, prepare_ms, elapsed_ms, totals, entities
                       FROM sojourn_sync_info ORDER BY started_at DESC, prepare_seq DESC LIMIT ?1";
            let mut statement = connection.prepare(sql)?;
            let records = statement.query_map([limit as i64], |row| Ok(from_row(row)))?;
            records.map(|record| record?).collect()
        })
    }
}

/// Always as long, so that texts sort as moments do.
fn text(moment: Timestamp) -> String {
    format!("{moment:.3}")
}

fn from_row(row: &Row<'_>) -> Result<SyncRecord, Fault> {
    let damaged = |problem: &dyn std::fmt::Display| Fault::damaged(TABLE, problem);
    let moment = |text: String| text.parse::<Timestamp>().map_err(|error| damaged(&error));
    let (session, totals, entities): (String, String, String) = (row.get(0)?, row.get(6)?, row.get(7)?);
    let elapsed_ms = row.get::<_, i64>(5)?.unsigned_abs();
    Ok(SyncRecord {
        session: session.parse().map_err(|error| damaged(&error))?,
        prepare_seq: row.get::<_, i64>(1)?.unsigned_abs(),
        started_at: moment(row.get(2)?)?,
        finished_at: row.get::<_, Option<String>>(3)?.map(moment).transpose()?,
        prepare_ms: row.get::<_, i64>(4)?.unsigned_abs(),
        totals: serde_json::from_str(&totals).map_err(|error| damaged(&error))?,
        info: SyncInfo { elapsed_ms, entities: serde_json::from_str(&entities).map_err(|error| damaged(&error))? },
    })
}
