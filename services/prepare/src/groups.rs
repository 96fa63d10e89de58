//! Which local data groups are in force for a user, and the filter that they make together. Pure.
//!
//! What an administrator enforces holds for whomever it is meant, all of it. Beside that a row must be in one of the
//! groups that the user defined for the entity; or, where the user defined none or may not, in one of the defaults. Of
//! defaults only the closest count: those for this user before those for a role, and those before the ones for everybody.
//! (In the documents: "Filtering Local Data".)

use std::collections::BTreeSet;

use sojourn_metadata::Metadata;
use sojourn_metadata::rules::Audience;
use sojourn_platform::filter::{Filter, FilterError};
use uuid::Uuid;

/// A local data group of one entity that concerns this user, or may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id; none where `sojourn.yaml` defines it.
    pub id: Option<Uuid>,
    /// The entity.
    pub object_type_code: i32,
    /// Its name.
    pub name: String,
    /// The filter.
    pub filter: String,
    /// Who defined it, and for whom.
    pub author: Author,
}

/// Who defined a group, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// An administrator.
    Administrator {
        /// Whom it is for.
        audience: Audience,
        /// It holds whatever the user defines.
        enforced: bool,
    },
    /// The user, for the own subscription.
    User,
}

/// Whose groups are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The user.
    pub user_id: Uuid,
    /// The roles that the user has, of those that groups name.
    pub roles: BTreeSet<String>,
    /// The user may define groups of this entity.
    pub may_define: bool,
}

/// A group whose filter does not fit the metadata (any more).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the local data group {name:?} of {entity} cannot be used: {error}")]
pub struct BadGroup {
    /// Its name.
    pub name: String,
    /// Its entity.
    pub entity: String,
    /// What is wrong with its filter.
    pub error: Box<FilterError>,
}

impl Group {
    /// How close a default is; greater is closer. None where the group is no default of this user.
    fn closeness(&self, member: &Member) -> Option<u8> {
        match &self.author {
            Author::Administrator { audience, enforced: false } => closeness(audience, member),
            _ => None,
        }
    }

    fn is_enforced_on(&self, member: &Member) -> bool {
        matches!(&self.author, Author::Administrator { audience, enforced: true } if closeness(audience, member).is_some())
    }
}

fn closeness(audience: &Audience, member: &Member) -> Option<u8> {
    match audience {
        Audience::Everyone => Some(1),
        Audience::Role(role) => member.roles.contains(role).then_some(2),
        Audience::User(user) => (*user == member.user_id).then_some(3),
    }
}

/// Whether a group is meant for this user.
#[must_use]
pub fn concerns(group: &Group, member: &Member) -> bool {
    match &group.author {
        Author::User => true,
        Author::Administrator { audience, .. } => closeness(audience, member).is_some(),
    }
}

/// The groups of one entity that decide for this user: those that all hold, and those of which one must hold.
#[must_use]
pub fn in_force<'a>(groups: &'a [Group], object_type_code: i32, member: &Member) -> (Vec<&'a Group>, Vec<&'a Group>) {
    let of_entity = || groups.iter().filter(|group| group.object_type_code == object_type_code);
    let enforced = of_entity().filter(|group| group.is_enforced_on(member)).collect();
    let own: Vec<&Group> = of_entity().filter(|group| member.may_define && group.author == Author::User).collect();
    if !own.is_empty() {
        return (enforced, own);
    }
    let closest = of_entity().filter_map(|group| group.closeness(member)).max();
    let defaults = of_entity().filter(|group| closest.is_some() && group.closeness(member) == closest).collect();
    (enforced, defaults)
}

/// The filter of one entity for this user.
///
/// # Errors
/// [`BadGroup`] when a group in force does not fit the metadata: leaving it out would widen or narrow what was meant.
pub fn filter(
    groups: &[Group],
    object_type_code: i32,
    entity: &str,
    member: &Member,
    metadata: &Metadata,
) -> Result<Filter, BadGroup> {
    let parse = |group: &&Group| {
        Filter::parse(&group.filter, entity, metadata).map_err(|error| BadGroup {
            name: group.name.clone(),
            entity: entity.to_owned(),
            error: Box::new(error),
        })
    };
    let (enforced, chosen) = in_force(groups, object_type_code, member);
    let mut all: Vec<Filter> = enforced.iter().map(parse).collect::<Result<_, _>>()?;
    if !chosen.is_empty() {
        all.push(Filter::any(chosen.iter().map(parse).collect::<Result<_, _>>()?));
    }
    Ok(if all.is_empty() { Filter::everything() } else { Filter::all(all) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, author: Author) -> Group {
        Group { id: None, object_type_code: 2, name: name.to_owned(), filter: "true".to_owned(), author }
    }

    fn by_administrator(name: &str, audience: Audience, enforced: bool) -> Group {
        group(name, Author::Administrator { audience, enforced })
    }

    fn member(may_define: bool) -> Member {
        Member { user_id: Uuid::from_u128(1), roles: BTreeSet::from(["seller".to_owned()]), may_define }
    }

    fn names(groups: &[Group], member: &Member) -> (Vec<String>, Vec<String>) {
        let (all, one) = in_force(groups, 2, member);
        let names = |groups: Vec<&Group>| groups.into_iter().map(|group| group.name.clone()).collect();
        (names(all), names(one))
    }

    #[test]
    fn the_closest_default_counts() {
        let role = |name: &str| Audience::Role(name.to_owned());
        let mut groups = vec![
            by_administrator("everyone", Audience::Everyone, false),
            by_administrator("buyers", role("buyer"), false),
        ];
        assert_eq!(names(&groups, &member(true)).1, ["everyone"]);
        groups.push(by_administrator("sellers", role("seller"), false));
        groups.push(by_administrator("sellers too", role("seller"), false));
        assert_eq!(names(&groups, &member(true)).1, ["sellers", "sellers too"]);
        groups.push(by_administrator("theirs", Audience::User(Uuid::from_u128(2)), false));
        groups.push(by_administrator("yours", Audience::User(Uuid::from_u128(1)), false));
        assert_eq!(names(&groups, &member(true)).1, ["yours"]);
    }

    #[test]
    fn what_is_enforced_holds_beside_what_the_user_defines() {
        let groups = vec![
            by_administrator("fence", Audience::Everyone, true),
            by_administrator("default", Audience::Everyone, false),
            group("own", Author::User),
        ];
        assert_eq!(names(&groups, &member(true)), (vec!["fence".to_owned()], vec!["own".to_owned()]));
    }

    #[test]
    fn who_may_not_define_gets_the_defaults() {
        let groups = vec![group("own", Author::User), by_administrator("default", Audience::Everyone, false)];
        assert_eq!(names(&groups, &member(false)).1, ["default"]);
        assert_eq!(names(&groups[..1], &member(false)), (vec![], vec![]));
    }
}
