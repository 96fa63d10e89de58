//! The documents' three merges of PrepareSync, over everything that was evaluated or over candidates.

use std::collections::{BTreeMap, HashMap};

use sojourn_platform::PlatformError;
use sojourn_platform::entities::{Published, Table};
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::{EntityCounts, ObjectRef};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::evaluate::{FEW, Seen};
use super::progress;
use crate::statement::SyncEntryTable;

/// The entities that were evaluated into the temporary table, by object type code.
#[derive(Debug, Clone, Default)]
pub struct Entities {
    /// Those that have entries.
    pub known: Vec<i32>,
    /// Those that have none yet, and how many rows the user has of each.
    pub new: BTreeMap<i32, u64>,
}

/// Which of these entities have entries.
///
/// # Errors
/// When the database fails.
pub async fn with_entries(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    codes: &[i32],
) -> Result<Vec<i32>, PlatformError> {
    sqlx::query_scalar(entries.with_entries().into_sqlx())
        .bind(codes)
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("looking for sync entries"))
}

/// Merges what is in the temporary table. Where there are no entries yet, there is nothing to compare with: they are
/// loaded. Answers how many entries are new, by object type code.
///
/// # Errors
/// When the database fails.
pub async fn everything(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    entities: &Entities,
    refresh: &[ObjectRef],
) -> Result<BTreeMap<i32, u64>, PlatformError> {
    let all: Vec<i32> = entities.known.iter().chain(entities.new.keys()).copied().collect();
    let asked = refresh.iter().filter(|object| all.contains(&object.object_type_code));
    let asked: (Vec<i32>, Vec<Uuid>) = asked.map(|object| (object.object_type_code, object.object_id)).unzip();
    let mut inserted = entities.new.clone();
    if !entities.known.is_empty() {
        inserted.extend(compare(tx, entries, prepare_seq, entities, &asked).await?);
    }
    if !entities.new.is_empty() {
        load(tx, entries, prepare_seq, entities).await?;
    }
    if !asked.0.is_empty() {
        let refused = sqlx::query(entries.merge_refused().into_sqlx()).persistent(false).bind(prepare_seq);
        refused.bind(&asked.0).bind(&asked.1).bind(&all).execute(&mut **tx).await.map_err(merging())?;
    }
    Ok(inserted)
}

/// The three merges, of entities that have entries. The device asks for some rows.
async fn compare(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    Entities { known, new }: &Entities,
    (codes, ids): &(Vec<i32>, Vec<Uuid>),
) -> Result<BTreeMap<i32, u64>, PlatformError> {
    let deleted = sqlx::query(entries.merge_deleted().into_sqlx()).persistent(false).bind(prepare_seq).bind(known);
    deleted.execute(&mut **tx).await.map_err(merging())?;
    let updated = sqlx::query(entries.merge_updated().into_sqlx()).persistent(false).bind(prepare_seq);
    updated.bind(codes).bind(ids).execute(&mut **tx).await.map_err(merging())?;
    let others: Vec<i32> = new.keys().copied().collect();
    let inserted: Vec<(i32, i64)> = sqlx::query_as(entries.merge_inserted().into_sqlx())
        .persistent(false)
        .bind(prepare_seq)
        .bind(others)
        .fetch_all(&mut **tx)
        .await
        .map_err(merging())?;
    Ok(inserted.into_iter().map(|(code, count)| (code, count.unsigned_abs())).collect())
}

/// Loads the entries of entities that have none. The first ones of a subscription get their indexes afterwards.
async fn load(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    Entities { known, .. }: &Entities,
) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("loading the sync entries");
    let loaded = sqlx::query(entries.load().into_sqlx()).persistent(false).bind(prepare_seq).bind(known);
    loaded.execute(&mut **tx).await.map_err(doing())?;
    sqlx::query(entries.index().into_sqlx()).persistent(false).execute(&mut **tx).await.map_err(doing())?;
    Ok(())
}

fn merging() -> impl FnOnce(sqlx::Error) -> PlatformError {
    PlatformError::doing("merging what the user has into the sync entries")
}

/// Merges the candidates of one entity, of which the user has those that were seen. Answers how many entries are new.
///
/// # Errors
/// When the database fails.
pub async fn candidates(
    tx: &mut Transaction<'_, Postgres>,
    entries: &SyncEntryTable,
    prepare_seq: i32,
    object_type_code: i32,
    candidates: &[Uuid],
    seen: &Seen,
    asked: &[Uuid],
) -> Result<u64, PlatformError> {
    let doing = || PlatformError::doing("merging what changed into the sync entries");
    let few = candidates.len() <= FEW;
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = seen.iter().copied().unzip();
    if ids.len() < candidates.len() {
        let deleted = sqlx::query(entries.merge_candidates_deleted().into_sqlx())
            .persistent(few)
            .bind(prepare_seq)
            .bind(object_type_code);
        deleted.bind(candidates).bind(&ids).execute(&mut **tx).await.map_err(doing())?;
    }
    let mut inserted = 0;
    if !ids.is_empty() {
        let updated = sqlx::query(entries.merge_candidates_updated().into_sqlx())
            .persistent(few)
            .bind(prepare_seq)
            .bind(object_type_code);
        updated.bind(&ids).bind(&versions).bind(asked).execute(&mut **tx).await.map_err(doing())?;
        let new = sqlx::query(entries.merge_candidates_inserted().into_sqlx())
            .persistent(few)
            .bind(prepare_seq)
            .bind(object_type_code);
        inserted = new.bind(&ids).bind(&versions).execute(&mut **tx).await.map_err(doing())?.rows_affected();
    }
    let unseen: Vec<Uuid> = asked.iter().filter(|id| !ids.contains(id)).copied().collect();
    if !unseen.is_empty() {
        let refused = sqlx::query(entries.merge_candidates_refused().into_sqlx())
            .persistent(few)
            .bind(prepare_seq)
            .bind(object_type_code);
        refused.bind(&unseen).execute(&mut **tx).await.map_err(doing())?;
    }
    Ok(inserted)
}

/// Forgets entries of entities that are no longer in the metadata.
///
/// # Errors
/// When the database fails.
pub async fn drop_unknown(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    entries: &SyncEntryTable,
    in_force: &[i32],
) -> Result<(), PlatformError> {
    let dropped = sqlx::query(entries.drop_unknown().into_sqlx()).bind(in_force).execute(&mut **tx).await;
    dropped.map_err(PlatformError::doing("forgetting entries of entities that are gone"))?;
    progress::progress_forget(tx, id, in_force).await
}

/// What waits, by entity in load order, of which `inserted` are new. All that is to be moved of the `loaded` entities is
/// new: it need not be counted.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    entries: &SyncEntryTable,
    metadata: &Published,
    inserted: &BTreeMap<i32, u64>,
    loaded: &[i32],
) -> Result<Vec<EntityCounts>, PlatformError> {
    let pending: Vec<(i32, i64, i64)> = sqlx::query_as(entries.pending().into_sqlx())
        .bind(id.as_str())
        .bind(loaded)
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("counting the sync entries"))?;
    let pending =
        pending.into_iter().map(|(code, rows, deletes)| (code, (rows.unsigned_abs(), deletes.unsigned_abs())));
    let pending: HashMap<i32, (u64, u64)> = pending.collect();
    Ok(metadata.entities.iter().map(|table| count(table, inserted, &pending)).collect())
}

/// Pure: what waits and is not new is an update, or was never confirmed. Where everything is new, nothing was counted.
fn count(table: &Table, inserted: &BTreeMap<i32, u64>, pending: &HashMap<i32, (u64, u64)>) -> EntityCounts {
    let code = table.object_type_code;
    let (rows, delete) = pending.get(&code).copied().unwrap_or_default();
    let insert = inserted.get(&code).copied().unwrap_or_default();
    EntityCounts {
        entity: table.entity.clone(),
        object_type_code: code,
        insert,
        update: rows.saturating_sub(insert),
        delete,
    }
}
