//! Registration: from what is wanted (`sojourn.yaml`) and what is there (the catalog) to metadata, or to everything
//! that is in its way. Pure.

mod attributes;
mod codes;
mod depends;
mod follow;
mod functions;
mod groups;
mod nearest;
mod problem;
mod reach;
mod relationships;
mod replay;
mod role;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub use codes::KnownCode;
pub(crate) use functions::names as function_names;
pub use problem::{At, Problem, Warning};
pub use replay::{Hint, ReplayProblem};
pub use stream::Stream;

use sojourn_metadata::config::EntityConfig;
use sojourn_metadata::order::load_order;
use sojourn_metadata::replay::ReplayRules;
use sojourn_metadata::rules::Watched;
use sojourn_metadata::{Config as SojournYaml, Entity, EntityCommand, Metadata, Rules};
use sojourn_platform::catalog::{Catalog, Relation};
use sojourn_wire::streams::MAX_MESSAGE_BYTES;

use crate::document;

/// The metadata of a configuration that can be registered, and what should be looked at nevertheless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The metadata; its entities stand in load order.
    pub metadata: Metadata,
    /// What is allowed, but rarely meant.
    pub warnings: Vec<Warning>,
    /// The tables whose changes must be followed.
    pub streams: Vec<Stream>,
    /// The rules of the write path.
    pub replay: ReplayRules,
    /// The rules, with positions in `streams` where streams have their numbers.
    rules: Rules,
}

impl Registration {
    /// The rules, once each stream has its number: `numbers` stand as `streams` do.
    #[must_use]
    pub fn rules(&self, numbers: &[i32]) -> Rules {
        stream::numbered(self.rules.clone(), numbers)
    }

    /// What must not change unnoticed.
    #[must_use]
    pub fn watched(&self) -> &Watched {
        &self.rules.watched
    }
}

/// Makes metadata and rules of the wanted entities.
///
/// `known` are the object type codes given so far, of all datasets: an entity keeps its own, and what has none and
/// asks for none gets the next free one from 10000.
///
/// # Errors
/// All problems at once, in the order of the configuration; what belongs to the acting role comes first.
pub fn register(wanted: &SojournYaml, catalog: &Catalog, known: &[KnownCode]) -> Result<Registration, Vec<Problem>> {
    let mut problems = role::problems(wanted, catalog);
    let mut warnings = role::warnings(catalog);
    let (codes, code_problems) = codes::assign(wanted, known);
    problems.extend(code_problems);
    let mut entities = Vec::with_capacity(wanted.entities.len());
    for (entity, code) in wanted.entities.iter().zip(codes) {
        let place = Place::of(entity, wanted, catalog);
        problems.extend(table::problems(&place));
        warnings.extend(table::warnings(&place));
        let Some(relation) = place.relation else { continue };
        problems.extend(attributes::problems(&place, relation));
        entities.push(Entity {
            name: entity.name.clone(),
            object_type_code: code,
            schema: relation.schema.clone(),
            table: relation.name.clone(),
            attributes: attributes::of(catalog, relation),
            relationships: relationships::of(wanted, catalog, relation),
            commands: commands_of(wanted, &entity.name),
        });
    }
    let (dataset, acting_role) = (wanted.dataset.clone(), wanted.acting_role.clone());
    let metadata = Metadata { dataset, acting_role, entities: load_order(entities) };
    problems.extend(too_large(&metadata));
    problems.extend(functions::problems(wanted, catalog));
    warnings.extend(functions::warnings(wanted, catalog));
    let followed = follow::follow(wanted, catalog, &metadata);
    problems.extend(followed.problems);
    warnings.extend(followed.warnings);
    if problems.is_empty() {
        // Filters and rules are read against metadata that stands.
        problems = groups::problems(wanted, &metadata);
        problems.extend(replay::problems(wanted, &metadata));
    }
    if !problems.is_empty() {
        return Err(once(problems));
    }
    let mut watched = followed.watched;
    watched.functions.extend(functions::called(wanted, catalog));
    watched.functions.sort_unstable();
    watched.functions.dedup();
    let rules = Rules {
        entities: followed.entities,
        go_offline: wanted.go_offline.clone(),
        in_role: wanted.in_role.clone(),
        users_define: wanted.users_define,
        watched,
    };
    let (streams, replay) = (followed.streams.into_vec(), wanted.replay.clone());
    Ok(Registration { metadata, warnings, streams, replay, rules })
}

/// The commands of an entity that a device must know.
fn commands_of(wanted: &SojournYaml, entity: &str) -> Vec<EntityCommand> {
    let own = wanted.replay.commands.iter().filter(|command| command.entity == entity);
    own.map(|command| EntityCommand { name: command.name.clone(), online_only: command.online_only }).collect()
}

/// One wanted entity, and what stands at its place.
struct Place<'a> {
    at: At,
    entity: &'a EntityConfig,
    catalog: &'a Catalog,
    relation: Option<&'a Relation>,
}

impl<'a> Place<'a> {
    fn of(entity: &'a EntityConfig, wanted: &SojournYaml, catalog: &'a Catalog) -> Self {
        let place = entity.place(wanted);
        let relation = catalog.relation(&place);
        let [schema, table] = place;
        Self { at: At { entity: entity.name.clone(), schema, table }, entity, catalog, relation }
    }
}

/// The column that is a table's primary key, where that is one column.
fn key_column<'a>(catalog: &'a Catalog, relation: &Relation) -> Option<&'a str> {
    let mut columns = catalog.columns_of(relation.oid);
    columns.find(|column| relation.primary_key == [column.number]).map(|column| column.name.as_str())
}

/// A version is one message, whatever its number.
fn too_large(metadata: &Metadata) -> Option<Problem> {
    let bytes = document::message(metadata, u32::MAX).ok()?.len();
    (bytes > MAX_MESSAGE_BYTES).then_some(Problem::TooLarge { bytes, most: MAX_MESSAGE_BYTES })
}

/// What lies in a schema out of reach is told once for the schema, not once for each table and type in it.
fn once(mut problems: Vec<Problem>) -> Vec<Problem> {
    let mut told: Vec<String> = Vec::new();
    problems.retain(|problem| match problem {
        Problem::SchemaUsage { schema, .. } if told.contains(schema) => false,
        Problem::SchemaUsage { schema, .. } => {
            told.push(schema.clone());
            true
        }
        _ => true,
    });
    problems
}
