//! Why something did not start, stop or answer.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use thiserror::Error;

use crate::reaper::ReaperError;

/// Why an instance is not as it was asked to be. `name` is what was started: `postgres`, `nats-server`, a service.
#[derive(Debug, Error)]
pub enum InstanceError {
    /// No reaper, or no folder from it.
    #[error(transparent)]
    Reaper(#[from] ReaperError),
    /// The program could not be started.
    #[error("cannot start {name} ({}): {source}", program.display())]
    Spawn {
        /// What was started.
        name: String,
        /// From which file.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It ended when it should have gone on, or failed at what it was started for.
    #[error("{name} ended with {status}; its last words:\n{tail}")]
    Ended {
        /// What was started.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        tail: String,
    },
    /// It did not do in time what was expected.
    #[error("{name} did not {expected} within {seconds} s; its last words:\n{tail}")]
    TooSlow {
        /// What was started.
        name: String,
        /// What was expected: "become ready", "end".
        expected: &'static str,
        /// How long we waited.
        seconds: u64,
        /// The end of its log.
        tail: String,
    },
    /// It runs no more, or has not been started again.
    #[error("{name} is not running; restart it first")]
    NotRunning {
        /// What was started.
        name: String,
    },
    /// Every port tried was taken.
    #[error("{name} found no free port among {attempts} between 20000 and 32000 on 127.0.0.1; end what listens there")]
    NoPort {
        /// What was started.
        name: String,
        /// How many were tried.
        attempts: u32,
    },
    /// The port of an instance that is to be restarted now belongs to somebody else.
    #[error(
        "{name} cannot be restarted: port {port} of 127.0.0.1 is taken now; end what listens there, or start afresh"
    )]
    PortTaken {
        /// What was started.
        name: String,
        /// Its port.
        port: u16,
    },
    /// A file or folder of the instance could not be written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is nobody to run Postgres as.
    #[error(
        "Postgres does not run as root, and there is no user `postgres` or `nobody` to run it as; run as another user"
    )]
    NoUser,
    /// The user that Postgres runs as cannot get at its data.
    #[error(
        "Postgres does not run as root, and the user it runs as cannot reach {}: choose a folder that others may pass \
         through (chmod o+x), or run as another user",
        path.display()
    )]
    NoWay {
        /// The folder.
        path: PathBuf,
    },
    /// Somebody else runs on the same data.
    #[error("another {name} runs on the data in {}; end it, or use another folder", path.display())]
    Taken {
        /// What was started.
        name: String,
        /// The folder.
        path: PathBuf,
    },
    /// The new configuration is wrong, and the old one still holds.
    #[error("{name} refused the new configuration:\n{tail}")]
    Reload {
        /// What was started.
        name: String,
        /// What it said.
        tail: String,
    },
}

impl InstanceError {
    /// For `map_err`: names the file and what was tried with it.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> InstanceError {
        let path = path.into();
        move |source| InstanceError::File { action, path, source }
    }
}
