//! The user's local data groups: finding what is meant, asking the server, and telling what came of it.
//!
//! Groups live on the server; the device keeps none. So every command first asks which there are.

mod choose;
mod place;
mod shown;

use serde::Serialize;
use sojourn_runtime::clock;
use sojourn_wire::message::filters::{
    FiltersAction, FiltersOutcome, FiltersPreview, FiltersRequest, GroupDefinition, GroupShown,
};

use crate::commands::Travelled;
use crate::error::AgentError;
use crate::link::Link;

pub use choose::{ChooseError, Named, Wish, plan};
pub use place::pointed_at;

/// Every group that concerns the user.
#[derive(Debug, Serialize)]
pub struct Groups {
    /// By entity, in load order.
    pub groups: Vec<GroupShown>,
    /// Entities of which the user may not define any.
    pub fixed: Vec<String>,
}

/// What a change of a group came to, or would.
#[derive(Debug, Serialize)]
pub struct GroupChanged {
    /// The group: as it is now, as it would be, or as it was before its removal.
    pub group: GroupDefinition,
    /// It is removed, or would be.
    pub removal: bool,
    /// It is stored on the server; not when it was only a preview.
    pub stored: bool,
    /// What moves.
    pub preview: FiltersPreview,
    /// Operations on the entity that are not settled.
    pub unsent: u64,
    /// The device was never loaded: there is nothing here that could go.
    pub empty: bool,
    /// The sync that followed; none when none was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Travelled>,
}

/// Asks for the groups.
///
/// # Errors
/// [`AgentError::Refused`] in the server's words; [`AgentError::Link`] when it does not answer.
pub async fn list(link: &Link) -> Result<Groups, AgentError> {
    match ask(link, FiltersAction::List).await? {
        FiltersOutcome::Listed { groups, fixed } => Ok(Groups { groups, fixed }),
        FiltersOutcome::Refused { reason, .. } => Err(AgentError::Refused(reason)),
        FiltersOutcome::Changed { .. } | FiltersOutcome::Unknown => Err(AgentError::TooNew),
    }
}

/// Stores or removes the group, or only asks what that would move. Answers what moves, and whether it is stored.
///
/// # Errors
/// [`AgentError::Filter`] when the server does not take the filter and says where; else as [`list`].
pub async fn change(
    link: &Link,
    group: &GroupDefinition,
    removal: bool,
    preview: bool,
) -> Result<(FiltersPreview, bool), AgentError> {
    let action = match removal {
        true => FiltersAction::Remove { id: group.id, preview },
        false => FiltersAction::Define { group: group.clone(), preview },
    };
    match ask(link, action).await? {
        FiltersOutcome::Changed { preview, stored } => Ok((preview, stored)),
        FiltersOutcome::Refused { reason, place: Some(place) } if !removal => {
            Err(AgentError::Filter { reason, filter: group.filter.clone(), place })
        }
        FiltersOutcome::Refused { reason, .. } => Err(AgentError::Refused(reason)),
        FiltersOutcome::Listed { .. } | FiltersOutcome::Unknown => Err(AgentError::TooNew),
    }
}

async fn ask(link: &Link, action: FiltersAction) -> Result<FiltersOutcome, AgentError> {
    let request = FiltersRequest { request: clock::fresh_id(), action };
    Ok(link.filters(&request).await?.outcome)
}
