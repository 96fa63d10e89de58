//! How a change on the server is followed to the rows it concerns: the rules of each entity, from what its policies
//! lead to and from what the file says about it.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_metadata::config::EntityConfig;
use sojourn_metadata::rules::{EntityRules, Through, Watched};
use sojourn_metadata::{Config as SojournYaml, Entity, Metadata};
use sojourn_platform::catalog::{Catalog, Relation};

use super::depends::{self, Said};
use super::problem::{At, Problem, Warning};
use super::reach::{Graph, Reach};
use super::stream::Streams;
use super::{groups, key_column};

/// One entity with everything that is known of it.
pub(super) struct Subject<'a> {
    pub(super) at: At,
    pub(super) config: &'a EntityConfig,
    pub(super) entity: &'a Entity,
    pub(super) relation: &'a Relation,
}

/// The rules of all entities whose tables can be followed, and what is in the way.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) entities: Vec<EntityRules>,
    pub(super) streams: Streams,
    pub(super) watched: Watched,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Warning>,
}

/// Follows every entity of the metadata.
pub(super) fn follow(wanted: &SojournYaml, catalog: &Catalog, metadata: &Metadata) -> Followed {
    let graph = Graph::new(wanted, catalog);
    let subjects: Vec<Subject<'_>> =
        metadata.entities.iter().filter_map(|entity| subject(wanted, catalog, entity)).collect();
    let mut followed = Followed::default();
    let mut watched = Reach::default();
    for subject in &subjects {
        let said = depends::said(wanted, catalog, metadata, subject);
        let tables: Vec<i64> = said.tables().collect();
        let through: BTreeSet<i64> = said.through.iter().map(|(table, _)| *table).collect();
        let reach = graph.reach(subject.relation.oid, &tables, &through);
        let everything = graph.reach(subject.relation.oid, &tables, &BTreeSet::new());
        watched.relations.extend(everything.relations);
        watched.relations.insert(subject.relation.oid);
        watched.functions.extend(everything.functions);
        followed.add(wanted, catalog, subject, said, &reach);
    }
    followed.pass_on_always_full();
    let warnings = subjects.iter().zip(&followed.entities).filter(|(subject, _)| subject.config.incremental);
    let warnings = warnings.filter_map(|(subject, rules)| {
        rules.always_full.clone().map(|reason| Warning::AlwaysFull { at: subject.at.clone(), reason })
    });
    followed.warnings = warnings.collect();
    followed.watched = Watched { relations: oids(watched.relations), functions: oids(watched.functions) };
    followed
}

fn oids(oids: BTreeSet<i64>) -> Vec<u32> {
    oids.into_iter().filter_map(|oid| u32::try_from(oid).ok()).collect()
}

fn subject<'a>(wanted: &'a SojournYaml, catalog: &'a Catalog, entity: &'a Entity) -> Option<Subject<'a>> {
    let config = wanted.entities.iter().find(|config| config.name == entity.name)?;
    let (schema, table) = (entity.schema.clone(), entity.table.clone());
    let relation = catalog.relation(&[schema.clone(), table.clone()]).filter(|relation| relation.is_table())?;
    Some(Subject { at: At { entity: entity.name.clone(), schema, table }, config, entity, relation })
}

impl Followed {
    fn add(&mut self, wanted: &SojournYaml, catalog: &Catalog, subject: &Subject<'_>, said: Said, reach: &Reach) {
        // What is wrong with the key is told elsewhere.
        let Some(key) = key_column(catalog, subject.relation) else { return };
        let own = self.streams.of(subject.relation, Some(key));
        let named = said.objects.iter().filter_map(|(table, column)| {
            catalog.relations.iter().find(|relation| relation.oid == *table).map(|table| (table, column))
        });
        let named = named.map(|(table, column)| self.streams.of(table, Some(column))).collect();
        let mut read: Vec<&Relation> =
            catalog.relations.iter().filter(|relation| reach.relations.contains(&relation.oid)).collect();
        read.sort_by_key(|relation| (&relation.schema, &relation.name));
        let whole = read.iter().filter(|relation| relation.is_table() && !said.covers(relation.oid));
        let whole = whole.map(|relation| {
            let is_entity = wanted.entities.iter().any(|entity| entity.place(wanted) == place(relation));
            self.streams.of(relation, key_column(catalog, relation).filter(|_| is_entity))
        });
        let whole = whole.collect();
        if subject.config.incremental {
            let undeclared = reach.undeclared.iter().cloned();
            self.problems.extend(undeclared.map(|(policy, function)| Problem::UndeclaredFunction {
                at: subject.at.clone(),
                policy,
                function,
            }));
        }
        let mut through: Vec<Through> = said.through.into_iter().map(|(_, through)| through).collect();
        through.sort();
        self.problems.extend(said.problems);
        self.entities.push(EntityRules {
            object_type_code: subject.entity.object_type_code,
            stream: own,
            named,
            through,
            whole,
            access_context: subject.config.access_context.clone(),
            always_full: always_full(subject, &read, reach),
            users_define: subject.config.users_define,
            groups: groups::of(subject.config),
        });
    }

    /// What follows an entity that cannot be followed cannot be, either.
    fn pass_on_always_full(&mut self) {
        loop {
            let full: BTreeMap<i32, String> =
                self.entities.iter().filter_map(|e| Some((e.object_type_code, e.always_full.clone()?))).collect();
            let next = self.entities.iter_mut().find_map(|entity| {
                let reason = entity.through.iter().find_map(|through| full.get(&through.target))?;
                entity.always_full.is_none().then_some((entity, reason))
            });
            let Some((entity, reason)) = next else { return };
            entity.always_full = Some(format!("its policies follow rows of which this holds: {reason}"));
        }
    }
}

fn place(relation: &Relation) -> [String; 2] {
    [relation.schema.clone(), relation.name.clone()]
}

/// Why changes cannot be followed to the rows of an entity.
fn always_full(subject: &Subject<'_>, read: &[&Relation], reach: &Reach) -> Option<String> {
    let said = (!subject.config.incremental).then(|| "sojourn.yaml says `incremental: false`".to_owned());
    let unsteady = reach
        .unsteady
        .iter()
        .map(|what| format!("its policies use {what}, of which the outcome changes without a change of a row"));
    let strange = read.iter().filter(|relation| !relation.is_table() && relation.kind != "v").map(|relation| {
        format!("its policies read {}, {}, of which no change can be noted", name(relation), relation.kind_in_words())
    });
    let heirs = read.iter().copied().chain([subject.relation]).filter(|relation| relation.has_heirs);
    let heirs =
        heirs.map(|relation| format!("other tables inherit from {}, of which no change is noted", name(relation)));
    let reasons: BTreeSet<String> = said.into_iter().chain(unsteady).chain(strange).chain(heirs).collect();
    (!reasons.is_empty()).then(|| reasons.into_iter().collect::<Vec<_>>().join("; "))
}

fn name(relation: &Relation) -> String {
    format!("{}.{}", relation.schema, relation.name)
}
