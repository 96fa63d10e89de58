//! What is known of a row and a device: ids and decisions, never a value of the row. Pure.

use serde::Serialize;
use uuid::Uuid;

use crate::filters::kind::Kind;

/// Everything that decides whether a row is on a device, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The subscription.
    pub subscription: String,
    /// Its user.
    pub user_id: Uuid,
    /// The entity.
    pub entity: String,
    /// Its table.
    pub table: String,
    /// The row.
    pub object_id: Uuid,
    /// The answer, in one sentence.
    pub conclusion: String,
    /// The row's version on the server; none when there is no such row.
    pub version: Option<i64>,
    /// Whether the user sees it; none when there is no such row.
    pub visible: Option<Decided>,
    /// The policies that apply, each by itself; none while row-level security is off.
    pub policies: Option<Vec<PolicyDecided>>,
    /// The filter in force; none when there is no such row, or the user has no filters.
    pub filter: Option<FilterDecided>,
    /// The local data groups of the entity that concern the user or might.
    pub groups: Vec<GroupDecided>,
    /// What the server keeps of the row for this device.
    pub entry: Option<EntryFound>,
    /// Whether the next prepare looks at it.
    pub next: Next,
    /// Whether the subscription may synchronise.
    pub standing: Standing,
}

/// Whether something lets the row through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It cannot be known: the reason.
    Failed(String),
}

/// A policy, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyDecided {
    /// Its name.
    pub name: String,
    /// It lets rows through; a restrictive one stops those it does not let through.
    pub permissive: bool,
    /// Whether it lets the row through; none when there is no such row.
    pub lets_through: Option<Decided>,
}

/// The filter in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FilterDecided {
    /// It, in its canonical form.
    pub filter: String,
    /// Whether it lets the row through.
    pub lets_through: Decided,
}

/// A local data group, by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupDecided {
    /// Its id; none where sojourn.yaml defines it.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: String,
    /// Enforced, a default, or the user's own.
    pub kind: Kind,
    /// Its filter, as written.
    pub filter: String,
    /// Why it is not in force; none when it is.
    pub not_in_force: Option<&'static str>,
    /// Whether it lets the row through; none when there is no such row.
    pub lets_through: Option<Decided>,
}

/// A sync entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EntryFound {
    /// Its state.
    pub state: EntryState,
    /// The version that was prepared.
    pub version: i64,
}

/// The state of a sync entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryState {
    /// The device has this version.
    Synchronised,
    /// It waits to be moved.
    ToMove,
    /// It waits to be deleted.
    ToDelete,
}

/// Whether the next prepare looks at the row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// It evaluates everything: the reason.
    Everything(String),
    /// A change since the watermark concerns the row.
    Candidate,
    /// None does.
    NotLookedAt,
    /// It is refused: the reason.
    Refused(String),
}

/// Whether the subscription may synchronise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its status.
    pub status: String,
    /// The device that synchronises it.
    pub primary: Option<String>,
    /// Its user may go offline.
    pub go_offline: bool,
    /// It was prepared before.
    pub prepared: bool,
}

impl Explained {
    /// Whether something could not be found out.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let failed = |decided: &Decided| matches!(decided, Decided::Failed(_));
        let policies = self.policies.iter().flatten().filter_map(|policy| policy.lets_through.as_ref());
        let in_force = self.groups.iter().filter(|group| group.not_in_force.is_none());
        let groups = in_force.filter_map(|group| group.lets_through.as_ref());
        let filter = self.filter.iter().map(|filter| &filter.lets_through);
        self.visible.iter().chain(policies).chain(groups).chain(filter).any(failed)
    }
}

impl From<Result<bool, String>> for Decided {
    fn from(decision: Result<bool, String>) -> Self {
        match decision {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(words) => Self::Failed(words),
        }
    }
}

impl EntryState {
    /// The state of this number.
    #[must_use]
    pub fn of(sync_state: i16) -> Self {
        match sync_state {
            0 => Self::Synchronised,
            1 => Self::ToMove,
            _ => Self::ToDelete,
        }
    }
}
