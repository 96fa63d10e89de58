//! The demo's user settles what was refused, with the agent's own commands.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::edits::Edits;
use super::summary::list;
use crate::agent::Agent;
use crate::commands::CommandError;

/// What settling came to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Settling {
    /// Entries that the user settled.
    entries: u64,
    /// Operations that were played back then.
    operations: u64,
    /// How many of each verdict.
    verdicts: BTreeMap<String, u64>,
    /// Operations that are refused or parked still.
    pub(super) left: u64,
    /// Of each operation that was refused at first, in order of capture: the command that settled it, if one did.
    #[serde(skip)]
    pub(super) commands: Vec<&'static str>,
    /// What was played back then, in order, with the verdicts: what was settled and what had waited for it.
    #[serde(skip)]
    pub(super) outcomes: Vec<String>,
}

/// Settles everything, and goes online again.
pub(super) async fn settle(agent: &Agent, edits: &Edits) -> Result<Settling, CommandError> {
    let errors = agent.ask(&["errors"]).await?;
    let numbers: Vec<String> = list(&errors.json["errors"]).iter().map(|entry| entry["number"].to_string()).collect();
    let mut settling = Settling { commands: vec![""; numbers.len()], ..Settling::default() };
    for (operation, words) in edits.settlements() {
        let (Some(number), [settlement, options @ ..]) = (numbers.get(operation), words) else { continue };
        agent.ask(&[&["errors", settlement, number], options].concat()).await?;
        settling.entries += 1;
        settling.commands[operation] = settlement;
    }
    settling.played_back(&agent.ask(&["go-online"]).await?.json);
    Ok(settling)
}

impl Settling {
    fn played_back(&mut self, online: &Value) {
        let (queue, errors) = (&online["queue"], &online["errors"]);
        self.operations = queue["operations"].as_u64().unwrap_or_default();
        let verdicts = queue["verdicts"].as_object().into_iter().flatten();
        self.verdicts = verdicts.map(|(kind, count)| (kind.clone(), count.as_u64().unwrap_or_default())).collect();
        self.left = ["refused", "parked"].iter().filter_map(|kind| errors[kind].as_u64()).sum();
        let mut again: Vec<&Value> = list(&queue["applied"]).iter().chain(list(&queue["refused"])).collect();
        again.sort_by_key(|verdict| verdict["sequence"].as_u64());
        let text = |verdict: &Value, name: &str| verdict[name].as_str().unwrap_or_default().to_owned();
        let words = |verdict: &&Value| {
            format!("{} {}: {}", text(verdict, "command"), text(verdict, "entity"), text(verdict, "verdict"))
        };
        self.outcomes = again.iter().map(words).collect();
    }
}

impl fmt::Display for Settling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdicts: Vec<String> = self.verdicts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let Self { entries, operations, left, .. } = self;
        write!(f, "{entries} entries, then {operations} operations: {}; {left} refused still", verdicts.join(", "))
    }
}
