//! What can go wrong with the device's database: the thing, the place, and the next step.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};
use sojourn_wire::batch::BatchError;
use uuid::Uuid;

use super::invoke::CommandProblem;

/// Why the database did not do what was asked. It is as it was before the call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no file.
    #[error("{} does not exist; make it with `sojourn-agent init`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is a file already.
    #[error("{} exists already; use it, or choose another home", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// Another program's file, left byte for byte as it is.
    #[error("{} is not a Sojourn database ({why}) and was left as it is; move it away or choose another home", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// How we know.
        why: &'static str,
    },
    /// A newer program made the file.
    #[error("{} has format {format}, this program knows formats up to {newest}; update the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest format this program knows.
        newest: u32,
    },
    /// No room.
    #[error("the disk is full while {doing} ({}); make room and try again", path.display())]
    DiskFull {
        /// The database.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
    },
    /// The disk takes no more, for a reason that SQLite does not know: a limit of a file's size or a quota, or it broke.
    #[error(
        "the disk takes no more of {} while {doing} ({source}): it met a limit, such as a quota or `ulimit -f`, or is \
         failing; raise the limit or make room, and try again",
        path.display()
    )]
    NotWritten {
        /// The database.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// Another program holds the write lock.
    #[error(
        "another program keeps {} locked for more than 10 s while {doing}; let it commit or end it, then try again",
        path.display()
    )]
    Busy {
        /// The database.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
    },
    /// The file is damaged.
    #[error("{} is damaged ({problem}, while {doing}); restore it from a backup, or move it away and start over", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
        /// SQLite's words, or which housekeeping value cannot be read.
        problem: String,
    },
    /// Anything else that SQLite says.
    #[error("{} refuses {doing}: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
        /// SQLite's words.
        source: rusqlite::Error,
    },
    /// The file system refuses.
    #[error("{} cannot be used for {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was going on.
        doing: &'static str,
        /// The system's words.
        source: io::Error,
    },
    /// What the user asks for makes no sense for this entry.
    #[error("entry {row_number} of the queue cannot be settled like this: {problem}")]
    CannotSettle {
        /// The entry.
        row_number: u64,
        /// Why not, and what to do.
        problem: String,
    },
    /// There are no entity tables yet.
    #[error("{} has no entity tables yet; go offline first", path.display())]
    NoTables {
        /// The database.
        path: PathBuf,
    },
    /// The metadata have another structure than the tables.
    #[error(
        "the server's tables changed between metadata version {device} and {server}: {difference}; this release cannot \
         change the device's tables: send what is queued, then set the device up again"
    )]
    SchemaChanged {
        /// The version of the device's tables.
        device: u32,
        /// The version that was to be adopted.
        server: u32,
        /// The first difference.
        difference: String,
    },
    /// No entity has this name.
    #[error("there is no entity {name:?} on this device")]
    NoEntity {
        /// The name.
        name: String,
    },
    /// A named command that cannot be enqueued.
    #[error(transparent)]
    Command(#[from] CommandProblem),
    /// A session is over, was replaced, or never began.
    #[error("session {asked} is not the one under way here{}; prepare again", current.map(|id| format!(" ({id})")).unwrap_or_default())]
    OtherSession {
        /// The session that was asked for.
        asked: Uuid,
        /// The session under way.
        current: Option<Uuid>,
    },
    /// A batch came too early.
    #[error("batch {got} came before batch {expected}; load batch {expected} first")]
    Gap {
        /// The batch that must come next.
        expected: u32,
        /// The batch that came.
        got: u32,
    },
    /// The file is no batch, or is damaged.
    #[error("a batch file cannot be used: {0}; fetch it again")]
    Batch(#[from] BatchError),
    /// Another file lies in a spooled batch's place.
    #[error("{} is another batch than its name says", path.display())]
    NotThatBatch {
        /// The file.
        path: PathBuf,
    },
    /// The batch does not fit the device's tables.
    #[error("batch {batch} does not fit this device: {problem}; prepare again")]
    Unfit {
        /// The batch's number.
        batch: u32,
        /// What does not fit.
        problem: String,
    },
}

/// A failure inside the store, before it is known where.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// A housekeeping value that cannot be read.
    Damaged(String),
    Known(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Known(error)
    }
}

impl Fault {
    /// A housekeeping value that cannot be read.
    pub(super) fn damaged(what: &str, problem: impl std::fmt::Display) -> Self {
        Self::Damaged(format!("{what}: {problem}"))
    }

    /// The error, with its place.
    pub(super) fn at(self, path: &Path, doing: &'static str) -> StoreError {
        let path = path.to_path_buf();
        let source = match self {
            Self::Known(error) => return error,
            Self::Damaged(problem) => return StoreError::Corrupt { path, doing, problem },
            Self::Sqlite(source) => source,
        };
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::DiskFull { path, doing },
            Some(ErrorCode::SystemIoFailure) if is_about_writing(&source) => {
                StoreError::NotWritten { path, doing, source }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path, doing },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Corrupt { path, doing, problem: source.to_string() }
            }
            _ => StoreError::Sqlite { path, doing, source },
        }
    }
}

/// SQLite tells a full disk from other failures, but not a file that may grow no further.
fn is_about_writing(error: &rusqlite::Error) -> bool {
    let writing =
        [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_TRUNCATE, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_SHMSIZE];
    error.sqlite_error().is_some_and(|error| writing.contains(&error.extended_code))
}
