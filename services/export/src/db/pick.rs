//! Which rows come next: their keys, read as the service and shown to the user.

use sojourn_platform::PlatformError;
use sojourn_wire::message::batch::BatchKind;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::plan::{Place, Position};
use crate::reading::Export;
use crate::statement;

/// What of an entity waits, and after which position.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Waiting {
    /// The entity.
    pub code: i32,
    prepare_seq: Option<i32>,
    object_id: Option<Uuid>,
    rows: bool,
    deletes: bool,
    share: f64,
}

impl Waiting {
    /// Whether something of this kind waits.
    #[must_use]
    pub fn has(&self, kind: BatchKind) -> bool {
        match kind {
            BatchKind::Rows => self.rows,
            BatchKind::Deletes => self.deletes,
        }
    }

    /// The share of the table's rows that the session moves, from 0 to about 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share
    }

    /// The device has the entity's rows up to here.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        Some(Position { prepare_seq: self.prepare_seq?, object_id: self.object_id? })
    }
}

/// What waits for a session, by entity.
///
/// # Errors
/// When the database fails.
pub async fn waiting(pool: &PgPool, export: &Export) -> Result<Vec<Waiting>, PlatformError> {
    let tables = || export.metadata.entities.iter();
    sqlx::query_as(statement::waiting(export.number)?.into_sqlx())
        .bind(tables().map(|table| table.object_type_code).collect::<Vec<_>>())
        .bind(export.subscription.as_str())
        .bind(export.prepare_seq)
        .bind(tables().map(|table| table.schema.name()).collect::<Vec<_>>())
        .bind(tables().map(|table| table.table.name()).collect::<Vec<_>>())
        .bind(export.session)
        .fetch_all(pool)
        .await
        .map_err(PlatformError::doing("looking for what waits"))
}

/// The next ids to delete, in order.
///
/// # Errors
/// When the database fails.
pub async fn delete_keys(
    pool: &PgPool,
    subscription_number: i64,
    place: Place,
    most: u32,
) -> Result<Vec<Uuid>, PlatformError> {
    sqlx::query_scalar(statement::pick_deletes(subscription_number)?.into_sqlx())
        .bind(place.step.object_type_code)
        .bind(place.after.map(|after| after.object_id))
        .bind(i64::from(most))
        .fetch_all(pool)
        .await
        .map_err(PlatformError::doing("picking the keys of a batch"))
}

/// The next keys of an entity after a place, in the order of their entries.
///
/// # Errors
/// When the database fails.
pub(super) async fn pick_rows(
    tx: &mut Transaction<'_, Postgres>,
    export: &Export,
    place: Place,
    most: u32,
) -> Result<Vec<Position>, PlatformError> {
    let after = place.after.unwrap_or(Position { prepare_seq: -1, object_id: Uuid::nil() });
    // A plan for any position and any number of rows would be one for few.
    let picked: Vec<(i32, Uuid)> = sqlx::query_as(statement::pick_rows(export.number)?.into_sqlx())
        .persistent(false)
        .bind(place.step.object_type_code)
        .bind(after.prepare_seq)
        .bind(after.object_id)
        .bind(export.prepare_seq)
        .bind(i64::from(most))
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("picking the keys of a batch"))?;
    Ok(picked.into_iter().map(|(prepare_seq, object_id)| Position { prepare_seq, object_id }).collect())
}

/// So many keys are worth a look at them, so that the plan fits.
const MANY: usize = 1_000;

/// Puts keys where the user can see them.
///
/// # Errors
/// When the database fails.
pub(super) async fn note_keys(tx: &mut Transaction<'_, Postgres>, keys: &[Position]) -> Result<(), PlatformError> {
    let doing = || PlatformError::doing("noting the keys of a batch");
    let (sequences, ids): (Vec<i32>, Vec<Uuid>) = keys.iter().map(|key| (key.prepare_seq, key.object_id)).unzip();
    sqlx::query("INSERT INTO pg_temp.export_key SELECT * FROM unnest($1::int[], $2::uuid[])")
        .bind(sequences)
        .bind(ids)
        .execute(&mut **tx)
        .await
        .map_err(doing())?;
    if keys.len() >= MANY {
        sqlx::raw_sql("ANALYZE pg_temp.export_key").execute(&mut **tx).await.map_err(doing())?;
    }
    Ok(())
}

/// Makes Postgres read the table in its own order and sort: it takes an index scan of most of a table for cheaper than
/// it is. Other plans, such as those of policies, keep their bitmap scans of indexes.
///
/// # Errors
/// When the database fails.
pub(super) async fn plan_to_sort(tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
    let set = sqlx::raw_sql("SET LOCAL enable_indexscan = off; SET LOCAL work_mem = '64MB'").execute(&mut **tx).await;
    set.map_err(PlatformError::doing("planning the read of a batch"))?;
    Ok(())
}
