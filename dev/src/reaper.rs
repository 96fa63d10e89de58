//! Nothing that was started may outlive its starter, however that one ends: exit, Ctrl-C, panic or `kill -9`.
//!
//! A starter has one *reaper*: the same executable again, in a process group of its own, reading from a pipe
//! that only the starter holds. The starter tells it which processes to end. When the pipe closes, for whatever
//! reason, the reaper ends them and removes the one *scratch folder* that everything lives in.
//!
//! Lines to the reaper: `pid <n> <signal>` and `gone <n>`. Its one line back: `sojourn-reaper ready <folder>`.
//! Every process is also started with [`Reaper::marker`] in its environment, so that on Linux even one that was
//! never announced (its starter died between the two) is found.

mod end;
mod register;
mod scratch;
mod serve;

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use thiserror::Error;

use crate::os;
pub use crate::os::Signal;
pub use serve::run;

const READY: &str = "sojourn-reaper ready ";
const MARKER: &str = "SOJOURN_REAPER";
/// The marker's value for reapers: nobody's to end, they end by themselves.
const REAPER: &str = "reaper";

/// Why there is no reaper, or none any more.
#[derive(Debug, Error)]
pub enum ReaperError {
    /// The executable could not be started.
    #[error("cannot start the reaper `{}`: {source}", program.display())]
    Start {
        /// What was to be started.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The executable ran, but is no reaper.
    #[error("`{} {arguments}` ended without answering as a reaper: it must call sojourn_dev::reaper::run", program.display())]
    NotAReaper {
        /// What was started.
        program: PathBuf,
        /// With which arguments.
        arguments: String,
    },
    /// The reaper is gone, so nothing more may be started.
    #[error("the reaper has ended, so new processes would not be cleaned up: start again ({source})")]
    Lost {
        /// What writing to it said.
        source: io::Error,
    },
    /// The folder for short-lived files could not be made or removed.
    #[error("cannot make or remove the scratch folder {}: {source}; free some space or set TMPDIR", place.display())]
    Scratch {
        /// The folder, or the one it was to be made in.
        place: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A person called the reaper's entry point.
    #[error("the reaper is started by other programs and reads what to clean up from a pipe; there is nothing to type")]
    ByHand,
}

/// The starter's end of its reaper. Clones are the same reaper; when the last one is dropped, or this process
/// ends in any way, everything registered ends.
#[derive(Debug, Clone)]
pub struct Reaper {
    link: Arc<Link>,
}

#[derive(Debug)]
struct Link {
    /// Some until dropped. Closing it is the order to clean up.
    pipe: Mutex<Option<ChildStdin>>,
    process: Mutex<std::process::Child>,
    scratch: PathBuf,
    pid: u32,
}

impl Reaper {
    /// Starts `exe` with `arguments`, which must lead to [`run`], and waits for its word that it is ready.
    /// Start it before anything else. A test harness may name itself and a test that calls [`run`].
    pub fn start(exe: &Path, arguments: &[&str]) -> Result<Reaper, ReaperError> {
        let mut command = Command::new(exe);
        command.args(arguments).env(MARKER, REAPER).current_dir(std::path::MAIN_SEPARATOR_STR);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        os::own_group(&mut command);
        let start = |source| ReaperError::Start { program: exe.into(), source };
        let mut process = command.spawn().map_err(start)?;
        let scratch = process.stdout.take().and_then(|out| scratch_when_ready(BufReader::new(out)));
        let Some(scratch) = scratch else {
            // The error that matters is that it did not answer; what it did afterwards is of no interest.
            let _ = process.kill().and_then(|()| process.wait());
            return Err(ReaperError::NotAReaper { program: exe.into(), arguments: arguments.join(" ") });
        };
        let (pid, pipe) = (process.id(), Mutex::new(process.stdin.take()));
        Ok(Reaper { link: Arc::new(Link { pipe, process: Mutex::new(process), scratch, pid }) })
    }

    /// The reaper of this process: started by the first call, the same one for all later ones, and kept until
    /// the process ends.
    pub fn shared(exe: &Path, arguments: &[&str]) -> Result<Reaper, ReaperError> {
        static SHARED: Mutex<Option<Reaper>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reaper) = shared.as_ref() {
            return Ok(reaper.clone());
        }
        let reaper = Reaper::start(exe, arguments)?;
        *shared = Some(reaper.clone());
        Ok(reaper)
    }

    /// From now on the process and its group end with us: first by `ending`, then by SIGKILL.
    pub fn watch(&self, pid: u32, ending: Signal) -> Result<(), ReaperError> {
        self.tell(&format!("pid {pid} {ending}\n"))
    }

    /// The process has ended; its number may soon be somebody else's.
    pub fn gone(&self, pid: u32) {
        // A reaper that is lost cannot harm the next owner of the number.
        let _ = self.tell(&format!("gone {pid}\n"));
    }

    /// The folder that disappears with us. Others may pass through it, but not list it.
    pub fn scratch(&self) -> &Path {
        &self.link.scratch
    }

    /// A new folder in the scratch folder, readable by us alone, removed when dropped.
    pub fn folder(&self, label: &str) -> Result<TempDir, ReaperError> {
        let made = tempfile::Builder::new().prefix(&format!("{label}-")).tempdir_in(self.scratch());
        made.map_err(|source| ReaperError::Scratch { place: self.scratch().into(), source })
    }

    /// Name and value of the environment variable that marks processes as this reaper's.
    pub fn marker(&self) -> (&'static str, String) {
        (MARKER, self.link.pid.to_string())
    }

    fn tell(&self, line: &str) -> Result<(), ReaperError> {
        let mut pipe = self.link.pipe.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = pipe.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into());
        pipe.and_then(|pipe| pipe.write_all(line.as_bytes())).map_err(|source| ReaperError::Lost { source })
    }
}

impl Drop for Link {
    /// Closes the pipe and waits until the reaper has cleaned up.
    fn drop(&mut self) {
        drop(self.pipe.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // A reaper that somebody else killed leaves nothing to wait for.
        let _ = self.process.get_mut().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

/// Reads up to the reaper's word. Other lines may come first: a test harness introduces itself.
fn scratch_when_ready(output: impl BufRead) -> Option<PathBuf> {
    output.lines().map_while(Result::ok).find_map(|line| line.strip_prefix(READY).map(PathBuf::from))
}

#[cfg(test)]
mod tests;
