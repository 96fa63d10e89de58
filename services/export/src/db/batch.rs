//! What was shipped: one row for each batch, written before the agent hears of it.

use sojourn_platform::PlatformError;
use sojourn_wire::message::batch::{BatchKind, BatchManifest};
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use crate::plan::{Place, Position, Step};

/// A batch that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its number.
    pub number: u32,
    /// Where it ended; none at the end of the session.
    pub ended: Option<Place>,
    /// What the agent is told.
    pub manifest: BatchManifest,
}

/// A batch to be recorded.
#[derive(Debug)]
pub struct NewBatch<'a> {
    /// What it holds, of which entity; none at the end of the session.
    pub step: Option<Step>,
    /// After this position.
    pub after: Option<Position>,
    /// Up to this position.
    pub to: Option<Position>,
    /// The keys in between that were not shipped.
    pub skipped: &'a [Uuid],
    /// What the agent is told.
    pub manifest: &'a BatchManifest,
}

#[derive(sqlx::FromRow)]
struct Row {
    number: i32,
    kind: String,
    object_type_code: i32,
    prepare_seq: Option<i32>,
    to_key: Option<Uuid>,
    manifest: Json<BatchManifest>,
}

impl From<Row> for Made {
    fn from(row: Row) -> Self {
        let step = kind_of(&row.kind).map(|kind| Step { kind, object_type_code: row.object_type_code });
        let position = |object_id| Position { prepare_seq: row.prepare_seq.unwrap_or(0), object_id };
        let ended = step.map(|step| Place { step, after: row.to_key.map(position) });
        Self { number: row.number.unsigned_abs(), ended, manifest: row.manifest.0 }
    }
}

/// What a batch holds; none at the end of the session.
pub(super) fn kind_of(word: &str) -> Option<BatchKind> {
    match word {
        "rows" => Some(BatchKind::Rows),
        "deletes" => Some(BatchKind::Deletes),
        _ => None,
    }
}

/// The last batch of a session and those before it that the device has not received, in order.
///
/// # Errors
/// When the database fails.
pub async fn batch_outstanding(pool: &PgPool, session: Uuid, received: i32) -> Result<Vec<Made>, PlatformError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT number, kind, object_type_code, prepare_seq, to_key, manifest FROM sojourn.batch
          WHERE session_id = $1
            AND (number > $2 OR number = (SELECT max(number) FROM sojourn.batch WHERE session_id = $1))
          ORDER BY number",
    )
    .bind(session)
    .bind(received)
    .fetch_all(pool)
    .await
    .map_err(PlatformError::doing("reading the session's batches"))?;
    Ok(rows.into_iter().map(Made::from).collect())
}

/// What came of recording a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is recorded.
    Yes,
    /// The session is not open any more.
    Closed,
    /// Another worker has recorded a batch of this number: this one slept and lost its session.
    Taken,
}

/// Records a batch, while its session is open.
///
/// # Errors
/// When the database fails.
pub async fn batch_record(pool: &PgPool, batch: &NewBatch<'_>) -> Result<Recorded, PlatformError> {
    let kind = match batch.step.map(|step| step.kind) {
        Some(BatchKind::Rows) => "rows",
        Some(BatchKind::Deletes) => "deletes",
        None => "end",
    };
    let recorded = sqlx::query(
        "INSERT INTO sojourn.batch
                (session_id, number, kind, object_type_code, after_key, prepare_seq, to_key, skipped, manifest)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
          WHERE EXISTS (SELECT FROM sojourn.session WHERE id = $1 AND state = 'open')",
    )
    .bind(batch.manifest.session)
    .bind(i64::from(batch.manifest.batch))
    .bind(kind)
    .bind(batch.step.map_or(0, |step| step.object_type_code))
    .bind(batch.after.map(|after| after.object_id))
    .bind(batch.to.map(|to| to.prepare_seq))
    .bind(batch.to.map(|to| to.object_id))
    .bind(batch.skipped)
    .bind(Json(batch.manifest))
    .execute(pool)
    .await;
    match recorded {
        Ok(done) if done.rows_affected() == 0 => Ok(Recorded::Closed),
        Ok(_) => Ok(Recorded::Yes),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(Recorded::Taken),
        Err(error) => Err(PlatformError::doing("recording a batch")(error)),
    }
}
