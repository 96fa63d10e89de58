//! Why there is no stack, or why it did not end well.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use sojourn_platform::PlatformError;
use sojourn_platform::sql::InvalidIdent;
use sojourn_runtime::deploy::DeployError;
use sojourn_runtime::nats::NatsError;
use sojourn_schema::SchemaError;
use sojourn_wire::InvalidToken;

use crate::instances::InstanceError;
use crate::machine::MachineError;
use crate::reaper::ReaperError;

/// A stack that is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// Tools or reaper.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// No folder from the reaper.
    #[error(transparent)]
    Reaper(#[from] ReaperError),
    /// Something did not start or stop.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The configuration, or how it goes together with the database. Nothing was changed.
    #[error(transparent)]
    Schema(Box<SchemaError>),
    /// The database.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A name in the configuration that Postgres cannot have.
    #[error(transparent)]
    Name(#[from] InvalidIdent),
    /// A name that cannot stand in a subject.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// The bus.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// Its streams.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// What the bus holds cannot be read.
    #[error("cannot read {what} of the stream {stream}: {problem}")]
    Stream {
        /// The state, a message.
        what: &'static str,
        /// The stream.
        stream: &'static str,
        /// What the server said.
        problem: String,
    },
    /// A file of the stack.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another stack lives there.
    #[error("another stack is at work in {}; end it, or name another folder with --home", .0.display())]
    HomeTaken(PathBuf),
    /// What was kept cannot be used.
    #[error("{} cannot be used: {problem}; remove the folder to begin anew (its devices must then be set up again)", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Devices know the port of their server, and now it is somebody else's.
    #[error("the devices of {} connect to port {port} of 127.0.0.1, which is taken; end what listens there", home.display())]
    PortTaken {
        /// The stack's home.
        home: PathBuf,
        /// The port.
        port: u16,
    },
    /// A service ended before it was ready, or failed to end.
    #[error("{name} ended with {status}; its last words:\n{tail}")]
    Ended {
        /// The process.
        name: String,
        /// How.
        status: ExitStatus,
        /// The end of its log.
        tail: String,
    },
    /// A service did not become ready in time.
    #[error("{name} was not ready within {seconds} s ({problem}); its last words:\n{tail}")]
    NotReady {
        /// The process.
        name: String,
        /// How long was waited.
        seconds: u64,
        /// What the last question met.
        problem: String,
        /// The end of its log.
        tail: String,
    },
    /// Other services use this Postgres.
    #[error(
        "services of another stack are connected to this Postgres ({sessions} sessions of sojourn_service), and would be \
         locked out by the new password that this one sets; end the other stack first"
    )]
    InUse {
        /// Their connections.
        sessions: i64,
    },
    /// There is no such device.
    #[error("there is no device {index}: the stack has {devices}, counted from 0")]
    NoDevice {
        /// What was asked for.
        index: usize,
        /// How many there are.
        devices: usize,
    },
    /// An nkey could not be made.
    #[error("cannot make an nkey: {0}")]
    Key(String),
    /// The proxy could not be started.
    #[error("cannot start a proxy to NATS: {0}")]
    Proxy(io::Error),
    /// The stack was stopped, and something had gone wrong before.
    #[error("{}", list(.0))]
    Unclean(Vec<String>),
}

impl From<SchemaError> for StackError {
    fn from(error: SchemaError) -> StackError {
        StackError::Schema(Box::new(error))
    }
}

impl StackError {
    /// For `map_err`: names the file and what was tried with it.
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> StackError {
        let path = path.into();
        move |source| StackError::File { doing, path, source }
    }
}

fn list(problems: &[String]) -> String {
    problems.iter().fold("the stack was not clean when it was stopped:".to_owned(), |mut text, problem| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  - {problem}");
        text
    })
}
