//! The attributes of an entity: the columns that the acting role may read, the object id first.

use std::collections::HashMap;

use sojourn_metadata::Attribute;
use sojourn_platform::catalog::{Catalog, Column, Relation};
use sojourn_platform::sql::CatalogType;

use super::Place;
use super::problem::Problem;
use crate::types::attribute;

/// The most attributes of an entity: as many as a table in Postgres has columns. SQLite takes 2,000.
pub(super) const MOST: usize = 1_600;

/// The attributes of a table: the object id, then the others in the order of their numbers.
pub(super) fn of(catalog: &Catalog, relation: &Relation) -> Vec<Attribute> {
    let (key, others): (Vec<&Column>, Vec<&Column>) =
        readable(catalog, relation).partition(|column| relation.primary_key.contains(&column.number));
    key.into_iter().chain(others).map(attribute).collect()
}

fn readable<'a>(catalog: &'a Catalog, relation: &Relation) -> impl Iterator<Item = &'a Column> {
    catalog.columns_of(relation.oid).filter(|column| column.role_reads)
}

/// What is wrong with the columns of an entity. What the acting role may not read does not matter.
pub(super) fn problems(place: &Place<'_>, relation: &Relation) -> Vec<Problem> {
    if !relation.is_table() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut names: HashMap<String, &str> = HashMap::new();
    let mut count = 0;
    for column in readable(place.catalog, relation) {
        count += 1;
        let twin = names.insert(column.name.to_ascii_lowercase(), &column.name);
        problems.extend(twin.map(|first| same_but_for_case(place, first, column)));
        problems.extend(name(place, column));
        problems.extend(type_of(place, column));
    }
    if count > MOST {
        problems.push(Problem::TooManyAttributes { at: place.at.clone(), count, most: MOST });
    }
    problems
}

fn same_but_for_case(place: &Place<'_>, first: &str, second: &Column) -> Problem {
    Problem::SameButForCase { at: place.at.clone(), first: first.to_owned(), second: second.name.clone() }
}

fn name(place: &Place<'_>, column: &Column) -> Option<Problem> {
    let bad = column.name.chars().any(char::is_control);
    bad.then(|| Problem::AttributeName { at: place.at.clone(), name: column.name.clone() })
}

/// Values come back in a cast to the type, run as the user.
fn type_of(place: &Place<'_>, column: &Column) -> Vec<Problem> {
    let role = place.catalog.role.iter().filter(|_| !column.role_uses_type_schema);
    let out_of_reach = role.map(|role| Problem::SchemaUsage {
        role: role.name.clone(),
        schema: column.type_schema.clone(),
        holds: format!("the type of {}.{}", place.at.entity, column.name),
    });
    let unspeakable = CatalogType::new(&column.sql_type).is_err().then(|| Problem::TypeSpelling {
        at: place.at.clone(),
        column: column.name.clone(),
        sql_type: column.sql_type.clone(),
    });
    out_of_reach.chain(unspeakable).collect()
}
