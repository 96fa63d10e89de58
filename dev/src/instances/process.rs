//! One process of ours: started with a log, known to the reaper, and ended with its handle.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::deadline;
use super::error::InstanceError;
use super::log;
use crate::os::{self, Signal, User};
use crate::reaper::Reaper;

/// Where the process's output goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Both streams to the end of this file.
    Log(PathBuf),
    /// Both streams to ours.
    Inherit,
}

/// What to start, and how.
#[derive(Debug, Clone)]
pub struct Launch {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    output: Output,
    user: Option<User>,
    ending: Signal,
}

impl Launch {
    /// A program under the name it has in errors. It inherits our environment and reads nothing.
    pub fn new(name: impl Into<String>, program: impl Into<PathBuf>, output: Output) -> Launch {
        Launch {
            name: name.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            directory: None,
            output,
            user: None,
            ending: Signal::Term,
        }
    }

    /// Adds arguments.
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Launch {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Launch {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets its working directory.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Launch {
        self.directory = Some(directory.into());
        self
    }

    /// The signal that asks it to end; SIGTERM if not said.
    pub fn ending(mut self, ending: Signal) -> Launch {
        self.ending = ending;
        self
    }

    /// Runs it as somebody else, if there is somebody.
    pub(super) fn user(mut self, user: Option<User>) -> Launch {
        self.user = user;
        self
    }

    /// Starts it.
    pub fn spawn(self, reaper: &Reaper) -> Result<Child, InstanceError> {
        let mut command = self.command()?;
        let (marker, value) = reaper.marker();
        command.env(marker, value);
        let Launch { name, program, output, ending, .. } = self;
        let failed = |source| InstanceError::Spawn { name: name.clone(), program, source };
        let process = command.spawn().map_err(failed)?;
        let log = if let Output::Log(path) = output { Some(path) } else { None };
        let child = Child { name, process, reaper: reaper.clone(), log, ending, ended: None };
        reaper.watch(child.pid(), ending)?;
        Ok(child)
    }

    fn command(&self) -> Result<Command, InstanceError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned()).stdin(Stdio::null());
        os::own_group(&mut command);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(user) = &self.user {
            os::run_as(&mut command, user);
        }
        if let Output::Log(path) = &self.output {
            let file = File::options().create(true).append(true).open(path);
            let file = file.map_err(InstanceError::file("open the log", path))?;
            let copy = file.try_clone().map_err(InstanceError::file("open the log", path))?;
            command.stdout(file).stderr(copy);
        }
        Ok(command)
    }
}

/// A process that was started. Dropping the handle kills the process and waits until it is gone.
#[derive(Debug)]
pub struct Child {
    name: String,
    process: std::process::Child,
    reaper: Reaper,
    log: Option<PathBuf>,
    ending: Signal,
    ended: Option<ExitStatus>,
}

impl Child {
    /// Its process id, which is also the id of its group.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The name it was started under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its log file, if its output goes to one.
    pub fn log(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// The last lines of its log; empty if its output is inherited.
    pub fn log_tail(&self) -> String {
        self.log().map(log::tail).unwrap_or_default()
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            // The only error is that it is not our child, which it is.
            self.ended = self.process.try_wait().ok().flatten();
            self.ended.inspect(|_| self.reaper.gone(self.process.id()));
        }
        self.ended
    }

    /// Waits until it has ended by itself.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus, InstanceError> {
        let ended = deadline::poll(within, || self.try_wait()).await;
        ended.ok_or_else(|| self.too_slow("end", within))
    }

    /// Asks it to end, and kills it if it has not within `grace`. The status tells which it was.
    pub async fn terminate(&mut self, grace: Duration) -> ExitStatus {
        self.signal(self.ending);
        self.thaw();
        match deadline::poll(grace, || self.try_wait()).await {
            Some(status) => status,
            None => self.kill(),
        }
    }

    /// Ends it, and its group, with SIGKILL.
    pub fn kill(&mut self) -> ExitStatus {
        self.signal(Signal::Kill);
        self.collect()
    }

    /// Freezes it and its group (SIGSTOP): connections stay open, nothing answers.
    pub fn freeze(&mut self) {
        self.signal(Signal::Stop);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&mut self) {
        self.signal(Signal::Cont);
    }

    /// Sends a signal to it and its group, if it still runs.
    pub fn signal(&mut self, signal: Signal) {
        if self.try_wait().is_none() {
            os::signal_group(self.pid(), signal);
        }
    }

    /// Asks it to end and blocks until it has, killing it after `grace`: for `Drop`, where nothing can be awaited.
    pub(super) fn end_blocking(&mut self, grace: Duration) {
        self.signal(self.ending);
        let (pid, (done, waiting)) = (self.pid(), mpsc::channel::<()>());
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if waiting.recv_timeout(grace) == Err(mpsc::RecvTimeoutError::Timeout) {
                    os::signal_group(pid, Signal::Kill);
                }
            });
            self.collect();
            drop(done);
        });
    }

    pub(super) fn too_slow(&self, expected: &'static str, within: Duration) -> InstanceError {
        let (name, tail) = (self.name.clone(), self.log_tail());
        InstanceError::TooSlow { name, expected, seconds: within.as_secs(), tail }
    }

    pub(super) fn ended(&self, status: ExitStatus) -> InstanceError {
        InstanceError::Ended { name: self.name.clone(), status, tail: self.log_tail() }
    }

    /// Blocks until it has ended.
    fn collect(&mut self) -> ExitStatus {
        // Waiting for one's own child cannot fail; "ended with 0" is then as good as any.
        let status = self.ended.unwrap_or_else(|| self.process.wait().unwrap_or_default());
        if self.ended.replace(status).is_none() {
            self.reaper.gone(self.pid());
        }
        status
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}
