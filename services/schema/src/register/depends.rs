//! `depends_on:` of an entity: how a change of another table concerns its rows.

use sojourn_metadata::config::Dependency;
use sojourn_metadata::rules::Through;
use sojourn_metadata::{Config as SojournYaml, Metadata};
use sojourn_platform::catalog::{Catalog, Relation};

use super::follow::Subject;
use super::problem::Problem;
use crate::types::is_uuid;

/// What an entity says of other tables, by their oids.
#[derive(Default)]
pub(super) struct Said {
    /// Relationships that lead to the table.
    pub(super) through: Vec<(i64, Through)>,
    /// Columns of the table that hold object ids.
    pub(super) objects: Vec<(i64, String)>,
    /// What cannot be meant.
    pub(super) problems: Vec<Problem>,
}

impl Said {
    /// Every table that something is said of.
    pub(super) fn tables(&self) -> impl Iterator<Item = i64> {
        self.through.iter().map(|(table, _)| *table).chain(self.objects.iter().map(|(table, _)| *table))
    }

    /// Whether something is said of a table, so that a change of it does not concern everything.
    pub(super) fn covers(&self, table: i64) -> bool {
        self.tables().any(|said| said == table)
    }
}

/// Reads `depends_on:` of an entity.
pub(super) fn said(wanted: &SojournYaml, catalog: &Catalog, metadata: &Metadata, subject: &Subject<'_>) -> Said {
    let mut said = Said::default();
    for dependency in &subject.config.depends_on {
        let table = catalog.relation(&wanted.place_of(&dependency.table)).filter(|relation| relation.is_table());
        match (table, &dependency.through, &dependency.object) {
            (Some(table), Some(attribute), _) => match through(metadata, subject, table, attribute) {
                Some(through) => said.through.push((table.oid, through)),
                None => said.problems.push(not_through(metadata, subject, dependency, attribute)),
            },
            (Some(table), None, Some(column)) => match object(catalog, subject, table, column) {
                None => said.objects.push((table.oid, column.clone())),
                Some(problem) => said.problems.push(problem),
            },
            _ => {
                let (at, table) = (subject.at.clone(), wanted.place_of(&dependency.table).join("."));
                said.problems.push(Problem::DependsOnNoTable { at, table });
            }
        }
    }
    said
}

fn through(metadata: &Metadata, subject: &Subject<'_>, table: &Relation, attribute: &str) -> Option<Through> {
    let mut relationships = subject.entity.relationships.iter().filter(|it| it.attribute == attribute);
    let target = relationships.find_map(|relationship| {
        let target = metadata.entity(&relationship.target)?;
        (target.schema == table.schema && target.table == table.name).then_some(target.object_type_code)
    })?;
    Some(Through { attribute: attribute.to_owned(), target })
}

fn not_through(metadata: &Metadata, subject: &Subject<'_>, dependency: &Dependency, attribute: &str) -> Problem {
    let possible = subject.entity.relationships.iter().filter_map(|relationship| {
        let target = metadata.entity(&relationship.target)?;
        Some(format!("{} ({}.{})", relationship.attribute, target.schema, target.table))
    });
    let possible: Vec<String> = possible.collect();
    Problem::NotThrough {
        at: subject.at.clone(),
        table: dependency.table.clone(),
        attribute: attribute.to_owned(),
        possible: if possible.is_empty() { "it has none".to_owned() } else { possible.join(", ") },
    }
}

fn object(catalog: &Catalog, subject: &Subject<'_>, table: &Relation, column: &str) -> Option<Problem> {
    let found = catalog.columns_of(table.oid).find(|found| found.name == column);
    let found = match found {
        Some(found) if is_uuid(found) => return None,
        Some(found) => format!("that column is of type {}", found.sql_type),
        None => "there is no such column".to_owned(),
    };
    let (at, table) = (subject.at.clone(), format!("{}.{}", table.schema, table.name));
    Some(Problem::NotObject { at, table, column: column.to_owned(), found })
}
