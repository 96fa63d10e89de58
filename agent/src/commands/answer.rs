//! The answers of commands: for scripts as JSON, for people as text.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use comfy_table::{Table, presets};
use serde::Serialize;
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use super::dry_run::DryRun;
use super::errors::{ErrorCounts, Exported, Listed, Refused, Settled};
use super::history::{History, SessionShown};
use super::inspect::Inspected;
use super::invoke::Invoked;
use super::settings::Settings;
use super::token::TokenIssued;
use crate::download::Moved;
use crate::filters::{GroupChanged, Groups};
use crate::playback::PlayedBack;
use crate::store::{Mode, QueueEntry, QueueSummary, Session};
use crate::verify::Verified;

/// The most operations whose verdicts are all shown.
pub(super) const SHOWN: u64 = 50;

/// What a command answers.
#[derive(Debug, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields of a new device are its credentials' own")]
pub enum Answer {
    /// The folder is a device.
    Initialised { database: PathBuf, agent: AgentId, subscription: SubscriptionId, user_id: Uuid, server: String },
    /// The device is offline.
    GoneOffline(Travelled),
    /// The device is online.
    GoneOnline(Travelled),
    /// The device stays offline, because operations were refused.
    StayedOffline(Travelled),
    /// The device is up to date.
    Synchronised(Travelled),
    /// The device was compared with the server.
    Verified(Verified),
    /// How the device is.
    Status(Looked),
    /// What was captured.
    Queue(QueueAnswer),
    /// What was refused.
    Errors(Listed),
    /// One refused entry.
    Error(Box<Refused>),
    /// What a settlement did.
    Settled(Settled),
    /// What was refused is in files.
    Exported(Exported),
    /// What would become of the queue.
    DryRun(DryRun),
    /// What came of a named command.
    Invoked(Invoked),
    /// Which local data groups there are.
    Filters(Groups),
    /// What a change of the local data groups moves.
    FiltersChanged(GroupChanged),
    /// A token for fetching batches over HTTP.
    Token(TokenIssued),
    /// What sessions did.
    History(History),
    /// What one session did.
    HistoryOfSession(Box<SessionShown>),
    /// What is in a batch file.
    Inspected(Inspected),
    /// How the device is set.
    Settings(Settings),
}

/// What an exchange with the server did.
#[derive(Debug, Serialize)]
pub struct Travelled {
    /// The mode afterwards.
    pub mode: Mode,
    /// What became of the queue.
    pub queue: PlayedBack,
    /// What became of everything that was refused, when it was sent once more; none when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried: Option<PlayedBack>,
    /// What was loaded.
    pub data: Moved,
    /// What a comparison with the server found; none when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<Verified>,
    /// How many operations are not settled.
    pub errors: ErrorCounts,
    /// What is in the queue now.
    pub left: QueueSummary,
    /// How long it all took, in milliseconds.
    pub elapsed_ms: u64,
    /// The database file.
    pub database: PathBuf,
    /// What commands must be told of the device's folder.
    #[serde(skip)]
    pub home: String,
}

/// How a device is.
#[derive(Debug, Serialize)]
pub struct Looked {
    /// What it is doing.
    pub mode: Mode,
    /// The database file.
    pub database: PathBuf,
    /// The device.
    pub agent: AgentId,
    /// Its data set.
    pub subscription: SubscriptionId,
    /// Its user.
    pub user_id: Uuid,
    /// Its server.
    pub server: String,
    /// The metadata its tables were made from; none before the first load.
    pub metadata_version: Option<u32>,
    /// Rows per entity.
    pub rows: BTreeMap<String, u64>,
    /// The queue.
    pub queue: QueueSummary,
    /// How many operations are not settled.
    pub errors: ErrorCounts,
    /// What commands must be told of the device's folder.
    #[serde(skip)]
    pub home: String,
    /// The session under way, or the last one.
    pub session: Option<Session>,
}

/// The queue.
#[derive(Debug, Serialize)]
pub struct QueueAnswer {
    /// Counts.
    pub summary: QueueSummary,
    /// Its entries, oldest first.
    pub entries: Vec<QueueEntry>,
}

impl Answer {
    /// Whether the server refused operations, or would; of a device that goes online, also whether some are not settled.
    #[must_use]
    pub fn refused(&self) -> bool {
        match self {
            Self::GoneOffline(t) | Self::Synchronised(t) => t.refused(),
            Self::GoneOnline(t) => t.refused() || !t.errors.is_empty(),
            Self::StayedOffline(_) => true,
            Self::FiltersChanged(changed) => changed.sync.as_ref().is_some_and(Travelled::refused),
            Self::DryRun(dry_run) => dry_run.refuses(),
            Self::Invoked(invoked) => invoked.refused(),
            _ => false,
        }
    }

    /// Whether rows differ from the server's and were not repaired.
    #[must_use]
    pub fn differs(&self) -> bool {
        let verification = match self {
            Self::GoneOffline(t) | Self::GoneOnline(t) | Self::StayedOffline(t) | Self::Synchronised(t) => {
                t.verification.as_ref()
            }
            Self::Verified(verified) => Some(verified),
            Self::FiltersChanged(changed) => changed.sync.as_ref().and_then(|t| t.verification.as_ref()),
            _ => None,
        };
        verification.is_some_and(|verified| verified.left > 0)
    }

    /// Whether what was looked at is damaged.
    #[must_use]
    pub fn damaged(&self) -> bool {
        matches!(self, Self::Inspected(inspected) if !inspected.right)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialised { database, agent, user_id, .. } => {
                writeln!(f, "{agent} is a device of user {user_id}; its database is {}", database.display())?;
                let home = database.parent().unwrap_or(database).display();
                write!(f, "\nNext: sojourn-agent go-offline --home {home}")
            }
            Self::GoneOffline(travelled) => {
                write!(f, "{travelled}\nOffline ready. Your rows are in {}", travelled.database.display())
            }
            Self::GoneOnline(travelled) => write!(f, "{travelled}\nOnline."),
            Self::StayedOffline(travelled) => write!(f, "{travelled}\nStill offline, until they are settled."),
            Self::Synchronised(travelled) => match &travelled.verification {
                Some(verified) if verified.left > 0 => travelled.fmt(f),
                _ => write!(f, "{travelled}\nUp to date."),
            },
            Self::Verified(verified) => verified.fmt(f),
            Self::Status(looked) => looked.fmt(f),
            Self::Queue(queue) => queue.fmt(f),
            Self::Errors(listed) => listed.fmt(f),
            Self::Error(refused) => refused.fmt(f),
            Self::Settled(settled) => settled.fmt(f),
            Self::Exported(exported) => exported.fmt(f),
            Self::DryRun(dry_run) => dry_run.fmt(f),
            Self::Invoked(invoked) => invoked.fmt(f),
            Self::Filters(groups) => groups.fmt(f),
            Self::FiltersChanged(changed) => changed.fmt(f),
            Self::Token(token) => token.fmt(f),
            Self::History(history) => history.fmt(f),
            Self::HistoryOfSession(session) => session.fmt(f),
            Self::Inspected(inspected) => inspected.fmt(f),
            Self::Settings(settings) => settings.fmt(f),
        }
    }
}

/// So many of something: `1 row`, `2 rows`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What so many of something do: of one, or of several.
pub(crate) fn agreed<'a>(count: u64, one: &'a str, several: &'a str) -> &'a str {
    if count == 1 { one } else { several }
}

pub(crate) fn plain_table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table
}
