//! The documents' three choices for a device that goes online and of which operations were refused.

use std::io::Write as _;

use clap::ValueEnum;
use dialoguer::Select;
use serde::Serialize;

use super::errors::{ErrorsProblem, Listed};
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
    (OnErrors::Stay, "stay: stay offline, to settle them first"),
    (OnErrors::Retry, "retry: send all of them once more, then go online"),
    (OnErrors::Finish, "finish: go online without these changes"),
];

impl OnErrors {
    /// The same where nobody can be asked.
    #[must_use]
    pub fn unasked(self) -> Self {
        if self == Self::Ask { Self::Finish } else { self }
    }

    /// What is done about these errors; shows them to the user and asks, where that is wanted. Who gives no answer stays
    /// offline.
    ///
    /// # Errors
    /// [`ErrorsProblem::Unasked`].
    pub async fn decide(self, listed: Listed) -> Result<Self, AgentError> {
        if self != Self::Ask {
            return Ok(self);
        }
        let asked = tokio::task::spawn_blocking(move || ask(&listed)).await;
        Ok(asked.map_err(|_| AgentError::Stopped("asking"))??)
    }
}

fn ask(listed: &Listed) -> Result<OnErrors, ErrorsProblem> {
    writeln!(std::io::stderr(), "{listed}\n").map_err(ErrorsProblem::Unasked)?;
    let words = CHOICES.iter().map(|(_, words)| words);
    let chosen = Select::new().with_prompt("What shall be done?").items(words).default(0).interact_opt()?;
    Ok(chosen.and_then(|index| CHOICES.get(index)).map_or(OnErrors::Stay, |(choice, _)| *choice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choices_are_called_as_the_option_calls_them() {
        for (choice, words) in CHOICES {
            let name = choice.to_possible_value().expect("no choice is hidden");
            assert!(words.starts_with(&format!("{}: ", name.get_name())), "{words}");
        }
    }
}
