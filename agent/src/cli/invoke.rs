//! `sojourn-agent invoke`: its arguments, and its help.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use uuid::Uuid;

use crate::commands::{self, Answer, Invocation};
use crate::error::AgentError;
use crate::progress::Progress;

pub(super) const INVOKE: &str = "\
Examples:
  sojourn-agent invoke opportunity 3f0c… close_as_won
  sojourn-agent invoke opportunity 3f0c… convert_to_invoice --set due_in_days=30
  sojourn-agent invoke opportunity 3f0c… close_as_won --offline

The queue is played back first, then the command. When the server cannot be reached, nothing is enqueued. Programs enqueue
commands offline by themselves: INSERT INTO sojourn_command (entity, object_id, name, parameters) VALUES (…).";

/// A named command of a row.
#[derive(Debug, Args)]
pub(super) struct InvokeArgs {
    /// The row's entity
    entity: String,
    /// The row
    id: Uuid,
    /// The command
    name: String,
    /// A parameter and its value: a single JSON value, or else text
    #[arg(long, value_name = "PARAMETER=VALUE", value_parser = commands::assignment)]
    set: Vec<(String, Value)>,
    /// Only enqueue it, for the next playback
    #[arg(long)]
    offline: bool,
}

pub(super) async fn perform(
    args: InvokeArgs,
    home: &Path,
    patience: Duration,
    progress: Progress,
) -> Result<Answer, AgentError> {
    let InvokeArgs { entity, id, name, set, offline } = args;
    let parameters = commands::values(set, Vec::new())?;
    let invocation = Invocation { entity, object_id: id, name, parameters };
    match offline {
        true => commands::invoke_later(home, invocation),
        false => commands::invoke(home, patience, progress, invocation).await,
    }
}
