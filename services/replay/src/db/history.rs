//! What is known of the objects at hand: what blocks them, and which versions of their rows the device has seen.
//!
//! Each object is looked up by itself (`LATERAL`): a table that was never analysed looks small to Postgres, and would be read
//! as a whole for each chunk.

use std::collections::{BTreeSet, HashMap};

use sojourn_platform::PlatformError;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::Operation;
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::subscription::Subscription;
use crate::merge::{Known, Left, Own};
use crate::park::{Blocks, Open};
use crate::ties::{Object, Ties};

#[derive(sqlx::FromRow)]
struct OpenRow {
    sequence: i64,
    origin: i64,
    object_type_code: i32,
    object_id: Uuid,
    command: String,
    cause: i64,
    leaves: Option<Json<Vec<Object>>>,
}

impl OpenRow {
    fn into_open(self) -> Open {
        Open {
            sequence: self.sequence.unsigned_abs(),
            origin: self.origin.unsigned_abs(),
            object: (self.object_type_code, self.object_id),
            creates: self.command == "create",
            leaves: self.leaves.map(|Json(leaves)| leaves).unwrap_or_default(),
            cause: self.cause.unsigned_abs(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct OwnRow {
    object_type_code: i32,
    object_id: Uuid,
    row_version: String,
    whole: bool,
    attributes: Json<Vec<String>>,
    unseen: bool,
}

/// What is open on the objects at hand or leaves one that is deleted, and the places of the operations that come again. What
/// an earlier database of the device left open (below `since`) blocks nothing: nobody can settle it any more.
pub(super) async fn blocks(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
    ties: &[Ties],
    since: u64,
) -> Result<Blocks, PlatformError> {
    let (codes, ids): (Vec<i32>, Vec<Uuid>) = objects(ties).into_iter().unzip();
    let mut open: Vec<OpenRow> = sqlx::query_as(
        "SELECT o.sequence, o.origin, o.object_type_code, o.object_id, o.command, coalesce(o.cause, o.sequence) AS cause,
                o.leaves
           FROM unnest($2::int[], $3::uuid[]) AS at_hand (code, id)
          CROSS JOIN LATERAL (
                SELECT * FROM sojourn.operation
                 WHERE subscription_id = $1 AND object_id = at_hand.id AND object_type_code = at_hand.code
                   AND settled_by IS NULL AND verdict NOT IN ('applied', 'merged') AND command <> 'discard'
                OFFSET 0) AS o
          WHERE o.sequence >= $4",
    )
    .bind(subscription.as_str())
    .bind(codes)
    .bind(ids)
    .bind(since.cast_signed())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading what is not settled"))?;
    if ties.iter().any(|ties| !ties.deletes.is_empty()) {
        open.extend(leaving(tx, subscription, since).await?);
    }
    let settled: Vec<i64> = operations.iter().filter_map(|o| o.settles).map(u64::cast_signed).collect();
    let origins: Vec<(i64, i64)> = match settled.is_empty() {
        true => Vec::new(),
        false => sqlx::query_as(
            "SELECT sequence, origin FROM sojourn.operation WHERE subscription_id = $1 AND sequence = ANY ($2)",
        )
        .bind(subscription.as_str())
        .bind(settled)
        .fetch_all(&mut **tx)
        .await
        .map_err(PlatformError::doing("reading what is settled"))?,
    };
    let number = |(sequence, origin): (i64, i64)| (sequence.unsigned_abs(), origin.unsigned_abs());
    Ok(Blocks::new(open.into_iter().map(OpenRow::into_open), origins.into_iter().map(number).collect()))
}

/// Every object at hand, once.
pub(super) fn objects(ties: &[Ties]) -> Vec<Object> {
    let objects: BTreeSet<Object> = ties.iter().flat_map(Ties::all).collect();
    objects.into_iter().collect()
}

/// What is open of rows that were to leave another; there are few.
async fn leaving(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    since: u64,
) -> Result<Vec<OpenRow>, PlatformError> {
    sqlx::query_as(
        "SELECT sequence, origin, object_type_code, object_id, command, coalesce(cause, sequence) AS cause, leaves
           FROM sojourn.operation
          WHERE subscription_id = $1 AND sequence >= $2 AND leaves IS NOT NULL
            AND settled_by IS NULL AND verdict NOT IN ('applied', 'merged') AND command <> 'discard'",
    )
    .bind(subscription.as_str())
    .bind(since.cast_signed())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading which rows were to leave others"))
}

/// The versions of these objects that the device holds, and that the subscription's own operations left.
pub(super) async fn known(
    tx: &mut Transaction<'_, Postgres>,
    id: &SubscriptionId,
    subscription: &Subscription,
    objects: &[Object],
) -> Result<HashMap<Object, Known>, PlatformError> {
    let mut all: HashMap<Object, Known> = HashMap::new();
    let doing = || PlatformError::doing("reading which versions of rows the device has seen");
    let (codes, ids): (Vec<i32>, Vec<Uuid>) = objects.iter().copied().unzip();
    let own: Vec<OwnRow> = sqlx::query_as(
        "SELECT at_hand.code AS object_type_code, at_hand.id AS object_id, o.row_version::text,
                o.whole, coalesce(o.attributes, '[]') AS attributes, o.unseen
           FROM unnest($2::int[], $3::uuid[]) AS at_hand (code, id)
          CROSS JOIN LATERAL (
                SELECT row_version, whole, attributes, unseen FROM sojourn.operation
                 WHERE subscription_id = $1 AND object_id = at_hand.id AND object_type_code = at_hand.code
                   AND row_version IS NOT NULL
                 ORDER BY object_id, sequence DESC LIMIT 1) AS o",
    )
    .bind(id.as_str())
    .bind(&codes)
    .bind(&ids)
    .fetch_all(&mut **tx)
    .await
    .map_err(doing())?;
    for OwnRow { object_type_code, object_id, row_version, whole, attributes: Json(attributes), unseen } in own {
        let left = Left { whole, attributes, unseen, before: None };
        let known = all.entry((object_type_code, object_id)).or_default();
        known.own = row_version.parse().ok().map(|version| Own { version, left });
    }
    if !subscription.has_entries {
        return Ok(all);
    }
    let entries = Ident::new(&format!("sync_state_{}", subscription.number))?;
    let sql = Sql::new("SELECT e.object_type_code, e.object_id, e.version::text")
        .raw(" FROM unnest($1::int[], $2::uuid[]) AS at_hand (code, id)")
        .raw(" CROSS JOIN LATERAL (SELECT * FROM sojourn.")
        .ident(&entries)
        .raw(" WHERE object_type_code = at_hand.code AND object_id = at_hand.id AND sync_state = 0 OFFSET 0) AS e");
    let held: Vec<(i32, Uuid, String)> =
        sqlx::query_as(sql.into_sqlx()).bind(codes).bind(ids).fetch_all(&mut **tx).await.map_err(doing())?;
    for (object_type_code, object_id, version) in held {
        all.entry((object_type_code, object_id)).or_default().device = version.parse().ok();
    }
    Ok(all)
}
