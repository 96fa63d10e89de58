//! Local data groups defined, changed and removed at run time. A filter is checked before it is stored.

use std::fmt;

use serde::Serialize;
use sojourn_metadata::Rules;
use sojourn_metadata::rules::Audience;
use sojourn_platform::filter::Filter;
use sojourn_prepare::db::administer::{GroupRow, administer_group};
use sojourn_prepare::db::group::{GroupAuthor, NewGroup, Stored, group_remove, group_store};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::list::{Line, line};
use super::{Place, place};
use crate::error::AdminError;
use crate::subscriptions::one;

/// The longest name of a group, in characters.
const NAME_CHARACTERS: usize = 100;

/// A group as it is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its entity.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
    /// Whom it is for.
    pub audience: Audience,
    /// It holds whatever users define.
    pub enforced: bool,
}

/// What is to be changed of a group.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Its filter.
    pub filter: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// It holds whatever users define.
    pub enforced: Option<bool>,
}

/// A group that was defined, changed or removed.
#[derive(Debug, Serialize)]
pub struct Defined {
    /// The set of entities.
    pub dataset: String,
    /// The group; as it was, where it was removed.
    pub group: Line,
    /// It is no more.
    pub removed: bool,
}

/// Defines a group under a new id.
///
/// # Errors
/// [`AdminError::Filter`] points at what is wrong; or the name, the entity or the dataset is, or the database fails.
pub async fn add(pool: &PgPool, dataset: Option<&str>, id: Uuid, wanted: &Wanted) -> Result<Defined, AdminError> {
    let mut admin = one(pool).await?;
    let place = place(&mut admin, dataset).await?;
    if matches!(wanted.audience, Audience::Role(_)) && place.rules.in_role.is_none() {
        return Err(AdminError::NoRoles(place.metadata.dataset));
    }
    store(&mut admin, &place, id, wanted).await
}

/// Changes a group of an administrator.
///
/// # Errors
/// As [`add`]; [`AdminError::NoGroup`], [`AdminError::OwnGroup`], [`AdminError::NothingToChange`].
pub async fn change(pool: &PgPool, id: Uuid, changes: &Changes) -> Result<Defined, AdminError> {
    if changes.filter.is_none() && changes.name.is_none() && changes.enforced.is_none() {
        return Err(AdminError::NothingToChange);
    }
    let mut admin = one(pool).await?;
    let (row, audience) = of_administrator(&mut admin, id).await?;
    let place = place(&mut admin, Some(&row.dataset)).await?;
    let wanted = Wanted {
        entity: entity_of(&place, row.object_type_code),
        name: changes.name.clone().unwrap_or(row.name),
        filter: changes.filter.clone().unwrap_or(row.filter),
        audience,
        enforced: changes.enforced.unwrap_or(row.enforced),
    };
    store(&mut admin, &place, id, &wanted).await
}

/// Removes a group of an administrator.
///
/// # Errors
/// [`AdminError::NoGroup`], [`AdminError::OwnGroup`], or the database fails.
pub async fn remove(pool: &PgPool, id: Uuid) -> Result<Defined, AdminError> {
    let mut admin = one(pool).await?;
    let (row, _) = of_administrator(&mut admin, id).await?;
    let place = place(&mut admin, Some(&row.dataset)).await?;
    if !group_remove(&mut admin, &row.dataset, None, id).await? {
        return Err(AdminError::NoGroup(id));
    }
    let group = line(&row, &entity_of(&place, row.object_type_code), &place.metadata.metadata);
    Ok(Defined { dataset: row.dataset, group, removed: true })
}

async fn of_administrator(admin: &mut PgConnection, id: Uuid) -> Result<(GroupRow, Audience), AdminError> {
    let row = administer_group(admin, id).await?.ok_or(AdminError::NoGroup(id))?;
    match (row.audience(), &row.subscription_id) {
        (Some(audience), _) => Ok((row, audience)),
        (None, subscription) => {
            Err(AdminError::OwnGroup { id, subscription: subscription.clone().unwrap_or_default() })
        }
    }
}

/// The name of an entity; its code, if it is not offline any more.
fn entity_of(place: &Place, object_type_code: i32) -> String {
    let entity = place.metadata.table_of(object_type_code).map(|table| table.entity.clone());
    entity.unwrap_or_else(|| object_type_code.to_string())
}

async fn store(admin: &mut PgConnection, place: &Place, id: Uuid, wanted: &Wanted) -> Result<Defined, AdminError> {
    let (metadata, name) = (&place.metadata.metadata, wanted.name.trim());
    let entity = metadata.entity(&wanted.entity).ok_or_else(|| AdminError::no_entity(&wanted.entity, metadata))?;
    let object_type_code = entity.object_type_code;
    check_name(name, &entity.name, object_type_code, &place.rules)?;
    let Wanted { filter, audience, enforced, .. } = wanted.clone();
    Filter::parse(&filter, &entity.name, metadata)
        .map_err(|error| AdminError::Filter { text: filter.clone(), error })?;
    let author = GroupAuthor::Administrator { audience, enforced };
    let group = NewGroup { id, dataset: &metadata.dataset, object_type_code, name, filter: &filter, author };
    match group_store(admin, &group).await? {
        Stored::Yes => {}
        Stored::NotYours => return Err(AdminError::NoGroup(id)),
        Stored::NameTaken => {
            let instead = "change that one (sojourn-admin filters change)";
            return Err(taken("an administrator", name, &entity.name, instead));
        }
    }
    let row = administer_group(admin, id).await?.ok_or(AdminError::NoGroup(id))?;
    let group = line(&row, &entity.name, metadata);
    Ok(Defined { dataset: metadata.dataset.clone(), group, removed: false })
}

fn check_name(name: &str, entity: &str, object_type_code: i32, rules: &Rules) -> Result<(), AdminError> {
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS || name.chars().any(char::is_control) {
        return Err(AdminError::Name);
    }
    let of_file = rules.entity(object_type_code).is_some_and(|rules| rules.groups.iter().any(|g| g.name == name));
    let instead = "change it there, and register again";
    if of_file { Err(taken("sojourn.yaml", name, entity, instead)) } else { Ok(()) }
}

fn taken(place: &'static str, name: &str, entity: &str, instead: &'static str) -> AdminError {
    AdminError::NameTaken { place, name: name.to_owned(), entity: entity.to_owned(), instead }
}

impl fmt::Display for Defined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line { id, entity, name, filter, kind, audience, .. } = &self.group;
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        if self.removed {
            return write!(
                f,
                "The local data group {name:?} of {entity} is removed; devices follow with their next sync."
            );
        }
        writeln!(f, "The local data group {name:?} of {entity} ({}, for {audience}) is defined:", kind.word())?;
        writeln!(f, "  {id}  {filter}")?;
        write!(f, "\nDevices follow with their next sync.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_metadata::rules::{EntityRules, GroupRule};

    fn rules() -> Rules {
        let (name, filter) = ("fence".to_owned(), "true".to_owned());
        let group = GroupRule { name, filter, audience: Audience::Everyone, enforced: true };
        let entity = EntityRules {
            object_type_code: 2,
            stream: 1,
            named: vec![],
            through: vec![],
            whole: vec![],
            access_context: None,
            always_full: None,
            users_define: true,
            groups: vec![group],
        };
        Rules { entities: vec![entity], ..Rules::default() }
    }

    #[test]
    fn a_name_is_one_and_not_that_of_the_file() {
        let check = |name: &str, code| check_name(name, "contact", code, &rules());
        assert!(check("near", 2).is_ok() && check("fence", 3).is_ok());
        for bad in ["", "a\nb", &"x".repeat(101)] {
            assert!(matches!(check(bad, 2), Err(AdminError::Name)), "{bad:?}");
        }
        let taken = check("fence", 2).expect_err("it is taken").to_string();
        assert!(taken.contains("sojourn.yaml defines") && taken.contains("register again"), "{taken}");
    }
}
