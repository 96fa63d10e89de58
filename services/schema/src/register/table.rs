//! What an entity's table must be: there, a table, keyed by one uuid, guarded by row-level security, and readable to
//! the acting role.

use sojourn_metadata::config::Rls;
use sojourn_platform::catalog::{Column, Relation, Role};

use super::Place;
use super::nearest::nearest;
use super::problem::{Problem, Warning};
use crate::types::is_uuid;

/// What is wrong with the table of an entity.
pub(super) fn problems(place: &Place<'_>) -> Vec<Problem> {
    let at = || place.at.clone();
    let Some(relation) = place.relation else {
        return vec![match nearest([&place.at.schema, &place.at.table], &place.catalog.table_names) {
            Some(nearest) => Problem::NearlyUnknownTable { at: at(), nearest },
            None => Problem::UnknownTable { at: at() },
        }];
    };
    if !relation.is_table() {
        return vec![Problem::NotATable { at: at(), kind: relation.kind_in_words() }];
    }
    let role = place.catalog.role.as_ref();
    let guard = (!relation.row_security && place.entity.rls == Rls::Required).then(|| Problem::RlsOff { at: at() });
    key(place, relation)
        .into_iter()
        .chain(guard)
        .chain(role.and_then(|role| owner(place, relation, role)))
        .chain(role.into_iter().flat_map(|role| privileges(place, relation, role)))
        .collect()
}

/// What is odd about the table of an entity.
pub(super) fn warnings(place: &Place<'_>) -> Option<Warning> {
    let (relation, role) = (place.relation?, place.catalog.role.as_ref()?);
    let blind = relation.is_table() && relation.row_security && !relation.has_read_policy;
    blind.then(|| Warning::NoReadPolicy { at: place.at.clone(), role: role.name.clone() })
}

/// The columns of the primary key.
fn key_columns<'a>(place: &'a Place<'_>, relation: &'a Relation) -> Vec<&'a Column> {
    let column = |number: &i16| place.catalog.columns_of(relation.oid).find(|column| column.number == *number);
    relation.primary_key.iter().filter_map(column).collect()
}

fn key(place: &Place<'_>, relation: &Relation) -> Option<Problem> {
    let at = place.at.clone();
    match key_columns(place, relation).as_slice() {
        [] => Some(Problem::NoPrimaryKey { at }),
        [column] if is_uuid(column) => None,
        [column] => Some(Problem::KeyNotUuid { at, column: column.name.clone(), sql_type: column.sql_type.clone() }),
        several => {
            Some(Problem::CompositeKey { at, columns: several.iter().map(|column| column.name.clone()).collect() })
        }
    }
}

/// A superuser is everybody's owner, and told so by itself.
fn owner(place: &Place<'_>, relation: &Relation, role: &Role) -> Option<Problem> {
    if !relation.role_owns || role.is_superuser {
        return None;
    }
    let (at, role) = (place.at.clone(), role.name.clone());
    Some(match &relation.owner {
        owner if *owner == role => Problem::RoleOwns { at, role },
        owner => Problem::RoleIsOwnersMember { at, role, owner: owner.clone() },
    })
}

fn privileges(place: &Place<'_>, relation: &Relation, role: &Role) -> Vec<Problem> {
    let (at, name) = (|| place.at.clone(), || role.name.clone());
    let schema = (!relation.role_uses_schema).then(|| {
        let (schema, holds) = (relation.schema.clone(), format!("the table {}", relation.name));
        Problem::SchemaUsage { role: name(), schema, holds }
    });
    let unreadable = if place.catalog.columns_of(relation.oid).all(|column| !column.role_reads) {
        vec![Problem::NoSelect { at: at(), role: name() }]
    } else {
        let keys = key_columns(place, relation).into_iter().filter(|column| !column.role_reads);
        let key = |column: &Column| Problem::KeyUnreadable { at: at(), role: name(), column: column.name.clone() };
        let version = (!relation.role_reads_version).then(|| Problem::VersionUnreadable { at: at(), role: name() });
        keys.map(key).chain(version).collect()
    };
    schema.into_iter().chain(unreadable).collect()
}
