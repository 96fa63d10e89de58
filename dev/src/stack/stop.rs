//! Ending a stack, and finding out whether all was well.

use std::time::Duration;

use super::{Replica, Stack, StackError, leftovers};
use crate::instances::{Child, Postgres};

/// How long what is still on its way may take to settle.
const SETTLE: Duration = Duration::from_secs(15);

impl Stack {
    /// Waits until what is on its way has settled, and ends everything in order.
    ///
    /// # Errors
    /// [`StackError::Unclean`] lists processes that had died by themselves or did not end cleanly, dead letters, and
    /// messages that nobody settled. Everything is ended nevertheless.
    pub async fn stop(mut self) -> Result<(), StackError> {
        let mut problems = self.deaths();
        if problems.is_empty() {
            problems.extend(self.leftovers().await);
        }
        problems.extend(self.end_all().await);
        if problems.is_empty() { Ok(()) } else { Err(StackError::Unclean(problems)) }
    }

    /// Ends everything in order, whatever state it is in: for whoever broke it on purpose.
    pub async fn end(mut self) {
        // Whoever asks for this does not want to know.
        let _ = self.end_all().await;
    }

    /// Whether every process that should be running is.
    ///
    /// # Errors
    /// The first one that has died, with its last words.
    pub fn check(&mut self) -> Result<(), StackError> {
        self.processes().try_for_each(Replica::check)
    }

    /// The processes of services and plug-ins.
    fn processes(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.replicas.iter_mut().map(|(_, replica)| replica).chain(&mut self.plugins)
    }

    fn deaths(&mut self) -> Vec<String> {
        let died = self.processes().filter_map(|process| process.check().err());
        let mut died: Vec<String> = died.map(|error| error.to_string()).collect();
        if let Some(status) = self.nats.process().and_then(Child::try_wait) {
            died.push(format!("nats-server ended with {status}"));
        }
        if let Some(status) = self.postgres.as_mut().and_then(Postgres::try_wait) {
            died.push(format!("postgres ended with {status}"));
        }
        died
    }

    async fn leftovers(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match leftovers::streams_settled(self.administrator(), SETTLE).await {
            Ok(left) => {
                let left = left.iter().map(|(stream, count)| format!("{count} messages are left in {stream}"));
                problems.extend(left);
            }
            Err(error) => problems.push(error.to_string()),
        }
        match self.dead_letters().await {
            Ok(letters) => {
                let told = letters.iter().map(|letter| {
                    format!("a dead letter of {}, from {}: {}", letter.service.name(), letter.subject, letter.reason)
                });
                problems.extend(told);
            }
            Err(error) => problems.push(error.to_string()),
        }
        problems
    }

    async fn end_all(&mut self) -> Vec<String> {
        let endings = self.processes().map(Replica::stop);
        let ended = futures_util::future::join_all(endings).await;
        self.nats.stop().await;
        self.admin.close().await;
        if let Some(postgres) = &mut self.postgres {
            postgres.stop().await;
        }
        ended.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect()
    }
}
