//! PrepareSync: one transaction that decides what must move, as the documents' three merges.

use std::collections::HashMap;

use sojourn_platform::PlatformError;
use sojourn_platform::acting::{self, Identity};
use sojourn_platform::entities::Published;
use sojourn_wire::message::prepare::{EntityCounts, ObjectRef};
use sqlx::{PgPool, Postgres, Transaction};

use super::subscription::Subscription;
use crate::statement::{self, SyncEntryTable};

/// Opens the transaction of a prepare: the subscription's entries are locked before its snapshot is taken.
///
/// # Errors
/// When the database fails.
pub async fn prepare_begin(
    pool: &PgPool,
    entries: &SyncEntryTable,
) -> Result<Transaction<'static, Postgres>, PlatformError> {
    let doing = || PlatformError::doing("beginning PrepareSync");
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(doing())?;
    sqlx::query(entries.lock().into_sqlx()).execute(&mut *tx).await.map_err(doing())?;
    Ok(tx)
}

/// Fills the temporary table with what the user sees now, entity by entity, as the user.
///
/// # Errors
/// When the identity did not take, or the database fails: the user may have lost a table.
pub async fn prepare_evaluate(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
    subscription: &Subscription,
) -> Result<(), PlatformError> {
    sqlx::raw_sql(
        "CREATE TEMPORARY TABLE sync_visible (object_type_code int NOT NULL, object_id uuid NOT NULL, version xid NOT NULL)
         ON COMMIT DROP",
    )
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("making the temporary table of PrepareSync"))?;
    let grant = sojourn_platform::Sql::new("GRANT INSERT ON pg_temp.sync_visible TO ").ident(&metadata.acting_role);
    sqlx::query(grant.into_sqlx())
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("granting the temporary table to the acting role"))?;
    let identity = Identity { user_id: subscription.user_id, acting_role: metadata.acting_role.clone() };
    acting::become_user(tx, &identity).await?;
    for table in &metadata.entities {
        sqlx::query(statement::visible(table).into_sqlx())
            .execute(&mut **tx)
            .await
            .map_err(PlatformError::doing("evaluating what the user sees"))?;
    }
    acting::check_user(tx, &identity).await?;
    acting::become_service(tx).await?;
    Ok(())
}

/// Forgets what the device has PostSynced: it holds nothing any more.
///
/// # Errors
/// When the database fails.
pub async fn prepare_reset(tx: &mut Transaction<'_, Postgres>, entries: &SyncEntryTable) -> Result<(), PlatformError> {
    let doing = PlatformError::doing("starting the subscription over");
    sqlx::query(entries.reset().into_sqlx()).execute(&mut **tx).await.map_err(doing)?;
    Ok(())
}

/// Merges deletes, updates and inserts into the sync entries, and counts what waits, in load order.
///
/// # Errors
/// When the database fails.
pub async fn prepare_merge(
    tx: &mut Transaction<'_, Postgres>,
    metadata: &Published,
    subscription: &Subscription,
    refresh: &[ObjectRef],
) -> Result<Vec<EntityCounts>, PlatformError> {
    let entries = &subscription.entries;
    let in_force: Vec<i32> = metadata.entities.iter().map(|table| table.object_type_code).collect();
    let codes: Vec<i32> = refresh.iter().map(|object| object.object_type_code).collect();
    let ids: Vec<uuid::Uuid> = refresh.iter().map(|object| object.object_id).collect();
    if !subscription.is_new {
        let doing = || PlatformError::doing("merging deletes and updates into the sync entries");
        let dropped = sqlx::query(entries.drop_unknown().into_sqlx()).bind(&in_force);
        dropped.execute(&mut **tx).await.map_err(doing())?;
        let deleted = sqlx::query(entries.merge_deleted().into_sqlx()).bind(&in_force);
        deleted.execute(&mut **tx).await.map_err(doing())?;
        let updated = sqlx::query(entries.merge_updated().into_sqlx()).bind(&codes).bind(&ids);
        updated.execute(&mut **tx).await.map_err(doing())?;
    }
    let inserted: Vec<(i32, i64)> = sqlx::query_as(entries.merge_inserted().into_sqlx())
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("merging inserts into the sync entries"))?;
    if !refresh.is_empty() {
        let refused = sqlx::query(entries.merge_refused().into_sqlx()).bind(&codes).bind(&ids).bind(&in_force);
        refused.execute(&mut **tx).await.map_err(PlatformError::doing("merging refused rows into the sync entries"))?;
    }
    let pending: Vec<(i32, i64, i64)> = sqlx::query_as(entries.pending().into_sqlx())
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("counting the sync entries"))?;
    Ok(counts(metadata, &inserted.into_iter().collect(), &pending))
}

/// Pure: what waits, by entity in load order. What waits and is not new is an update, or was never confirmed.
fn counts(metadata: &Published, inserted: &HashMap<i32, i64>, pending: &[(i32, i64, i64)]) -> Vec<EntityCounts> {
    let pending: HashMap<i32, (i64, i64)> =
        pending.iter().map(|(code, rows, deletes)| (*code, (*rows, *deletes))).collect();
    let entity = |table: &sojourn_platform::entities::Table| {
        let (rows, delete) = pending.get(&table.object_type_code).copied().unwrap_or_default();
        let insert = inserted.get(&table.object_type_code).copied().unwrap_or_default();
        EntityCounts {
            entity: table.entity.clone(),
            object_type_code: table.object_type_code,
            insert: insert.unsigned_abs(),
            update: (rows - insert).max(0).unsigned_abs(),
            delete: delete.unsigned_abs(),
        }
    };
    metadata.entities.iter().map(entity).collect()
}
