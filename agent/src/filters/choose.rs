//! What the user wishes, as a change of one group: which group is meant, and what it is to be. Pure.

use sojourn_wire::message::filters::{GroupDefinition, GroupKind, GroupShown};
use uuid::Uuid;

/// What the user wishes of the own groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// A new group.
    Add {
        /// The entity it filters.
        entity: String,
        /// Its name.
        name: String,
        /// Its filter.
        filter: String,
    },
    /// Another name or filter for a group.
    Change {
        /// Which group.
        group: Named,
        /// Its new name; none keeps it.
        name: Option<String>,
        /// Its new filter; none keeps it.
        filter: Option<String>,
    },
    /// One group less.
    Remove {
        /// Which group.
        group: Named,
    },
    /// A filter to be looked at, as a new group or in place of one.
    Try {
        /// The entity it filters.
        entity: String,
        /// The filter.
        filter: String,
        /// The name or id of the group whose place it would take.
        replacing: Option<String>,
    },
}

/// A group as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name, its id, or the first characters of its id.
    pub group: String,
    /// Its entity, where the name alone does not say.
    pub entity: Option<String>,
}

/// What was named is no group of the user, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// None.
    #[error("you have no local data group {0:?}: see `sojourn-agent filters list`")]
    None(String),
    /// An administrator's.
    #[error(
        "the local data group {name:?} of {entity} is your administrator's, and cannot be changed from here: ask them, \
         or add one of your own"
    )]
    NotYours {
        /// Its name.
        name: String,
        /// Its entity.
        entity: String,
    },
    /// Several.
    #[error("{named:?} may be {}: name it by its id", candidates(.groups))]
    Ambiguous {
        /// What was written.
        named: String,
        /// The groups: name, entity and id.
        groups: Vec<(String, String, Uuid)>,
    },
}

fn candidates(groups: &[(String, String, Uuid)]) -> String {
    let words: Vec<String> = groups.iter().map(|(name, entity, id)| format!("{name:?} of {entity} ({id})")).collect();
    words.join(" or ")
}

/// The group that a wish is about, as it is to be, and whether it is to be removed. A new one gets `fresh` as its id.
///
/// # Errors
/// [`ChooseError`] when a group is named that is none of the user's, or not the only one.
pub fn plan(wish: Wish, groups: &[GroupShown], fresh: Uuid) -> Result<(GroupDefinition, bool), ChooseError> {
    match wish {
        Wish::Add { entity, name, filter } => Ok((GroupDefinition { id: fresh, entity, name, filter }, false)),
        Wish::Change { group, name, filter } => {
            let now = chosen(&group, groups)?;
            let (name, filter) = (name.unwrap_or(now.name), filter.unwrap_or(now.filter));
            Ok((GroupDefinition { name, filter, ..now }, false))
        }
        Wish::Remove { group } => Ok((chosen(&group, groups)?, true)),
        // Names are unique: a group that is never stored is named so that no other has its name.
        Wish::Try { entity, filter, replacing: None } => {
            Ok((GroupDefinition { id: fresh, entity, name: fresh.to_string(), filter }, false))
        }
        Wish::Try { entity, filter, replacing: Some(group) } => {
            let now = chosen(&Named { group, entity: Some(entity) }, groups)?;
            Ok((GroupDefinition { filter, ..now }, false))
        }
    }
}

/// A name counts before the beginning of an id.
fn chosen(named: &Named, groups: &[GroupShown]) -> Result<GroupDefinition, ChooseError> {
    let is_meant = |group: &&GroupShown| named.entity.as_ref().is_none_or(|entity| *entity == group.entity);
    let own: Vec<GroupDefinition> =
        groups.iter().filter(is_meant).filter(|group| group.kind == GroupKind::Own).filter_map(definition).collect();
    let mut found: Vec<GroupDefinition> = own.iter().filter(|group| group.name == named.group).cloned().collect();
    if found.is_empty() {
        found = own.into_iter().filter(|group| begins(group.id, &named.group)).collect();
    }
    match (found.len(), found.pop()) {
        (1, Some(group)) => Ok(group),
        (_, Some(last)) => {
            found.push(last);
            let groups = found.into_iter().map(|group| (group.name, group.entity, group.id)).collect();
            Err(ChooseError::Ambiguous { named: named.group.clone(), groups })
        }
        (_, None) => match groups.iter().filter(is_meant).find(|group| group.name == named.group) {
            Some(theirs) => Err(ChooseError::NotYours { name: theirs.name.clone(), entity: theirs.entity.clone() }),
            None => Err(ChooseError::None(named.group.clone())),
        },
    }
}

fn definition(group: &GroupShown) -> Option<GroupDefinition> {
    let GroupShown { id, entity, name, filter, .. } = group.clone();
    Some(GroupDefinition { id: id?, entity, name, filter })
}

fn begins(id: Uuid, with: &str) -> bool {
    !with.is_empty() && id.to_string().starts_with(&with.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Uuid = Uuid::from_u128(9);

    fn group(id: &str, entity: &str, name: &str, kind: GroupKind) -> GroupShown {
        GroupShown {
            id: id.parse().ok(),
            entity: entity.to_owned(),
            name: name.to_owned(),
            filter: "city = 'Oslo'".to_owned(),
            kind,
            audience: "this device".to_owned(),
            in_force: true,
        }
    }

    fn groups() -> Vec<GroupShown> {
        vec![
            group("aaaa0000-0000-4000-8000-000000000001", "account", "mine", GroupKind::Own),
            group("aaaa1111-0000-4000-8000-000000000002", "contact", "mine", GroupKind::Own),
            group("bbbb0000-0000-4000-8000-000000000003", "contact", "aaaa", GroupKind::Own),
            group("", "contact", "fence", GroupKind::Enforced),
        ]
    }

    fn removed(named: &str, entity: Option<&str>) -> Result<String, ChooseError> {
        let group = Named { group: named.to_owned(), entity: entity.map(str::to_owned) };
        let (group, removal) = plan(Wish::Remove { group }, &groups(), FRESH)?;
        assert!(removal);
        Ok(group.id.to_string()[..8].to_owned())
    }

    #[test]
    fn a_group_is_named_by_its_name_its_id_or_the_beginning_of_it() {
        assert_eq!(removed("bbbb", None).as_deref(), Ok("bbbb0000"));
        assert_eq!(removed("AAAA1", None).as_deref(), Ok("aaaa1111"));
        assert_eq!(removed("aaaa0000-0000-4000-8000-000000000001", None).as_deref(), Ok("aaaa0000"));
        assert_eq!(removed("mine", Some("contact")).as_deref(), Ok("aaaa1111"));
    }

    #[test]
    fn a_name_counts_before_the_beginning_of_an_id() {
        assert_eq!(removed("aaaa", None).as_deref(), Ok("bbbb0000"));
        assert_eq!(removed("aaaa", Some("account")).as_deref(), Ok("aaaa0000"));
    }

    #[test]
    fn what_may_be_several_is_told_with_all_ids() {
        let words = removed("mine", None).expect_err("two have this name").to_string();
        for part in ["account (aaaa0000-0000-4000-8000-000000000001)", "contact (aaaa1111-", "by its id"] {
            assert!(words.contains(part), "{part:?} is not in {words}");
        }
        let groups = ["aaaa0000-0000-4000-8000-000000000001", "aaaa1111-0000-4000-8000-000000000002"];
        let Err(ChooseError::Ambiguous { groups: told, .. }) = removed("aaa", None) else { panic!("it is ambiguous") };
        assert_eq!(told.iter().map(|(_, _, id)| id.to_string()).collect::<Vec<_>>(), groups);
    }

    #[test]
    fn what_is_not_the_users_is_not_found() {
        assert_eq!(removed("", None), Err(ChooseError::None(String::new())));
        assert_eq!(removed("nobody", None), Err(ChooseError::None("nobody".to_owned())));
        assert_eq!(removed("aaaa0", Some("contact")), Err(ChooseError::None("aaaa0".to_owned())));
        let (name, entity) = ("fence".to_owned(), "contact".to_owned());
        assert_eq!(removed("fence", None), Err(ChooseError::NotYours { name, entity }));
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let named = Named { group: "mine".to_owned(), entity: Some("account".to_owned()) };
        let change = |name: Option<&str>, filter: Option<&str>| {
            let [name, filter] = [name, filter].map(|text| text.map(str::to_owned));
            let wish = Wish::Change { group: named.clone(), name, filter };
            let (group, removal) = plan(wish, &groups(), FRESH).expect("it is there");
            assert!(!removal && group.id.to_string().starts_with("aaaa0000") && group.entity == "account");
            (group.name, group.filter)
        };
        assert_eq!(change(Some("ours"), None), ("ours".to_owned(), "city = 'Oslo'".to_owned()));
        assert_eq!(change(None, Some("TRUE")), ("mine".to_owned(), "TRUE".to_owned()));
    }

    #[test]
    fn a_filter_is_tried_under_a_name_of_its_own_or_in_a_groups_place() {
        let attempt = |replacing: Option<&str>| {
            let (entity, filter) = ("contact".to_owned(), "TRUE".to_owned());
            let wish = Wish::Try { entity, filter, replacing: replacing.map(str::to_owned) };
            plan(wish, &groups(), FRESH).map(|(group, _)| (group.id, group.name, group.filter))
        };
        assert_eq!(attempt(None), Ok((FRESH, FRESH.to_string(), "TRUE".to_owned())));
        let contact = "aaaa1111-0000-4000-8000-000000000002".parse().expect("an id");
        assert_eq!(attempt(Some("mine")), Ok((contact, "mine".to_owned(), "TRUE".to_owned())));
        assert_eq!(attempt(Some("ours")), Err(ChooseError::None("ours".to_owned())));
    }
}
