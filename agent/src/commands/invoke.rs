//! Named commands: carried out at once where the server is there, or enqueued.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use sojourn_wire::message::operation::Command;
use uuid::Uuid;

use super::answer::Answer;
use super::errors::home_option;
use super::travel::connect;
use crate::error::AgentError;
use crate::home::database_of;
use crate::playback::{PlayedBack, Settled, play_back};
use crate::progress::Progress;
use crate::store::{Sending, Store};

/// A named command of a row.
#[derive(Debug, Clone, Serialize)]
pub struct Invocation {
    /// The row's entity.
    pub entity: String,
    /// The row.
    pub object_id: Uuid,
    /// The command.
    pub name: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, Value>,
}

/// What came of a named command.
#[derive(Debug, Serialize)]
pub struct Invoked {
    /// What was asked for.
    #[serde(flatten)]
    pub invocation: Invocation,
    /// Its entry in the queue.
    pub number: u64,
    /// Its verdict; none when it was only enqueued.
    pub verdict: Option<Settled>,
    /// What was played back before it.
    pub queue: PlayedBack,
    /// What commands must be told of the device's folder.
    #[serde(skip)]
    pub home: String,
}

/// Enqueues a command for the next playback.
///
/// # Errors
/// The store's words when there is no such command, or it needs the server.
pub fn invoke_later(folder: &Path, invocation: Invocation) -> Result<Answer, AgentError> {
    let mut store = Store::open(&database_of(folder))?;
    let Invocation { entity, object_id, name, parameters } = &invocation;
    let number = store.enqueue_command(entity, *object_id, name, parameters, Sending::Later)?;
    let home = home_option(folder);
    Ok(Answer::Invoked(Invoked { invocation, number, verdict: None, queue: PlayedBack::default(), home }))
}

/// Plays the queue back, and then the command.
///
/// # Errors
/// [`AgentError::NotEnqueued`] when the server is not there or the command cannot be, [`AgentError::Enqueued`] when it was
/// lost on the way: the next playback sends it.
pub async fn invoke(
    folder: &Path,
    patience: Duration,
    mut progress: Progress,
    invocation: Invocation,
) -> Result<Answer, AgentError> {
    let not_enqueued = |error| AgentError::NotEnqueued(Box::new(error));
    let Invocation { entity, object_id, name, parameters } = invocation.clone();
    Store::open(&database_of(folder))?.check_command(&entity, &name, Sending::AtOnce)?;
    let (_home, store, link) = connect(folder, patience, &mut progress).await.map_err(not_enqueued)?;
    let queue = play_back(&store, &link, patience, &mut progress).await.map_err(not_enqueued)?;
    let enqueue =
        move |store: &mut Store| store.enqueue_command(&entity, object_id, &name, &parameters, Sending::AtOnce);
    let number = store.run("enqueueing a command", enqueue).await.map_err(not_enqueued)?;
    let played = play_back(&store, &link, patience, &mut progress).await;
    let played = played.map_err(|error| AgentError::Enqueued { number, error: Box::new(error) })?;
    let verdict = own(&played, object_id);
    let home = home_option(folder);
    Ok(Answer::Invoked(Invoked { invocation, number, verdict, queue, home }))
}

/// The verdict of the last command of this row.
fn own(played: &PlayedBack, object_id: Uuid) -> Option<Settled> {
    let all = played.applied.iter().chain(&played.refused);
    let own = all.filter(|settled| settled.command == Command::Invoke && settled.object_id == object_id);
    own.max_by_key(|settled| settled.verdict.sequence).cloned()
}

impl Invoked {
    /// Whether something was refused, the command or what went before it.
    #[must_use]
    pub fn refused(&self) -> bool {
        !self.queue.refused.is_empty() || self.verdict.as_ref().is_some_and(|settled| !settled.is_done())
    }
}

impl fmt::Display for Invoked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Invocation { entity, name, .. } = &self.invocation;
        let (number, home) = (self.number, &self.home);
        let refused = self.queue.refused.len();
        if refused > 0 {
            writeln!(f, "{refused} operations before it were refused: see `sojourn-agent errors{home}`")?;
        }
        match &self.verdict {
            None => write!(
                f,
                "{entity} {name} waits as entry {number}.\nNext: sojourn-agent sync{home}, or go-online, sends it."
            ),
            Some(settled) if settled.is_done() => {
                write!(f, "{entity} {name} is done.\nNext: sojourn-agent sync{home} brings what it changed.")
            }
            Some(settled) => {
                let verdict = &settled.verdict;
                let reason = verdict.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
                writeln!(f, "{entity} {name} is {}{reason}", verdict.verdict.word())?;
                write!(f, "Next: sojourn-agent errors show {number}{home}")
            }
        }
    }
}
