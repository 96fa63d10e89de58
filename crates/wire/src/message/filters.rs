//! Local data groups of one subscription: what they are, what a change would move, and changing them.
//!
//! Every request may be sent twice: a group has an id that its author makes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Message;

/// A local data group that the user defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupDefinition {
    /// Its id.
    pub id: Uuid,
    /// The entity it filters.
    pub entity: String,
    /// Its name, unique among the user's groups of the entity.
    pub name: String,
    /// The filter, in the language of filters.
    pub filter: String,
}

/// What the user wants to know or to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FiltersAction {
    /// Every group in force for this user.
    List,
    /// Stores a group: a new one, or another definition of one of the user's.
    Define {
        /// The group.
        group: GroupDefinition,
        /// Only says what it would move, and stores nothing.
        preview: bool,
    },
    /// Removes one of the user's groups.
    Remove {
        /// The group.
        id: Uuid,
        /// Only says what it would move, and removes nothing.
        preview: bool,
    },
}

/// A question about, or a change of, local data groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersRequest {
    /// Names the answer.
    pub request: Uuid,
    /// What is wanted.
    pub action: FiltersAction,
}

impl Message for FiltersRequest {
    const NAME: &'static str = "filters-request";
    const VERSION: u16 = 1;
}

/// Who defined a group, and how far it binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// An administrator; it holds whatever the user defines.
    Enforced,
    /// An administrator; it holds until the user defines a group of the entity.
    Default,
    /// The user.
    Own,
    /// A kind of a newer service.
    #[serde(other)]
    Unknown,
}

/// One group as it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupShown {
    /// Its id; none where `sojourn.yaml` defines it.
    pub id: Option<Uuid>,
    /// The entity it filters.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// The filter.
    pub filter: String,
    /// Who defined it.
    pub kind: GroupKind,
    /// Whom it is for, in words.
    pub audience: String,
    /// It decides now. A default does not while the user has defined a group of the entity.
    pub in_force: bool,
}

/// What a change of groups would move, of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersPreview {
    /// The entity.
    pub entity: String,
    /// Rows that would come to the device.
    pub rows_come: u64,
    /// About how many bytes they have.
    pub bytes_come: u64,
    /// Rows that would leave the device.
    pub rows_go: u64,
    /// About how many bytes they have.
    pub bytes_go: u64,
    /// Rows of the entity that the device would hold.
    pub rows_then: u64,
    /// What finding them costs, where that is remarkable: words for the user.
    pub cost: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FiltersOutcome {
    /// The groups.
    Listed {
        /// Every one, by entity in load order.
        groups: Vec<GroupShown>,
        /// Entities of which the user may not define any.
        fixed: Vec<String>,
    },
    /// What would move, or will with the next synchronisation.
    Changed {
        /// What moves.
        preview: FiltersPreview,
        /// It is stored.
        stored: bool,
    },
    /// It cannot be, whatever is tried again: the words are for the user.
    Refused {
        /// Why, and what to do.
        reason: String,
        /// Where in the filter, in characters from 0: the first, and the one after the last.
        place: Option<(u32, u32)>,
    },
    /// An outcome of a newer service.
    #[serde(other)]
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersResult {
    /// The request it answers.
    pub request: Uuid,
    /// What came of it.
    pub outcome: FiltersOutcome,
}

impl Message for FiltersResult {
    const NAME: &'static str = "filters-result";
    const VERSION: u16 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::golden;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn golden_files() {
        let (entity, name, filter) = ("contact".to_owned(), "mine".to_owned(), "city = 'Oslo'".to_owned());
        let group = GroupDefinition { id: id(2), entity: entity.clone(), name: name.clone(), filter: filter.clone() };
        let ask = |case, action| golden::check(case, &FiltersRequest { request: id(1), action });
        ask("list", FiltersAction::List);
        ask("define", FiltersAction::Define { group, preview: true });
        ask("remove", FiltersAction::Remove { id: id(2), preview: false });
        let (kind, audience) = (GroupKind::Own, "this device".to_owned());
        let shown =
            GroupShown { id: Some(id(2)), entity: entity.clone(), name, filter, kind, audience, in_force: true };
        let preview = FiltersPreview {
            entity,
            rows_come: 12,
            bytes_come: 1200,
            rows_go: 30,
            bytes_go: 3000,
            rows_then: 100,
            cost: None,
        };
        let answer = |case, outcome| golden::check(case, &FiltersResult { request: id(1), outcome });
        answer("listed", FiltersOutcome::Listed { groups: vec![shown], fixed: vec!["account".to_owned()] });
        answer("changed", FiltersOutcome::Changed { preview, stored: false });
        let reason = "contact has no attribute \"town\"".to_owned();
        answer("refused", FiltersOutcome::Refused { reason, place: Some((0, 4)) });
    }
}
