//! Reading, for a verification, the entries as the service, and the rows that are as they were sent as the user.

use futures_util::StreamExt as _;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::{self, Identity};
use sojourn_platform::entities::Table;
use sojourn_platform::sql::Ident;
use sojourn_wire::batch::{CopyStream, Digest, RowHasher, ValueType};
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::keys;
use super::rows::{RowsError, object_id};
use crate::compare::{self, Bounds};
use crate::statement;

/// A subscription as a verification needs it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Subscription {
    /// The number that names its sync entry table.
    pub number: i64,
    /// The configured set of entities.
    pub dataset: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Whether it may synchronise.
    pub status: String,
    /// Whether the device that asks is the one that synchronises it.
    pub is_primary: bool,
}

/// What is asked about one entity.
#[derive(Debug)]
pub struct Question<'a> {
    /// The number of the subscription.
    pub subscription_number: i64,
    /// Its id.
    pub subscription: &'a SubscriptionId,
    /// The entity's table.
    pub table: &'a Table,
    /// The ranges, in key order, not overlapping.
    pub bounds: &'a [Bounds],
    /// Every entry's id is wanted, if there are no more than this.
    pub ids_up_to: Option<u64>,
}

/// What the device should hold of the ranges.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// How many entries each range has.
    pub counts: Vec<u64>,
    /// Their ids, in key order; none when they were not asked for, or are more than was asked for: then no row was read.
    pub ids: Option<Vec<Uuid>>,
}

/// The subscription, if the agent is one of its clients.
///
/// # Errors
/// When the database fails.
pub async fn subscription_of(
    pool: &PgPool,
    agent: &AgentId,
    id: &SubscriptionId,
) -> Result<Option<Subscription>, PlatformError> {
    sqlx::query_as(
        "SELECT s.number, s.dataset, s.user_id, s.status, c.is_primary
           FROM sojourn.subscription s JOIN sojourn.subscription_client c ON c.subscription_id = s.id
          WHERE s.id = $1 AND c.client_id = $2",
    )
    .bind(id.as_str())
    .bind(agent.as_str())
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("looking up the subscription"))
}

/// Hands the digest of every row that is as it was sent to `visit`, in key order. One row is in memory at a time.
///
/// # Errors
/// [`RowsError`]; the digests until then are of no use.
pub async fn read_unchanged(
    pool: &PgPool,
    identity: &Identity,
    question: &Question<'_>,
    visit: impl FnMut(Uuid, Digest),
) -> Result<Entries, RowsError> {
    let mut connection = connection(pool, &identity.acting_role).await?;
    let read = read(&mut connection, identity, question, visit).await;
    match read {
        // A large row leaves a buffer of its size behind.
        Ok(_) => connection.shrink_buffers(),
        // The rest of a COPY may still be coming.
        Err(_) => drop(connection.detach().close_hard().await),
    }
    read
}

async fn read(
    connection: &mut PgConnection,
    identity: &Identity,
    question: &Question<'_>,
    visit: impl FnMut(Uuid, Digest),
) -> Result<Entries, RowsError> {
    let (Some(first), Some(last)) = (question.bounds.first(), question.bounds.last()) else {
        return Ok(Entries { ids: question.ids_up_to.map(|_| Vec::new()), ..Entries::default() });
    };
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    let doing = PlatformError::doing("beginning a verification");
    let mut tx = connection.begin_with(begin).await.map_err(doing)?;
    let entries = note_entries(&mut tx, question).await?;
    if question.ids_up_to.is_none() || entries.ids.is_some() {
        acting::become_user(&mut tx, identity).await.map_err(PlatformError::from)?;
        copy(&mut tx, question.table, first.first, last.last, visit).await?;
    }
    tx.rollback().await.map_err(PlatformError::doing("ending a verification"))?;
    Ok(entries)
}

/// Puts the entries of the ranges into the temporary table, and tells how many there are, and which.
async fn note_entries(tx: &mut Transaction<'_, Postgres>, question: &Question<'_>) -> Result<Entries, PlatformError> {
    let doing = || PlatformError::doing("reading the entries of a verification");
    let firsts: Vec<Uuid> = question.bounds.iter().map(|bounds| bounds.first).collect();
    let lasts: Vec<Uuid> = question.bounds.iter().map(|bounds| bounds.last).collect();
    sqlx::query(statement::note_entries(question.subscription_number)?.into_sqlx())
        .bind(question.table.object_type_code)
        .bind(firsts)
        .bind(lasts)
        .bind(question.subscription.as_str())
        .execute(&mut **tx)
        .await
        .map_err(doing())?;
    let counted: Vec<i64> = sqlx::query_scalar(
        "SELECT count(k.object_id) FROM generate_series(1, $1) n (number)
           LEFT JOIN pg_temp.verify_key k ON k.range = n.number
          GROUP BY n.number ORDER BY n.number",
    )
    .bind(question.bounds.len() as i64)
    .fetch_all(&mut **tx)
    .await
    .map_err(doing())?;
    let counts: Vec<u64> = counted.into_iter().map(i64::unsigned_abs).collect();
    let wanted = question.ids_up_to.is_some_and(|most| counts.iter().sum::<u64>() <= most);
    let ids = match wanted {
        false => None,
        true => Some(
            sqlx::query_scalar("SELECT object_id FROM pg_temp.verify_key ORDER BY object_id")
                .fetch_all(&mut **tx)
                .await
                .map_err(doing())?,
        ),
    };
    Ok(Entries { counts, ids })
}

async fn copy(
    tx: &mut Transaction<'_, Postgres>,
    table: &Table,
    first: Uuid,
    last: Uuid,
    mut visit: impl FnMut(Uuid, Digest),
) -> Result<(), RowsError> {
    let doing = || PlatformError::doing("reading the rows of a verification");
    let broken = |source| RowsError::Compare { entity: table.entity.clone(), source };
    let types: Vec<ValueType> = compare::types(table);
    let sql = statement::copy_unchanged(table, first, last);
    let connection: &mut PgConnection = &mut *tx;
    let mut chunks = connection.copy_out_raw(sql.text()).await.map_err(doing())?;
    let (mut tuples, mut hasher) = (CopyStream::new(), RowHasher::new());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(doing())?;
        let mut rest: &[u8] = &chunk;
        while let Some(tuple) = tuples.next_tuple(&mut rest).map_err(broken)? {
            visit(object_id(tuple), hasher.tuple(tuple, &types).map_err(broken)?);
        }
    }
    tuples.finish().map_err(broken)
}

async fn connection(pool: &PgPool, acting_role: &Ident) -> Result<PoolConnection<Postgres>, PlatformError> {
    let create = "CREATE TEMPORARY TABLE verify_key (object_id uuid PRIMARY KEY, version xid, range bigint NOT NULL)
                  ON COMMIT DELETE ROWS";
    keys::connection(pool, acting_role, "verify_key", create).await
}
