//! The sync entries of a prepare under way: what was found is brought into them.

use std::collections::BTreeMap;
use std::time::Instant;

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sqlx::{Postgres, Transaction};

use super::work::{Mode, Work, share};
use crate::db::entity::{entity_forget, entity_store};
use crate::db::merge;
use crate::situation::Situation;
use crate::statement::SyncEntryTable;

/// Notes which of the entities that are evaluated have no entries yet.
pub(super) async fn find_new(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    works: &mut [Work<'_>],
) -> Result<(), PlatformError> {
    let in_full = works.iter_mut().filter(|work| matches!(work.mode, Mode::Full(_)));
    let mut in_full: Vec<&mut Work<'_>> = in_full.collect();
    if in_full.is_empty() {
        return Ok(());
    }
    let codes: Vec<i32> = in_full.iter().map(|work| work.code).collect();
    let known = merge::with_entries(tx, entries, &codes).await?;
    for work in &mut in_full {
        work.is_new = !known.contains(&work.code);
    }
    Ok(())
}

/// Merges what was found into the sync entries. Answers how many were inserted, by object type code.
pub(super) async fn apply(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    situation: &Situation,
    works: &mut [Work<'_>],
) -> Result<BTreeMap<i32, u64>, PlatformError> {
    let in_full = || works.iter().filter(|work| matches!(work.mode, Mode::Full(_)));
    let mut inserted = BTreeMap::new();
    if in_full().next().is_some() {
        let started = Instant::now();
        let known = in_full().filter(|work| !work.is_new).map(|work| work.code).collect();
        let new = in_full().filter(|work| work.is_new).map(|work| (work.code, work.evaluated.rows)).collect();
        let entities = merge::Entities { known, new };
        inserted = merge::everything(tx, entries, prepare_seq, &entities, &situation.ask.refresh).await?;
        share(works, started.elapsed());
    }
    for work in works.iter().filter(|work| !work.candidates.is_empty()) {
        let count =
            merge::candidates(tx, entries, prepare_seq, work.code, &work.candidates, &work.seen, &work.asked).await?;
        inserted.insert(work.code, count);
    }
    Ok(inserted)
}

/// Stores what the entities that were evaluated went by.
pub(super) async fn store(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    works: &[Work<'_>],
) -> Result<(), PlatformError> {
    for work in works.iter().filter(|work| matches!(work.mode, Mode::Full(_))) {
        let filter = &work.entity.known.filter;
        // Where it was not asked for, no table changed that could have changed it.
        let before = work.entity.prepared.as_ref().and_then(|prepared| prepared.access_context.as_ref());
        entity_store(tx, id, work.code, filter, work.access.as_ref().or(before), work.evaluated.us).await?;
    }
    Ok(())
}

/// Forgets what belongs to entities that another version of the metadata had.
pub(super) async fn forget_unknown(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    entries: &SyncEntryTable,
    situation: &Situation,
) -> Result<(), PlatformError> {
    if situation.standing.is_prepared_with(situation.metadata.version) {
        return Ok(());
    }
    let in_force: Vec<i32> = situation.metadata.entities.iter().map(|table| table.object_type_code).collect();
    merge::drop_unknown(tx, id, entries, &in_force).await?;
    entity_forget(tx, id, &in_force).await
}
