//! One device's agent, asked as a script would: a process for each command, one JSON object for each answer.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::machine::Machine;
use crate::os;
use crate::processes;
use crate::reaper::{Reaper, ReaperError, Signal};

/// How long any command may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// What the agent exits with when operations were refused: it worked.
const REFUSED: i32 = 3;

/// An agent with a home.
#[derive(Debug, Clone)]
pub struct Agent {
    machine: Machine,
    home: PathBuf,
}

/// A command under way. Dropping it kills the process.
#[derive(Debug)]
pub struct Running {
    command: String,
    process: Child,
    pid: u32,
    reaper: Reaper,
    begun: Instant,
}

/// What a command came to.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What was asked.
    pub command: String,
    /// How the process ended.
    pub status: ExitStatus,
    /// Its one JSON object on stdout; null if it gave none.
    pub json: Value,
    /// What it said on stderr.
    pub talk: String,
    /// How long the process lived.
    pub elapsed: Duration,
}

/// The agent could not be asked, or failed.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// It did not start, or its answer could not be read.
    #[error("cannot run `sojourn-agent {command}`: {source}")]
    Io {
        /// What was asked.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Nobody would clean up after it.
    #[error(transparent)]
    Reaper(#[from] ReaperError),
    /// It did not end in time.
    #[error("`sojourn-agent {command}` did not end within {} s", PATIENCE.as_secs())]
    TooSlow {
        /// What was asked.
        command: String,
    },
    /// It failed.
    #[error("`sojourn-agent {command}` ended with {status}:\n{talk}")]
    Failed {
        /// What was asked.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        talk: String,
    },
}

impl Agent {
    /// An agent whose device lives in this folder.
    #[must_use]
    pub fn new(machine: &Machine, home: impl Into<PathBuf>) -> Agent {
        Agent { machine: machine.clone(), home: home.into() }
    }

    /// The device's folder.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The device's database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        sojourn_agent::home::database_of(&self.home)
    }

    /// Makes the folder a device.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn init(&self, credentials: &Path) -> Result<Answer, AgentError> {
        let credentials = credentials.display().to_string();
        self.ask(&["init", "--credentials", &credentials]).await
    }

    /// Asks for `go-offline`, `go-online`, `sync`, `status` or `queue`, and waits for the answer. That operations were
    /// refused is an answer, not a failure.
    ///
    /// # Errors
    /// [`AgentError`].
    pub async fn ask(&self, arguments: &[&str]) -> Result<Answer, AgentError> {
        let answer = self.begin(arguments)?.answer().await?;
        match answer.status.code() {
            Some(0 | REFUSED) => Ok(answer),
            _ => Err(AgentError::Failed { command: answer.command, status: answer.status, talk: answer.talk }),
        }
    }

    /// Begins a command, to be killed or waited for.
    ///
    /// # Errors
    /// [`AgentError`].
    pub fn begin(&self, arguments: &[&str]) -> Result<Running, AgentError> {
        let mut command = Command::new(&self.machine.exe);
        command.arg(processes::AGENT).arg("--json").arg("--home").arg(&self.home).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let (marker, value) = self.machine.reaper.marker();
        command.env(marker, value);
        os::own_group(command.as_std_mut());
        let begun = Instant::now();
        let name = arguments.join(" ");
        let process = command.spawn().map_err(|source| AgentError::Io { command: name.clone(), source })?;
        let pid = process.id().unwrap_or_default();
        self.machine.reaper.watch(pid, Signal::Term)?;
        Ok(Running { command: name, process, pid, reaper: self.machine.reaper.clone(), begun })
    }
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Kills it with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// [`AgentError::Io`] when the system does not let us.
    pub async fn kill(mut self) -> Result<(), AgentError> {
        let killed = self.process.kill().await;
        self.reaper.gone(self.pid);
        killed.map_err(|source| AgentError::Io { command: self.command, source })
    }

    /// Waits for its answer, whatever it is.
    ///
    /// # Errors
    /// [`AgentError::Io`], [`AgentError::TooSlow`].
    pub async fn answer(self) -> Result<Answer, AgentError> {
        let Running { command, process, pid, reaper, begun } = self;
        let ended = tokio::time::timeout(PATIENCE, process.wait_with_output()).await;
        reaper.gone(pid);
        let output = ended
            .map_err(|_| AgentError::TooSlow { command: command.clone() })?
            .map_err(|source| AgentError::Io { command: command.clone(), source })?;
        Ok(Answer {
            command,
            status: output.status,
            json: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
            talk: String::from_utf8_lossy(&output.stderr).into_owned(),
            elapsed: begun.elapsed(),
        })
    }
}
