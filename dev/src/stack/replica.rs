//! One process of a service or plug-in: started, killed, frozen and started again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use sojourn_runtime::rpc::ask;
use sojourn_runtime::{Client, deadline};
use sojourn_wire::message::rpc::READY;
use sojourn_wire::{Name, Service, Subject, subject};
use tokio::time::{Instant, sleep};

use super::error::StackError;
use super::services::Recipe;
use crate::instances::{Child, Launch};
use crate::reaper::Reaper;

/// How long a service may take from its start to its first answer.
const START: Duration = Duration::from_secs(60);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);
/// How long to wait before the next question.
const PAUSE: Duration = Duration::from_millis(10);
/// How long a service that is asked to end may take.
const END: Duration = Duration::from_secs(20);

/// One process of a service, or of a plug-in.
pub struct Replica {
    name: String,
    launch: Launch,
    log: PathBuf,
    reaper: Reaper,
    /// Who asks whether it is ready: the administrator of its account.
    administrator: Client,
    ready: Ready,
    /// None after it was killed or stopped on purpose.
    process: Option<Child>,
}

/// How one finds out whether it is ready.
enum Ready {
    /// A service is asked.
    Service(Subject),
    /// A plug-in says that it is there, on this subject.
    Plugin(String),
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What it is started with holds secrets.
        write!(f, "Replica({} {:?})", self.name, self.pid())
    }
}

impl Replica {
    /// The `number`th process of a service, from 1, not started yet.
    pub(super) fn new(recipe: &Recipe, service: Service, number: usize) -> Replica {
        let name = format!("{}-{number}", service.name());
        let log = recipe.logs.join(format!("{name}.log"));
        let launch = recipe.launch(service, number, &name, &log);
        let ready = Ready::Service(Subject::Rpc { service, verb: READY.to_owned(), agent: recipe.asker.clone() });
        Replica::with(recipe, &recipe.administrators.services, name, launch, log, ready)
    }

    /// The process of a plug-in, not started yet.
    pub(super) fn of_plugin(recipe: &Recipe, plugin: &Name, launch: Launch, log: PathBuf) -> Replica {
        let ready = Ready::Plugin(subject::presence_of(plugin));
        Replica::with(recipe, &recipe.administrators.plugins, plugin.to_string(), launch, log, ready)
    }

    fn with(
        recipe: &Recipe,
        administrator: &Client,
        name: String,
        launch: Launch,
        log: PathBuf,
        ready: Ready,
    ) -> Replica {
        let (reaper, administrator) = (recipe.machine.reaper.clone(), administrator.clone());
        Replica { name, launch, log, reaper, administrator, ready, process: None }
    }

    /// Its name: `replay-1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::pid)
    }

    /// Its log file.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes it: its connections stay open, and nothing answers.
    pub fn freeze(&mut self) {
        if let Some(process) = &mut self.process {
            process.freeze();
        }
    }

    /// Lets it go on.
    pub fn thaw(&mut self) {
        if let Some(process) = &mut self.process {
            process.thaw();
        }
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// [`StackError::Ended`] when it did not end cleanly.
    pub async fn stop(&mut self) -> Result<(), StackError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let status = process.terminate(END).await;
        if status.success() { Ok(()) } else { Err(self.ended(&process, status)) }
    }

    /// Starts it, if it does not run, and waits until it answers.
    ///
    /// # Errors
    /// [`StackError::Ended`] or [`StackError::NotReady`], with its last words.
    pub async fn start(&mut self) -> Result<(), StackError> {
        self.spawn()?;
        self.until_ready().await
    }

    /// Stops it, if it runs, and starts it again.
    ///
    /// # Errors
    /// As [`Replica::stop`] and [`Replica::start`].
    pub async fn restart(&mut self) -> Result<(), StackError> {
        self.stop().await?;
        self.start().await
    }

    /// Starts it, if it does not run.
    pub(super) fn spawn(&mut self) -> Result<(), StackError> {
        if self.process.is_none() {
            self.process = Some(self.launch.clone().spawn(&self.reaper)?);
        }
        Ok(())
    }

    /// Waits until the service answers, this process or another of the same service.
    pub(super) async fn until_ready(&mut self) -> Result<(), StackError> {
        let deadline = Instant::now() + START;
        loop {
            self.check()?;
            let Err(problem) = self.is_ready().await else { return Ok(()) };
            if Instant::now() > deadline {
                let tail = self.process.as_ref().map(Child::log_tail).unwrap_or_default();
                return Err(StackError::NotReady { name: self.name.clone(), seconds: START.as_secs(), problem, tail });
            }
            sleep(PAUSE).await;
        }
    }

    /// An error if it has ended and nobody asked it to.
    pub(super) fn check(&mut self) -> Result<(), StackError> {
        let Some(status) = self.process.as_mut().and_then(Child::try_wait) else { return Ok(()) };
        match &self.process {
            Some(process) => Err(self.ended(process, status)),
            None => Ok(()),
        }
    }

    async fn is_ready(&self) -> Result<(), String> {
        match &self.ready {
            Ready::Service(question) => {
                let answer = ask(&self.administrator, question, Bytes::new(), ANSWER).await;
                answer.map(drop).map_err(|error| error.to_string())
            }
            Ready::Plugin(presence) => {
                let request = self.administrator.request(presence.clone(), Bytes::new());
                let answer =
                    deadline(ANSWER, "a sign of the plug-in", request).await.map_err(|late| late.to_string())?;
                answer.map(drop).map_err(|error| error.to_string())
            }
        }
    }

    fn ended(&self, process: &Child, status: std::process::ExitStatus) -> StackError {
        StackError::Ended { name: self.name.clone(), status, tail: process.log_tail() }
    }
}
