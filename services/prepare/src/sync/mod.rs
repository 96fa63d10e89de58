//! PrepareSync: decides, entity by entity, what must move, and brings the sync entries to it.
//!
//! Each entity either follows what changed since the watermark to the rows that it concerns, or evaluates everything.
//! Both leave the same entries.

mod entries;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::EntityCounts;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::db::changes::{Moments, changes_concern, changes_since};
use crate::db::evaluate::{
    as_user, evaluate_access, evaluate_begin, evaluate_candidates, evaluate_everything, evaluate_undeclared,
    evaluate_withheld,
};
use crate::db::merge;
use crate::plan::{Changes, Why};
use crate::situation::Situation;
use crate::statement::SyncEntryTable;
use entries::{apply, find_new, forget_unknown, store};
pub use work::Mode;
use work::{Work, work};

/// What a prepare decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What must move, by entity in load order.
    pub entities: Vec<EntityCounts>,
    /// How each entity was prepared, in load order.
    pub modes: Vec<Mode>,
}

/// Decides what must move, in the transaction in which the situation was gathered. What becomes pending carries
/// `prepare_seq`. The transaction is the service's, before and after.
///
/// # Errors
/// When the identity does not take, or the database fails; the transaction must then be rolled back.
pub async fn decide(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    situation: &Situation,
) -> Result<Decided, PlatformError> {
    let mut works = look(tx, situation).await?;
    find_new(tx, entries, &mut works).await?;
    evaluate(tx, situation, &mut works).await?;
    let inserted = apply(tx, entries, prepare_seq, situation, &mut works).await?;
    store(tx, id, &works).await?;
    forget_unknown(tx, id, entries, situation).await?;
    let loaded: Vec<i32> = works.iter().filter(|work| work.is_new).map(|work| work.code).collect();
    let entities = merge::counts(tx, id, entries, &situation.metadata, &inserted, &loaded).await?;
    Ok(Decided { entities, modes: works.into_iter().map(|work| work.mode).collect() })
}

/// How an entity would be prepared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Following changes, or evaluating everything.
    pub mode: Mode,
    /// The rows that would be looked at, where changes are followed.
    pub candidates: Vec<Uuid>,
}

/// How each entity would be prepared, in load order. Nothing is evaluated or changed.
///
/// # Errors
/// When the identity does not take, or the database fails.
pub async fn outlook(tx: &mut Transaction<'_, Postgres>, situation: &Situation) -> Result<Vec<Outlook>, PlatformError> {
    let works = look(tx, situation).await?;
    Ok(works.into_iter().map(|work| Outlook { mode: work.mode, candidates: work.candidates }).collect())
}

/// How each entity is gone about, and which rows are looked at.
async fn look<'s>(
    tx: &mut Transaction<'_, Postgres>,
    situation: &'s Situation,
) -> Result<Vec<Work<'s>>, PlatformError> {
    let changes = changes(tx, situation).await?;
    let contexts = contexts(tx, situation, &changes).await?;
    let mut works: Vec<Work<'_>> =
        situation.entities.iter().map(|entity| work(situation, entity, &changes, &contexts)).collect();
    find_candidates(tx, situation, &changes, &mut works).await?;
    Ok(works)
}

/// What changed in the streams of those entities that can follow it.
async fn changes(tx: &mut Transaction<'_, Postgres>, situation: &Situation) -> Result<Changes, PlatformError> {
    let following = || situation.entities.iter().filter(|entity| entity.known.beforehand(&entity.sources).is_none());
    let streams: BTreeSet<i32> = following().flat_map(|entity| entity.sources.streams()).collect();
    let limit = following().map(|entity| entity.known.limit()).max();
    match (&situation.standing.snapshot, limit) {
        (Some(watermark), Some(limit)) => changes_since(tx, watermark, &streams, limit).await,
        _ => Ok(Changes::default()),
    }
}

/// What the policies know of the user now: of entities whose policies read a table that changed, and of those that
/// evaluate everything and must note it.
async fn contexts(
    tx: &mut Transaction<'_, Postgres>,
    situation: &Situation,
    changes: &Changes,
) -> Result<BTreeMap<i32, Value>, PlatformError> {
    let mut wanted = BTreeSet::new();
    for entity in &situation.entities {
        match entity.known.beforehand(&entity.sources) {
            Some(_) => wanted.extend(entity.sources.whole.keys().copied()),
            // Everything may have to be evaluated after all: then it is noted for all of them.
            None if changes.overwhelm(&entity.sources, entity.known.limit()).is_some() => {
                wanted.extend(entity.sources.whole.keys().copied());
            }
            None if !changes.in_doubt(&entity.sources).is_empty() => {
                wanted.extend(entity.sources.whole.keys().copied());
            }
            None => {}
        }
    }
    let rules = &situation.registered.rules;
    let function = |code: &i32| Some((*code, rules.entity(*code)?.access_context.as_ref()?));
    let wanted: Vec<_> = wanted.iter().filter_map(function).collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    as_user(tx, &situation.identity, async |tx| {
        let mut contexts = BTreeMap::new();
        for (code, function) in wanted {
            contexts.insert(code, evaluate_access(tx, function, code).await?);
        }
        Ok(contexts)
    })
    .await
}

async fn find_candidates(
    tx: &mut Transaction<'_, Postgres>,
    situation: &Situation,
    changes: &Changes,
    works: &mut [Work<'_>],
) -> Result<(), PlatformError> {
    let now = situation.now.to_string();
    let clock = Moments { then: situation.standing.evaluated_at.as_deref().unwrap_or(&now), now: &now };
    for work in works.iter_mut().filter(|work| matches!(work.mode, Mode::Incremental(_))) {
        let (limit, table) = (work.entity.known.limit(), work.entity.table(&situation.metadata));
        let sources = &work.entity.sources;
        let mut found = changes_concern(tx, &situation.metadata, table, sources, changes, clock, limit).await?;
        if i64::try_from(found.len()).map_or(true, |count| count > limit) {
            work.mode = Mode::Full(Why::TooMany);
            continue;
        }
        found.extend(&work.asked);
        work.mode = Mode::Incremental(found.len());
        work.candidates = found.into_iter().collect();
    }
    Ok(())
}

/// Asks, as the user, which candidates the user has, or what the user has at all.
async fn evaluate(
    tx: &mut Transaction<'_, Postgres>,
    situation: &Situation,
    works: &mut [Work<'_>],
) -> Result<(), PlatformError> {
    let any_full = works.iter().any(|work| matches!(work.mode, Mode::Full(_)));
    if !any_full && works.iter().all(|work| work.candidates.is_empty()) {
        return Ok(());
    }
    let watched = &situation.registered.rules.watched.relations;
    let (mut before, mut withheld) = (Vec::new(), Vec::new());
    if any_full {
        withheld = evaluate_withheld(tx, &situation.metadata).await?;
        evaluate_begin(tx, &situation.metadata.acting_role).await?;
        before = evaluate_undeclared(tx, watched).await?;
    }
    as_user(tx, &situation.identity, async |tx| {
        for work in works.iter_mut() {
            let table = work.entity.table(&situation.metadata);
            match work.mode {
                Mode::Full(_) if withheld.contains(&work.code) => {}
                Mode::Full(_) => {
                    let filter = situation.compiled(work.entity, 1)?;
                    work.evaluated = evaluate_everything(tx, table, filter.as_ref(), work.is_new).await?;
                }
                Mode::Incremental(0) => {}
                Mode::Incremental(_) => {
                    let filter = situation.compiled(work.entity, 2)?;
                    work.seen = evaluate_candidates(tx, table, filter.as_ref(), &work.candidates).await?;
                }
            }
        }
        Ok(())
    })
    .await?;
    if any_full {
        let after = evaluate_undeclared(tx, watched).await?;
        for table in after.iter().filter(|table| !before.contains(table)) {
            tracing::warn!(
                %table,
                "a policy reads {table} through a function that does not declare it, so that a change of it goes \
                 unnoticed: add the table to that function under `functions:` in sojourn.yaml, and register again"
            );
        }
    }
    Ok(())
}
