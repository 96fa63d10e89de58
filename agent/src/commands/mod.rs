//! What the agent can be asked. Each command opens what it needs, does it, and answers with one value.

mod answer;
mod dry_run;
mod errors;
mod filters;
mod history;
mod inspect;
mod invoke;
mod look;
mod looked;
mod on_errors;
mod settings;
mod token;
mod travel;
mod travelled;
mod verified;

use std::path::Path;

pub use answer::{Answer, Looked, QueueAnswer, Travelled};
pub(crate) use answer::{agreed, counted, plain_table};
pub use dry_run::{DryRun, dry_run};
pub use errors::{
    Changed, ErrorCounts, ErrorsProblem, Exported, Fitting, Like, Listed, Refused, Settled, assignment, discard_all,
    discarding_all, error, errors, export, retry_all, settle, values,
};
pub use filters::{Extent, filters_change, filters_list};
pub use history::{EntityShown, History, Outcome, Planned, SessionShown, Sums, history};
pub use inspect::{AttributeShown, HeaderShown, Inspected, RowsShown, View, inspect};
pub use invoke::{Invocation, Invoked, invoke, invoke_later};
pub use look::{queue, status};
pub use on_errors::OnErrors;
pub use settings::{Bounds, Change, Setting, SettingError, SettingShown, Settings, settings};
pub use token::{TokenIssued, token};
pub use travel::{Verification, go_offline, go_online, sync, verify};

use crate::error::AgentError;
use crate::home::Home;

/// Makes a folder a device.
///
/// # Errors
/// [`AgentError::Home`] when the folder has one already, or the credentials are none; nothing is changed then.
pub fn init(folder: &Path, credentials: &Path) -> Result<Answer, AgentError> {
    let (home, credentials) = Home::init(folder, credentials)?;
    Ok(Answer::Initialised {
        database: home.database(),
        agent: credentials.agent,
        subscription: credentials.subscription,
        user_id: credentials.user_id,
        server: credentials.nats_url,
    })
}
