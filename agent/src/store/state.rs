//! Single values: whose device this is, its mode, and what the agent wants to remember.

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, ToSql};
use serde::{Deserialize, Serialize};
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use super::error::Fault;
use super::{Store, StoreError};

pub(super) const DEVICE: &str = "device";
pub(super) const MODE: &str = "mode";
pub(super) const NEXT_SEQUENCE: &str = "next_sequence";
pub(super) const FIRST_SEQUENCE: &str = "first_sequence";
pub(super) const OPEN_GROUP: &str = "open_group";
pub(super) const LOADED: &str = "loaded";

/// The setting that is there while a comparison with the server is due: rows may be on the device that the server knows
/// nothing of, or be missing that it takes for settled.
pub const VERIFICATION_DUE: &str = "verification_due";

/// Whose device this is, as `init` was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The installation.
    pub agent: AgentId,
    /// Its offline data set.
    pub subscription: SubscriptionId,
    /// The user.
    pub user_id: Uuid,
    /// The server's address.
    pub server: String,
}

/// What the device is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Connected; changes come and go at once.
    Online,
    /// Loading what it needs to be without the server.
    GoingOffline,
    /// Without the server; writes are queued.
    Offline,
    /// Sending what was queued.
    GoingOnline,
}

impl Mode {
    const ALL: [Self; 4] = [Self::Online, Self::GoingOffline, Self::Offline, Self::GoingOnline];

    /// The word for it in the database and to the user.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::GoingOffline => "going_offline",
            Self::Offline => "offline",
            Self::GoingOnline => "going_online",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

impl Store {
    /// Whose device this is.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn device(&self) -> Result<Device, StoreError> {
        self.read("reading whose device it is", |connection| {
            let json: String = required(connection, DEVICE)?;
            serde_json::from_str(&json).map_err(|error| Fault::damaged(DEVICE, error))
        })
    }

    /// What the device is doing.
    ///
    /// # Errors
    /// That the database is damaged or cannot be read.
    pub fn mode(&self) -> Result<Mode, StoreError> {
        self.read("reading the mode", |connection| {
            let word: String = required(connection, MODE)?;
            Mode::from_word(&word).ok_or_else(|| Fault::damaged(MODE, format!("{word:?} is none")))
        })
    }

    /// Remembers what the device is doing.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn set_mode(&mut self, mode: Mode) -> Result<(), StoreError> {
        self.write("storing the mode", |transaction| Ok(put(transaction, MODE, &mode.word())?))
    }

    /// What was remembered under this name.
    ///
    /// # Errors
    /// That the database cannot be read.
    pub fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read("reading a setting", |connection| Ok(get(connection, &setting_key(name))?))
    }

    /// Remembers a text under this name; none forgets it.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn set_setting(&mut self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let key = setting_key(name);
        self.write("storing a setting", |transaction| match value {
            Some(value) => Ok(put(transaction, &key, &value)?),
            None => {
                transaction.execute("DELETE FROM sojourn_state WHERE key = ?1", [&key])?;
                Ok(())
            }
        })
    }
}

pub(super) fn setting_key(name: &str) -> String {
    format!("setting.{name}")
}

pub(super) fn get<T: FromSql>(connection: &Connection, key: &str) -> rusqlite::Result<Option<T>> {
    connection.query_row("SELECT value FROM sojourn_state WHERE key = ?1", [key], |row| row.get(0)).optional()
}

pub(super) fn put(connection: &Connection, key: &str, value: &dyn ToSql) -> rusqlite::Result<()> {
    let sql = "INSERT INTO sojourn_state (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    connection.execute(sql, rusqlite::params![key, value]).map(|_| ())
}

pub(super) fn put_json(connection: &Connection, key: &str, value: &impl Serialize) -> Result<(), Fault> {
    let json = serde_json::to_string(value).map_err(|error| Fault::damaged(key, error))?;
    Ok(put(connection, key, &json)?)
}

fn required<T: FromSql>(connection: &Connection, key: &str) -> Result<T, Fault> {
    get(connection, key)?.ok_or_else(|| Fault::damaged(key, "it is missing"))
}
