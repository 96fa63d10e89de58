//! The documents' three choices for a device that goes online and of which operations were refused.

use clap::ValueEnum;
use dialoguer::Select;
use serde::Serialize;

use super::errors::{ErrorCounts, ErrorsProblem};
use crate::error::AgentError;

/// What is done when operations are refused on the way online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnErrors {
    /// Ask on a terminal; elsewhere as `finish`
    Ask,
    /// Stay offline, to settle them first; what changed on the server is loaded all the same
    Stay,
    /// Send everything that was refused once more, then as `finish`
    Retry,
    /// Go online without these changes; they stay in the error centre
    Finish,
}

/// The choices, as they are asked.
const CHOICES: [(OnErrors, &str); 3] = [
    (OnErrors::Stay, "stay offline and fix them"),
    (OnErrors::Retry, "reattempt"),
    (OnErrors::Finish, "finish going online without these changes"),
];

impl OnErrors {
    /// The same where nobody can be asked.
    #[must_use]
    pub fn unasked(self) -> Self {
        if self == Self::Ask { Self::Finish } else { self }
    }

    /// What is done about so many errors; asks the user where that is wanted. Who gives no answer stays offline.
    ///
    /// # Errors
    /// [`ErrorsProblem::Unasked`].
    pub async fn decide(self, counts: ErrorCounts) -> Result<Self, AgentError> {
        if self != Self::Ask {
            return Ok(self);
        }
        let asked = tokio::task::spawn_blocking(move || ask(counts)).await;
        Ok(asked.map_err(|_| AgentError::Stopped("asking"))??)
    }
}

fn ask(counts: ErrorCounts) -> Result<OnErrors, ErrorsProblem> {
    let question = format!("{counts}. What shall be done?");
    let words = CHOICES.iter().map(|(_, words)| words);
    let chosen = Select::new().with_prompt(question).items(words).default(0).interact_opt()?;
    Ok(chosen.and_then(|index| CHOICES.get(index)).map_or(OnErrors::Stay, |(choice, _)| *choice))
}
