//! Reading a batch's keys as the service, and its rows as the user.

use futures_util::StreamExt as _;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::{self, Identity};
use sojourn_platform::entities::Table;
use sojourn_platform::sql::Ident;
use sojourn_wire::batch::{BatchError, BatchWriter, CopyStream};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::keys;
use crate::plan::{Place, Step};
use crate::statement;

/// How much a batch may hold.
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// The most rows.
    pub rows: u32,
    /// No row is added beyond this many bytes, as Postgres sent them; a single larger row is a batch of its own.
    pub bytes: u64,
    /// A row of more bytes is left out: devices would refuse its batch.
    pub row_bytes: u64,
}

/// A batch's rows could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The database failed, or the user may not read the table any more.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// What Postgres sent cannot be a batch.
    #[error("{entity} cannot be made into a batch: {source}")]
    Batch {
        /// The entity.
        entity: String,
        /// What is wrong.
        source: BatchError,
    },
    /// What Postgres sent cannot be compared with a device.
    #[error("{entity} cannot be compared: {source}")]
    Compare {
        /// The entity.
        entity: String,
        /// What is wrong.
        source: BatchError,
    },
}

/// What was read into the writer: the range of keys, and those in it that were hidden, gone or too large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Up to this key.
    pub to_key: Uuid,
    /// Not shipped.
    pub skipped: Vec<Uuid>,
}

/// Which entities have something to move (state 1) or to delete (state 2).
///
/// # Errors
/// When the database fails.
pub async fn waiting(pool: &PgPool, subscription_number: i64) -> Result<Vec<(i32, i16)>, PlatformError> {
    sqlx::query_as(statement::waiting(subscription_number)?.into_sqlx())
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
    acting_role: &Ident,
    subscription_number: i64,
    place: Place,
    most: u32,
) -> Result<Vec<Uuid>, PlatformError> {
    let mut connection = connection(pool, acting_role).await?;
    let mut tx = begin(&mut connection).await?;
    pick_keys(&mut tx, subscription_number, place, most).await
}

/// Reads the next rows of an entity into the writer. `None` when there are no keys.
///
/// # Errors
/// [`RowsError`]; the writer then holds part of a batch and is of no use.
pub async fn read_rows(
    pool: &PgPool,
    identity: &Identity,
    table: &Table,
    subscription_number: i64,
    place: Place,
    ceiling: Ceiling,
    writer: &mut BatchWriter,
) -> Result<Option<Range>, RowsError> {
    let mut connection = connection(pool, &identity.acting_role).await?;
    let mut tx = begin(&mut connection).await?;
    let keys = pick_keys(&mut tx, subscription_number, place, ceiling.rows).await?;
    let (Some(first), Some(last)) = (keys.first(), keys.last()) else {
        return Ok(None);
    };
    acting::become_user(&mut tx, identity).await.map_err(PlatformError::from)?;
    let copied = copy(&mut tx, table, *first, *last, ceiling, writer).await;
    match copied {
        Ok(Copied { shipped, complete: true, .. }) => {
            tx.rollback().await.map_err(PlatformError::doing("ending the read"))?;
            // A large row leaves a buffer of its size behind.
            connection.shrink_buffers();
            Ok(Some(range(&keys, &shipped, *last)))
        }
        Ok(Copied { shipped, reached, complete: false }) => {
            // The rest of this COPY is still coming: it costs less to leave than to read it.
            drop(tx);
            let _ = connection.detach().close_hard().await;
            let to_key = reached.unwrap_or(*last);
            Ok(Some(range(&keys, &shipped, to_key)))
        }
        Err(error) => {
            drop(tx);
            let _ = connection.detach().close_hard().await;
            Err(error)
        }
    }
}

/// Pure: the keys up to `to_key` that were not shipped.
fn range(keys: &[Uuid], shipped: &[Uuid], to_key: Uuid) -> Range {
    let mut shipped = shipped.iter().peekable();
    let missing = |key: &&Uuid| shipped.next_if_eq(key).is_none();
    Range { to_key, skipped: keys.iter().take_while(|key| **key <= to_key).filter(missing).copied().collect() }
}

struct Copied {
    shipped: Vec<Uuid>,
    /// The last row that was looked at, shipped or left out.
    reached: Option<Uuid>,
    complete: bool,
}

async fn copy(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    first: Uuid,
    last: Uuid,
    ceiling: Ceiling,
    writer: &mut BatchWriter,
) -> Result<Copied, RowsError> {
    let doing = || PlatformError::doing("reading the rows of a batch");
    let broken = |source| RowsError::Batch { entity: table.entity.clone(), source };
    let sql = statement::copy_rows(table, first, last);
    let connection: &mut PgConnection = &mut *tx;
    let mut chunks = connection.copy_out_raw(sql.text()).await.map_err(doing())?;
    let mut tuples = CopyStream::new();
    let (mut shipped, mut reached) = (Vec::new(), None);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(doing())?;
        let mut rest: &[u8] = &chunk;
        while let Some(tuple) = tuples.next_tuple(&mut rest).map_err(broken)? {
            let (id, bytes) = (object_id(tuple), tuple.len() as u64);
            if bytes > ceiling.row_bytes {
                too_large(table, id, bytes, ceiling.row_bytes);
                reached = Some(id);
                continue;
            }
            if writer.rows() > 0 && writer.raw_bytes() + bytes > ceiling.bytes {
                return Ok(Copied { shipped, reached, complete: false });
            }
            writer.push_copy_row(tuple).map_err(broken)?;
            shipped.push(id);
            reached = Some(id);
        }
    }
    tuples.finish().map_err(broken)?;
    Ok(Copied { shipped, reached, complete: true })
}

/// Says what is left out, and not what is in it.
fn too_large(table: &Table, object_id: Uuid, bytes: u64, most: u64) {
    let entity = &table.entity;
    tracing::error!(
        %entity, %object_id, bytes,
        "{entity} {object_id} is left out: its {bytes} bytes are more than the {most} that a device accepts; make it smaller"
    );
}

/// The object id of a tuple: its first field, a uuid.
pub(super) fn object_id(tuple: &[u8]) -> Uuid {
    const FIELD_COUNT_AND_LENGTH: usize = 6;
    let bytes = tuple.get(FIELD_COUNT_AND_LENGTH..FIELD_COUNT_AND_LENGTH + 16);
    bytes.and_then(|bytes| Uuid::from_slice(bytes).ok()).unwrap_or_default()
}

async fn connection(pool: &PgPool, acting_role: &Ident) -> Result<PoolConnection<Postgres>, PlatformError> {
    let create = "CREATE TEMPORARY TABLE export_key (object_id uuid PRIMARY KEY) ON COMMIT DELETE ROWS";
    keys::connection(pool, acting_role, "export_key", create).await
}

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, PlatformError> {
    connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .await
        .map_err(PlatformError::doing("beginning the read of a batch"))
}

async fn pick_keys(
    tx: &mut Transaction<'_, Postgres>,
    subscription_number: i64,
    place: Place,
    most: u32,
) -> Result<Vec<Uuid>, PlatformError> {
    let Place { step: Step { kind, object_type_code }, after } = place;
    let doing = || PlatformError::doing("picking the keys of a batch");
    sqlx::query(statement::pick(subscription_number, kind)?.into_sqlx())
        .bind(object_type_code)
        .bind(after)
        .bind(i64::from(most))
        .execute(&mut **tx)
        .await
        .map_err(doing())?;
    sqlx::query_scalar("SELECT object_id FROM pg_temp.export_key ORDER BY object_id")
        .fetch_all(&mut **tx)
        .await
        .map_err(doing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_were_not_shipped_are_told() {
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        let all = range(&ids, &ids, ids[4]);
        assert_eq!(all, Range { to_key: ids[4], skipped: vec![] });
        let some = range(&ids, &[ids[1], ids[3]], ids[4]);
        assert_eq!(some.skipped, [ids[0], ids[2], ids[4]]);
        let cut = range(&ids, &[ids[0], ids[2]], ids[2]);
        assert_eq!(cut, Range { to_key: ids[2], skipped: vec![ids[1]] });
        assert_eq!(range(&ids, &[], ids[4]).skipped, ids);
    }
}
