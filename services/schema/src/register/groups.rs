//! The local data groups that the file defines.

use sojourn_metadata::config::{EntityConfig, GroupConfig};
use sojourn_metadata::rules::{Audience, GroupRule};
use sojourn_metadata::{Config as SojournYaml, Metadata};
use sojourn_platform::filter::Filter;

use super::problem::Problem;

/// The local data groups of an entity.
pub(super) fn of(entity: &EntityConfig) -> Vec<GroupRule> {
    entity.local_data_groups.iter().map(rule).collect()
}

fn rule(group: &GroupConfig) -> GroupRule {
    let audience = match (&group.role, group.user) {
        (Some(role), _) => Audience::Role(role.clone()),
        (None, Some(user)) => Audience::User(user),
        (None, None) => Audience::Everyone,
    };
    GroupRule { name: group.name.clone(), filter: group.filter.clone(), audience, enforced: group.enforced }
}

/// Filters that cannot be read, or that are about something else than the entity.
pub(super) fn problems(wanted: &SojournYaml, metadata: &Metadata) -> Vec<Problem> {
    let groups =
        wanted.entities.iter().flat_map(|entity| entity.local_data_groups.iter().map(move |group| (entity, group)));
    let problems = groups.filter_map(|(entity, group)| {
        let error = Filter::parse(&group.filter, &entity.name, metadata).err()?;
        Some(Problem::Filter { entity: entity.name.clone(), group: group.name.clone(), problem: error.to_string() })
    });
    problems.collect()
}
