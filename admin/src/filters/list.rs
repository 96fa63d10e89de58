//! Every local data group of a dataset: those of sojourn.yaml, those of administrators, and the users' own.

use std::fmt;

use serde::Serialize;
use sojourn_metadata::Metadata;
use sojourn_platform::filter::Filter;
use sojourn_prepare::db::administer::{GroupRow, administer_groups};
use sqlx::PgPool;
use uuid::Uuid;

use super::kind::Kind;
use super::{Place, place};
use crate::error::AdminError;
use crate::subscriptions::one;
use crate::table::plain_table;

/// Every group.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// The set of entities.
    pub dataset: String,
    /// They, by entity in load order: those of sojourn.yaml first.
    pub groups: Vec<Line>,
}

/// A group.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Its id; none where sojourn.yaml defines it, and only there it can be changed.
    pub id: Option<Uuid>,
    /// Its entity.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// Its filter.
    pub filter: String,
    /// Enforced, a default, or a user's own.
    pub kind: Kind,
    /// Whom it is for.
    pub audience: String,
    /// What is wrong with its filter; none when nothing is. While a group in force has something, its users' prepares
    /// are refused.
    pub problem: Option<String>,
}

/// Lists them, of all entities or of one.
///
/// # Errors
/// [`AdminError::Dataset`], [`AdminError::NoEntity`], or the database fails.
pub async fn list(pool: &PgPool, dataset: Option<&str>, entity: Option<&str>) -> Result<Listing, AdminError> {
    let mut admin = one(pool).await?;
    let Place { metadata, rules } = place(&mut admin, dataset).await?;
    let metadata = metadata.metadata;
    if let Some(asked) = entity.filter(|asked| metadata.entity(asked).is_none()) {
        return Err(AdminError::no_entity(asked, &metadata));
    }
    let rows = administer_groups(&mut admin, &metadata.dataset).await?;
    let mut groups = Vec::new();
    for of in metadata.entities.iter().filter(|of| entity.is_none_or(|asked| of.name == asked)) {
        let of_rules = rules.entity(of.object_type_code).map(|rules| rules.groups.as_slice()).unwrap_or_default();
        groups.extend(of_rules.iter().map(|group| Line {
            id: None,
            entity: of.name.clone(),
            name: group.name.clone(),
            filter: group.filter.clone(),
            kind: if group.enforced { Kind::Enforced } else { Kind::Default },
            audience: group.audience.to_string(),
            problem: problem(&group.filter, &of.name, &metadata),
        }));
        let of_entity = rows.iter().filter(|row| row.object_type_code == of.object_type_code);
        groups.extend(of_entity.map(|row| line(row, &of.name, &metadata)));
    }
    Ok(Listing { dataset: metadata.dataset, groups })
}

pub(super) fn line(row: &GroupRow, entity: &str, metadata: &Metadata) -> Line {
    let own = || format!("the user of {}", row.subscription_id.as_deref().unwrap_or_default());
    let audience = row.audience();
    Line {
        id: Some(row.id),
        entity: entity.to_owned(),
        name: row.name.clone(),
        filter: row.filter.clone(),
        kind: match (&audience, row.enforced) {
            (None, _) => Kind::Own,
            (Some(_), true) => Kind::Enforced,
            (Some(_), false) => Kind::Default,
        },
        audience: audience.map_or_else(own, |audience| audience.to_string()),
        problem: problem(&row.filter, entity, metadata),
    }
}

fn problem(filter: &str, entity: &str, metadata: &Metadata) -> Option<String> {
    Filter::parse(filter, entity, metadata).err().map(|error| error.to_string())
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.groups.is_empty() {
            write!(f, "The dataset {} has no local data groups: devices hold what their users see.", self.dataset)?;
            return write!(f, "\n\nTo define one: sojourn-admin filters add ENTITY NAME FILTER");
        }
        let mut table = plain_table(&["id", "entity", "name", "kind", "for", "filter"]);
        for group in &self.groups {
            let id = group.id.map_or_else(|| "(sojourn.yaml)".to_owned(), |id| id.to_string());
            let kind = group.kind.word();
            table.add_row([id.as_str(), &group.entity, &group.name, kind, &group.audience, &group.filter]);
        }
        write!(f, "{table}")?;
        for group in &self.groups {
            if let Some(problem) = &group.problem {
                write!(f, "\n\n{:?} of {} cannot be used: {problem}", group.name, group.entity)?;
            }
        }
        if self.groups.iter().any(|group| group.id.is_none()) {
            write!(f, "\n\nThose of sojourn.yaml are changed there, and registered again: sojourn-admin register")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(subscription_id: Option<&str>, enforced: bool) -> GroupRow {
        GroupRow {
            id: Uuid::from_u128(1),
            dataset: "crm".to_owned(),
            object_type_code: 2,
            name: "near".to_owned(),
            filter: "city = 'Oslo'".to_owned(),
            role: None,
            user_id: None,
            subscription_id: subscription_id.map(str::to_owned),
            enforced,
        }
    }

    #[test]
    fn it_is_said_whose_a_group_is_and_what_is_wrong_with_it() {
        let metadata = Metadata { dataset: "crm".into(), acting_role: "users".into(), entities: vec![] };
        let own = line(&row(Some("s1"), false), "contact", &metadata);
        assert_eq!((own.kind, own.audience.as_str()), (Kind::Own, "the user of s1"));
        let fence = line(&row(None, true), "contact", &metadata);
        assert_eq!((fence.kind, fence.audience.as_str()), (Kind::Enforced, "everyone"));
        let of_file = Line { id: None, ..line(&row(None, false), "contact", &metadata) };
        let told = Listing { dataset: "crm".into(), groups: vec![fence, of_file] }.to_string();
        for words in ["(sojourn.yaml)", "\"near\" of contact cannot be used: the entity", "registered again"] {
            assert!(told.contains(words), "{words:?} is not in\n{told}");
        }
    }
}
