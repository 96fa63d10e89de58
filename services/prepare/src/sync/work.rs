//! One entity of a prepare under way, and how it is gone about. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::db::evaluate::{Evaluated, Seen};
use crate::plan::{Changes, Why};
use crate::situation::{EntitySituation, Situation};

/// How an entity was prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Everything was evaluated.
    Full(Why),
    /// So many candidates were.
    Incremental(usize),
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(why) => write!(f, "everything: {why}"),
            Self::Incremental(candidates) => write!(f, "{candidates} changed rows"),
        }
    }
}

/// One entity under way.
pub(super) struct Work<'s> {
    pub(super) entity: &'s EntitySituation,
    pub(super) code: i32,
    pub(super) access: Option<Value>,
    pub(super) mode: Mode,
    pub(super) candidates: Vec<Uuid>,
    pub(super) asked: Vec<Uuid>,
    pub(super) seen: Seen,
    /// There are no entries to compare with: they are loaded.
    pub(super) is_new: bool,
    pub(super) evaluated: Evaluated,
}

/// What is to be done with an entity, as far as changes alone say.
pub(super) fn work<'s>(
    situation: &Situation,
    entity: &'s EntitySituation,
    changes: &Changes,
    contexts: &BTreeMap<i32, Value>,
) -> Work<'s> {
    let code = entity.table(&situation.metadata).object_type_code;
    let of_entity = situation.ask.refresh.iter().filter(|object| object.object_type_code == code);
    let asked: BTreeSet<Uuid> = of_entity.map(|object| object.object_id).collect();
    let access = access(entity, contexts);
    let why = entity
        .known
        .beforehand(&entity.sources)
        .or_else(|| changes.overwhelm(&entity.sources, entity.known.limit()))
        .or_else(|| access_changed(entity, changes, contexts, access.as_ref()));
    let mode = why.map_or(Mode::Incremental(0), Mode::Full);
    let asked = asked.into_iter().collect();
    Work {
        entity,
        code,
        access,
        mode,
        candidates: Vec::new(),
        asked,
        seen: Vec::new(),
        is_new: false,
        evaluated: Evaluated::default(),
    }
}

/// What all policies that the entity depends on know of the user, as it is stored: by object type code.
fn access(entity: &EntitySituation, contexts: &BTreeMap<i32, Value>) -> Option<Value> {
    let known = entity.sources.whole.keys().filter_map(|code| Some((code.to_string(), contexts.get(code)?.clone())));
    let known: serde_json::Map<String, Value> = known.collect();
    (!known.is_empty()).then_some(Value::Object(known))
}

/// A table changed that policies read as a whole. Unless everything they take from it is known and the same, any row
/// may be concerned.
fn access_changed(
    entity: &EntitySituation,
    changes: &Changes,
    contexts: &BTreeMap<i32, Value>,
    access: Option<&Value>,
) -> Option<Why> {
    let in_doubt = changes.in_doubt(&entity.sources);
    let untold = in_doubt.iter().any(|code| !contexts.contains_key(code));
    let before = entity.prepared.as_ref().and_then(|prepared| prepared.access_context.as_ref());
    (!in_doubt.is_empty() && (untold || before != access)).then_some(Why::Access)
}

/// Counts the time of the merges of what was evaluated to the entities, as the time of their evaluation was.
pub(super) fn share(works: &mut [Work<'_>], merging: Duration) {
    let evaluating: i64 = works.iter().map(|work| work.evaluated.us).sum();
    let merging = i64::try_from(merging.as_micros()).unwrap_or(i64::MAX);
    for Evaluated { us, .. } in works.iter_mut().map(|work| &mut work.evaluated).filter(|evaluated| evaluated.us > 0) {
        *us = us.saturating_add(merging.saturating_mul(*us) / evaluating.max(1));
    }
}
