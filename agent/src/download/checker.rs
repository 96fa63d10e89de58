//! The thread that checks batch files, one after the other.
//!
//! It is one thread and no pool: what decoding takes, the allocator keeps at hand for each thread that has decoded, and a
//! decoded batch is the largest thing that the agent ever holds.

use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::tasks::{Checked, Done};
use crate::error::AgentError;
use crate::store::{Fitting, StoreError};

const CHECKING: &str = "checking a batch";

/// The thread, until this is dropped.
pub(super) struct Checker {
    jobs: mpsc::Sender<Job>,
}

struct Job {
    batch: u32,
    file: Vec<u8>,
    answer: oneshot::Sender<Result<Done, StoreError>>,
}

impl Checker {
    /// Starts the thread. Of a later session, files are proven for the spool; of the first, decoded for the tables.
    pub(super) fn start(fitting: Fitting, later: bool) -> Result<Self, AgentError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let work = move || {
            while let Ok(Job { batch, file, answer }) = inbox.recv() {
                // Nobody listens any more when the run was given up.
                let _ = answer.send(check(&fitting, batch, file, later));
            }
        };
        let started = std::thread::Builder::new().name("check".to_owned()).spawn(work);
        started.map(|_| Self { jobs }).map_err(|_| AgentError::Stopped("starting a thread"))
    }

    /// Checks a batch's file.
    pub(super) fn check(
        &self,
        batch: u32,
        file: Vec<u8>,
    ) -> impl Future<Output = Result<Done, AgentError>> + Send + 'static {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs.send(Job { batch, file, answer });
        async move {
            sent.map_err(|_| AgentError::Stopped(CHECKING))?;
            Ok(answered.await.map_err(|_| AgentError::Stopped(CHECKING))??)
        }
    }
}

fn check(fitting: &Fitting, batch: u32, file: Vec<u8>, later: bool) -> Result<Done, StoreError> {
    let began = Instant::now();
    let checked = match later {
        true => Checked::Proven(fitting.prove(file)?),
        false => Checked::Decoded(fitting.open(&file)?),
    };
    Ok(Done::Checked { batch, checked, took: began.elapsed() })
}
