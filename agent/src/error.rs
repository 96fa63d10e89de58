//! What a command can end in, and what the process exits with.

use std::path::PathBuf;

use crate::commands::{ErrorsProblem, SettingError};
use crate::filters::ChooseError;
use crate::home::HomeError;
use crate::link::LinkError;
use crate::playback::PlayedBack;
use crate::store::StoreError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The agent's folder.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The device's database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The link to the server.
    #[error(transparent)]
    Link(Box<LinkError>),
    /// The server said no: its own words.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server is newer.
    #[error("the server answers in words this program does not know: update sojourn-agent")]
    TooNew,
    /// The metadata that was published is none.
    #[error("the metadata of version {version} cannot be read ({problem}): update sojourn-agent")]
    Metadata {
        /// Its version.
        version: u32,
        /// What is wrong with it.
        problem: String,
    },
    /// The server expects other operations than the device has.
    #[error(
        "the server expects operation {expected}, the device has {first} next: the server was restored to an earlier \
         state, or this database is a copy; the queue is kept, ask the administrator"
    )]
    Gap {
        /// What the server expects.
        expected: u64,
        /// What the device has.
        first: u64,
    },
    /// The server does not keep what was sent ahead of a chunk.
    #[error("the server asked {0} times for attachments that were sent: try again later, or ask the administrator")]
    AttachmentsLost(u32),
    /// The error centre was asked for what it does not have.
    #[error(transparent)]
    Errors(#[from] ErrorsProblem),
    /// A named command was not enqueued.
    #[error("nothing was enqueued: {0}")]
    NotEnqueued(Box<AgentError>),
    /// A named command was enqueued, and its verdict did not come.
    #[error("the command is entry {number} of the queue, and the next `sojourn-agent sync` sends it: {error}")]
    Enqueued {
        /// Its entry.
        number: u64,
        /// What failed.
        error: Box<AgentError>,
    },
    /// The server does not take a filter.
    #[error("the server refuses: {reason}")]
    Filter {
        /// Its own words.
        reason: String,
        /// The filter.
        filter: String,
        /// Where in it, in characters from 0: the first, and the one after the last.
        place: (u32, u32),
    },
    /// A local data group that cannot be found.
    #[error(transparent)]
    Group(#[from] ChooseError),
    /// The sync that should follow a change of local data groups failed.
    #[error("the change of your local data groups is stored, and this device is not up to date with it")]
    StoredOnly(#[source] Box<AgentError>),
    /// The queue was played back, and what followed failed.
    #[error("the queue was played back ({verdicts}), and then: {error}")]
    PlayedBackOnly {
        /// How many of each verdict.
        verdicts: String,
        /// What failed.
        error: Box<AgentError>,
    },
    /// A session that the device does not remember, or several that are meant.
    #[error(
        "{} starts with {wanted:?}; `sojourn-agent history` lists the sessions of this device",
        if *several { "more than one session" } else { "no session that is remembered here" }
    )]
    NoSession {
        /// What was asked for.
        wanted: String,
        /// Several have such an id.
        several: bool,
    },
    /// A file that is no batch, or is damaged.
    #[error("{} cannot be shown as a batch file: {problem}", path.display())]
    BatchFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// A setting that cannot be.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Rows wait in the spool, so that the device cannot be compared with the server.
    #[error(
        "a session is half-way: {0} batches are on this device and not in its tables yet, so that comparing would find \
         what is only not finished; run `sojourn-agent sync` first"
    )]
    HalfWay(u64),
    /// A part of the agent ended before its time.
    #[error("the agent stopped while {0}; try again")]
    Stopped(&'static str),
}

impl AgentError {
    /// The filter that the server does not take, and where in it.
    #[must_use]
    pub fn wrong_filter(&self) -> Option<(&str, (u32, u32))> {
        match self {
            Self::Filter { filter, place, .. } => Some((filter, *place)),
            _ => None,
        }
    }

    /// The same, said by somebody who has played a queue back before it.
    #[must_use]
    pub fn after(self, played: &PlayedBack) -> Self {
        if played.operations == 0 {
            return self;
        }
        let verdicts: Vec<String> = played.verdicts.iter().map(|(word, count)| format!("{count} {word}")).collect();
        Self::PlayedBackOnly { verdicts: verdicts.join(", "), error: Box::new(self) }
    }

    /// Whether a batch file arrived broken, or is not kept any more: a new session brings another.
    #[must_use]
    pub fn is_lost_file(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Batch(_)),
            Self::Link(error) => matches!(**error, LinkError::File(_) | LinkError::Gone { .. }),
            _ => false,
        }
    }

    /// Whether the server said nothing.
    #[must_use]
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Link(error) if matches!(**error, LinkError::Silent { .. }))
    }
}

impl From<LinkError> for AgentError {
    fn from(error: LinkError) -> Self {
        Self::Link(Box::new(error))
    }
}
