//! Reading the offline queue: how much waits, and what.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rebase::UNSETTLED;
use super::{Store, StoreError, state};

/// What an entry of the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryCommand {
    /// Insert a row.
    Create,
    /// Change attributes of a row.
    Update,
    /// Remove a row.
    Delete,
    /// Carry out a named command.
    Invoke,
    /// A group begins.
    Start,
    /// A group ends.
    Stop,
}

/// What became of an entry so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// Not sent yet.
    Waiting,
    /// Numbered for sending; its verdict is not here yet.
    Sent,
    /// Done on the server.
    PlayedBack,
    /// Not done; `verdict` and `reason` say why. It must be settled.
    Refused,
    /// Not done and never will be: the user has discarded it.
    GivenUp,
}

/// How many operations are in which state; markers do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct QueueSummary {
    /// Not sent yet.
    pub waiting: u64,
    /// Sent, without a verdict.
    pub sent: u64,
    /// Done on the server.
    pub played_back: u64,
    /// Refused or parked by the server, or refused by the agent, and not settled yet.
    pub refused: u64,
    /// Discarded by the user, and the server knows.
    pub given_up: u64,
    /// The group that is open, by its start marker's row number: it and what follows are not sent.
    pub open_group: Option<u64>,
}

/// One entry of the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// Its place in the order of capture.
    pub row_number: u64,
    /// Its number within the subscription, once it was taken up.
    pub sequence: Option<u64>,
    /// What it is.
    pub command: EntryCommand,
    /// The entity's name; none for markers.
    pub entity: Option<String>,
    /// The entity; none for markers.
    pub object_type_code: Option<i32>,
    /// The row; none for markers.
    pub object_id: Option<String>,
    /// When the user did it, by the device's clock, ISO-8601 in UTC.
    pub captured_at: String,
    /// The attributes it sets, by name; binary values are `{"blob": true}`.
    pub data: Option<Value>,
    /// What those attributes held before, by name.
    pub base: Option<Value>,
    /// The group it belongs to, by its start marker's row number.
    pub group: Option<u64>,
    /// What became of it so far.
    pub state: EntryState,
    /// The verdict's word.
    pub verdict: Option<String>,
    /// Why it was refused, in words for the user.
    pub reason: Option<String>,
    /// The attribute that is to blame.
    pub attribute: Option<String>,
    /// Where to look in the server's logs.
    pub trace_id: Option<String>,
    /// Which named command; its `data` are its parameters.
    pub name: Option<String>,
    /// The rule of the server that refused it.
    pub rule: Option<String>,
    /// The operation for which the server parked or cancelled it.
    pub cause: Option<u64>,
    /// The entry that must be settled first, by row number, of one that was parked or cancelled.
    pub waits_for: Option<u64>,
    /// The whole verdict, of one that was refused or parked by the server.
    pub detail: Option<Value>,
    /// The sequence under which it was refused, once it is settled and sent again.
    pub settles: Option<u64>,
    /// The user has discarded it; in state waiting or sent, the server is yet to be told.
    pub given_up: bool,
}

impl Store {
    /// How many operations are in which state.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn queue_summary(&self) -> Result<QueueSummary, StoreError> {
        self.read("counting the queue", |connection| {
            let mut summary = QueueSummary { open_group: open_group(connection)?, ..QueueSummary::default() };
            let sql = "SELECT state, count(*) FROM sojourn_queue WHERE command_id < 10 GROUP BY state";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let count = row.get::<_, i64>(1)?.unsigned_abs();
                match EntryState::from_number(row.get(0)?) {
                    Some(EntryState::Waiting) => summary.waiting = count,
                    Some(EntryState::Sent) => summary.sent = count,
                    Some(EntryState::PlayedBack) => summary.played_back = count,
                    Some(EntryState::Refused) => summary.refused = count,
                    Some(EntryState::GivenUp) => summary.given_up = count,
                    None => {}
                }
            }
            Ok(summary)
        })
    }

    /// How many operations on an entity are not settled: waiting, under way, refused or parked. What is only to be given up
    /// is none.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn queue_unsent(&self, object_type_code: i32) -> Result<u64, StoreError> {
        self.read("counting the queue", |connection| {
            let sql = format!(
                "SELECT count(*) FROM sojourn_queue WHERE command_id < 10 AND {UNSETTLED} AND object_type_code = ?1"
            );
            Ok(connection.query_row(&sql, [object_type_code], |row| row.get::<_, i64>(0))?.unsigned_abs())
        })
    }

    /// The oldest `limit` entries of the queue, markers included, in order of capture.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn queue_entries(&self, limit: usize) -> Result<Vec<QueueEntry>, StoreError> {
        self.entries("true", limit)
    }

    /// The entries that the agent itself refused, because they can never be sent, or parked for such, in order of capture.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn queue_refused_here(&self) -> Result<Vec<QueueEntry>, StoreError> {
        self.entries("state = 3 AND sequence IS NULL AND command_id < 10", usize::MAX)
    }

    /// The entries that were refused or parked and are not settled, in order of capture.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn errors(&self) -> Result<Vec<QueueEntry>, StoreError> {
        self.entries("state = 3 AND command_id < 10", usize::MAX)
    }

    fn entries(&self, condition: &'static str, limit: usize) -> Result<Vec<QueueEntry>, StoreError> {
        self.read("reading the queue", |connection| {
            let sql = format!(
                "SELECT row_number, sequence, command_id, object_type_code, object_id, action_date, data, base, \
                 parent_id, state, verdict, reason, attribute, trace_id, name, rule, cause, waits_for, detail, settles, \
                 given_up FROM sojourn_queue WHERE {condition} ORDER BY row_number LIMIT ?1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let entries = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| self.entry(row))?;
            Ok(entries.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn entry(&self, row: &Row<'_>) -> rusqlite::Result<QueueEntry> {
        let number = |column| Ok::<_, Error>(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs));
        let object_type_code = row.get("object_type_code")?;
        let metadata = self.adopted.as_ref().map(|adopted| &adopted.metadata);
        let entity = metadata.zip(object_type_code).and_then(|(metadata, code)| metadata.entity_of(code));
        Ok(QueueEntry {
            row_number: row.get::<_, i64>("row_number")?.unsigned_abs(),
            sequence: number("sequence")?,
            command: EntryCommand::from_number(row.get("command_id")?).ok_or_else(|| unknown(row, "command_id"))?,
            entity: entity.map(|entity| entity.name.clone()),
            object_type_code,
            object_id: row.get("object_id")?,
            captured_at: row.get("action_date")?,
            data: json(row, "data")?,
            base: json(row, "base")?,
            group: number("parent_id")?,
            state: EntryState::from_number(row.get("state")?).ok_or_else(|| unknown(row, "state"))?,
            verdict: row.get("verdict")?,
            reason: row.get("reason")?,
            attribute: row.get("attribute")?,
            trace_id: row.get("trace_id")?,
            name: row.get("name")?,
            rule: row.get("rule")?,
            cause: number("cause")?,
            waits_for: number("waits_for")?,
            detail: json(row, "detail")?,
            settles: number("settles")?,
            given_up: row.get("given_up")?,
        })
    }
}

impl EntryCommand {
    /// From `sojourn_queue.command_id`.
    pub(super) fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            1 => Self::Create,
            2 => Self::Update,
            3 => Self::Delete,
            4 => Self::Invoke,
            10 => Self::Start,
            11 => Self::Stop,
            _ => return None,
        })
    }
}

impl EntryState {
    fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Waiting,
            1 => Self::Sent,
            2 => Self::PlayedBack,
            3 => Self::Refused,
            4 => Self::GivenUp,
            _ => return None,
        })
    }
}

/// The start marker of the group that is open.
pub(super) fn open_group(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    Ok(state::get::<i64>(connection, state::OPEN_GROUP)?.map(i64::unsigned_abs))
}

/// Any program may have written the text: what is no UTF-8 is shown as well as it can be.
fn json(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Value>> {
    let Some(bytes) = row.get_ref(column)?.as_bytes_or_null()? else { return Ok(None) };
    let text = String::from_utf8_lossy(bytes);
    Ok(Some(serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text))))
}

fn unknown(row: &Row<'_>, column: &str) -> Error {
    let column = row.as_ref().column_index(column).unwrap_or_default();
    Error::FromSqlConversionFailure(column, Type::Integer, "the number is unknown to this program".into())
}
