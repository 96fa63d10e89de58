//! Changes of a user's local data groups, checked before they are made. Pure.

use sojourn_platform::entities::Published;
use sojourn_platform::filter::Filter;
use sojourn_wire::message::filters::{FiltersOutcome, GroupDefinition};
use uuid::Uuid;

use super::refused;
use crate::groups::{Author, Group};
use crate::local_data_groups::LocalDataGroups;

/// The longest name of a group, in characters.
const NAME_CHARACTERS: usize = 100;
/// The most groups that a user may define of one entity.
const MOST_GROUPS: usize = 20;

/// A change that may be made.
pub(super) struct Change {
    pub(super) object_type_code: i32,
    pub(super) after: Vec<Group>,
    pub(super) preview: bool,
    pub(super) action: Action,
}

pub(super) enum Action {
    Store(GroupDefinition, i32),
    Remove(Uuid),
}

/// The user wants to store a group.
pub(super) fn defined(
    metadata: &Published,
    groups_of_user: &LocalDataGroups,
    definition: GroupDefinition,
    preview: bool,
) -> Result<Change, Box<FiltersOutcome>> {
    let Some(table) = metadata.table(&definition.entity) else {
        let known: Vec<&str> = metadata.entities.iter().map(|table| table.entity.as_str()).collect();
        return Err(no(format!("there is no entity {:?}; there are {}", definition.entity, known.join(", "))));
    };
    let code = table.object_type_code;
    if !groups_of_user.may_define(code) {
        return Err(no(format!("your administrator does not let you define local data groups of {}", table.entity)));
    }
    let name = definition.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS || name.chars().any(char::is_control) {
        return Err(no(format!("a local data group needs a name of 1 to {NAME_CHARACTERS} printable characters")));
    }
    let others = || groups_of_user.own(code).filter(|group| group.id != Some(definition.id));
    if others().any(|group| group.name == name) {
        return Err(no(format!(
            "you have a local data group {name:?} of {} already: choose another name",
            table.entity
        )));
    }
    if others().count() >= MOST_GROUPS {
        return Err(no(format!("you have {MOST_GROUPS} local data groups of {} already: change one", table.entity)));
    }
    if let Err(error) = Filter::parse(&definition.filter, &table.entity, &metadata.metadata) {
        let place = error.place.clone().map(|place| (place.start, place.end));
        return Err(Box::new(FiltersOutcome::Refused { reason: error.to_string(), place }));
    }
    let mut after: Vec<Group> =
        groups_of_user.groups.iter().filter(|group| group.id != Some(definition.id)).cloned().collect();
    after.push(Group {
        id: Some(definition.id),
        object_type_code: code,
        name: name.to_owned(),
        filter: definition.filter.clone(),
        author: Author::User,
    });
    let definition = GroupDefinition { name: name.to_owned(), ..definition };
    Ok(Change { object_type_code: code, after, preview, action: Action::Store(definition, code) })
}

/// The user wants to remove a group.
pub(super) fn removed(
    groups_of_user: &LocalDataGroups,
    id: Uuid,
    preview: bool,
) -> Result<Change, Box<FiltersOutcome>> {
    let mut own = groups_of_user.groups.iter().filter(|group| group.author == Author::User);
    let Some(group) = own.find(|group| group.id == Some(id)) else {
        return Err(no("you have no such local data group: see `sojourn-agent filters list`"));
    };
    let after = groups_of_user.groups.iter().filter(|other| other.id != Some(id)).cloned().collect();
    Ok(Change { object_type_code: group.object_type_code, after, preview, action: Action::Remove(id) })
}

fn no(reason: impl ToString) -> Box<FiltersOutcome> {
    Box::new(refused(reason))
}
