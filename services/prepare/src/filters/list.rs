//! The local data groups that concern a user, as they are shown. Pure.

use sojourn_platform::entities::Published;
use sojourn_wire::message::filters::{FiltersOutcome, GroupKind, GroupShown};

use crate::groups::{self, Author, Group, Member};
use crate::local_data_groups::LocalDataGroups;

/// Every group that concerns the user, by entity in load order.
pub(super) fn listed(metadata: &Published, groups_of_user: &LocalDataGroups) -> FiltersOutcome {
    let mut groups = Vec::new();
    for table in &metadata.entities {
        let member = groups_of_user.member(table.object_type_code);
        let (all, one) = groups::in_force(&groups_of_user.groups, table.object_type_code, &member);
        let in_force: Vec<&Group> = all.into_iter().chain(one).collect();
        let of_entity = groups_of_user.groups.iter().filter(|group| group.object_type_code == table.object_type_code);
        let concerned = of_entity.filter(|group| in_force.contains(group) || is_shown(group, &member));
        groups.extend(concerned.map(|group| group_shown(&table.entity, group, in_force.contains(&group))));
    }
    let fixed = metadata.entities.iter().filter(|table| !groups_of_user.may_define(table.object_type_code));
    FiltersOutcome::Listed { groups, fixed: fixed.map(|table| table.entity.clone()).collect() }
}

/// A group that is not in force is shown all the same if it is the user's, or a default that would be.
fn is_shown(group: &Group, member: &Member) -> bool {
    group.author == Author::User || groups::concerns(group, member)
}

fn group_shown(entity: &str, group: &Group, in_force: bool) -> GroupShown {
    let (kind, audience) = match &group.author {
        Author::User => (GroupKind::Own, "this device".to_owned()),
        Author::Administrator { audience, enforced: true } => (GroupKind::Enforced, audience.to_string()),
        Author::Administrator { audience, enforced: false } => (GroupKind::Default, audience.to_string()),
    };
    let (name, filter) = (group.name.clone(), group.filter.clone());
    GroupShown { id: group.id, entity: entity.to_owned(), name, filter, kind, audience, in_force }
}
