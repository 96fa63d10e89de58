//! Reading a batch's keys as the service, and its rows as the user.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use sojourn_platform::PlatformError;
use sojourn_platform::acting;
use sojourn_platform::entities::Table;
use sojourn_platform::sql::Ident;
use sojourn_wire::batch::{BatchError, CopyStream};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::keys;
use super::pick::{note_keys, pick_rows, plan_to_sort};
use crate::cut::{Cutter, Piece, Pushed};
use crate::file::{Read, micros};
use crate::output::{Flow, Output};
use crate::pace::{Ceiling, Reach};
use crate::plan::{Place, Position};
use crate::reading::Export;
use crate::statement;

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

/// What one query reads.
#[derive(Debug)]
pub struct Ask<'a> {
    /// For which session.
    pub export: &'a Export,
    /// The entity's table.
    pub table: &'a Table,
    /// After which position.
    pub place: Place,
    /// How the rows are reached.
    pub reach: Reach,
}

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There were no keys.
    Nothing,
    /// Everything was read, up to here.
    All(Position),
    /// It was left here: the device does not keep up.
    Left(Position),
}

/// Reads the next rows of an entity in one query, as the user, and hands them on in batches as large as `pace` says
/// then. Answers how far it came.
///
/// # Errors
/// [`RowsError`]; what was handed on is whole.
pub async fn read_rows(
    pool: &PgPool,
    ask: &Ask<'_>,
    pace: impl Fn() -> Ceiling + Sync,
    output: &mut Output,
) -> Result<Ended, RowsError> {
    let started = Instant::now();
    let mut connection = connection(pool, &ask.export.identity.acting_role).await?;
    let mut tx = begin(&mut connection).await?;
    let keys = pick_rows(&mut tx, ask.export, ask.place, ask.reach.query_rows(pace().rows)).await?;
    let (Some(first), Some(last)) = (keys.first().copied(), keys.last().copied()) else { return Ok(Ended::Nothing) };
    let reach = match ask.reach {
        // Keys of several prepares lie anywhere.
        _ if first.prepare_seq != last.prepare_seq => Reach::Keys,
        reach => reach,
    };
    match reach {
        Reach::Keys => note_keys(&mut tx, &keys).await?,
        Reach::Range => {}
        Reach::Sweep => plan_to_sort(&mut tx).await?,
    }
    acting::become_user(&mut tx, &ask.export.identity).await.map_err(PlatformError::from)?;
    let copied = copy(&mut tx, ask, reach, keys, pace, output, started).await;
    match copied {
        Ok(None) => {
            tx.rollback().await.map_err(PlatformError::doing("ending the read"))?;
            // A large row leaves a buffer of its size behind.
            connection.shrink_buffers();
            Ok(Ended::All(last))
        }
        Ok(Some(left_at)) => {
            // The rest of this COPY is still coming: it costs less to leave than to read it.
            drop(tx);
            let _ = connection.detach().close_hard().await;
            Ok(Ended::Left(left_at))
        }
        Err(error) => {
            drop(tx);
            let _ = connection.detach().close_hard().await;
            Err(error)
        }
    }
}

/// So long may rows come out of one query, after the first: what the user may read is decided by its snapshot.
const LIFE: Duration = Duration::from_secs(5);

/// Streams the rows of the picked keys. Answers where it left, if it left before the end.
async fn copy(
    tx: &mut Transaction<'_, Postgres>,
    ask: &Ask<'_>,
    reach: Reach,
    keys: Vec<Position>,
    pace: impl Fn() -> Ceiling,
    output: &mut Output,
    mut started: Instant,
) -> Result<Option<Position>, RowsError> {
    let table = ask.table;
    let doing = || PlatformError::doing("reading the rows of a batch");
    let broken = |source| RowsError::Batch { entity: table.entity.clone(), source };
    let sql = match (reach, keys.first(), keys.last()) {
        (Reach::Range | Reach::Sweep, Some(first), Some(last)) => {
            statement::copy_range(table, first.object_id, last.object_id)
        }
        _ => statement::copy_keys(table, &keys),
    };
    let attributes = table.columns.iter().map(|column| column.attribute.id).collect();
    let mut cutter = Cutter::new(attributes, keys, ask.place).map_err(broken)?;
    let connection: &mut PgConnection = &mut *tx;
    let mut chunks = connection.copy_out_raw(sql.text()).await.map_err(doing())?;
    let mut tuples = CopyStream::new();
    let (mut ceiling, mut first_came) = (pace(), None);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(doing())?;
        let mut rest: &[u8] = &chunk;
        while let Some(tuple) = tuples.next_tuple(&mut rest).map_err(broken)? {
            let (id, bytes) = (object_id(tuple), tuple.len() as u64);
            if reach != Reach::Keys && !cutter.wants(id) {
                continue;
            }
            if let Some(piece) = cutter.full(bytes, ceiling).map_err(broken)? {
                let to = piece.range.to;
                let came: &mut Instant = first_came.get_or_insert_with(Instant::now);
                if output.take(read(piece, started)).await == Flow::Leave || came.elapsed() > LIFE {
                    return Ok(Some(to));
                }
                (started, ceiling) = (Instant::now(), pace());
            }
            if cutter.push(id, tuple, ceiling).map_err(broken)? == Pushed::TooLarge {
                too_large(table, id, bytes, ceiling.row_bytes);
            }
        }
    }
    tuples.finish().map_err(broken)?;
    drop(chunks);
    if let Some(piece) = cutter.rest().map_err(broken)? {
        output.take(read(piece, started)).await;
    }
    Ok(None)
}

fn read(piece: Piece, started: Instant) -> Read {
    let Piece { place, range, writer } = piece;
    Read { place, range, writer, read_us: micros(started) }
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
    let create = "CREATE TEMPORARY TABLE export_key (prepare_seq int NOT NULL, object_id uuid NOT NULL)
                  ON COMMIT DELETE ROWS";
    keys::connection(pool, acting_role, "export_key", create).await
}

async fn begin(connection: &mut PgConnection) -> Result<Transaction<'_, Postgres>, PlatformError> {
    connection
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        .await
        .map_err(PlatformError::doing("beginning the read of a batch"))
}
