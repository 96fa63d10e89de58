//! Verdicts in the table `sojourn.operation`: stored with the operation's effect, read when a chunk comes again.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::{Operation, Verdict, VerdictKind};
use sqlx::types::Json;
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::player::Played;
use crate::refusal::tidy;

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    command: String,
    object_type_code: i32,
    object_id: Uuid,
    captured_at: String,
    verdict: String,
    trace_id: String,
    detail: Option<Json<Verdict>>,
}

impl Row {
    /// The number stands for the same operation.
    fn is_of(&self, operation: &Operation) -> bool {
        self.sequence.unsigned_abs() == operation.sequence
            && self.command == operation.command.word()
            && self.object_type_code == operation.object_type_code
            && self.object_id == operation.object_id
            && self.captured_at == tidy(&operation.captured_at)
    }

    fn into_verdict(self) -> Verdict {
        let kind = VerdictKind::from_word(&self.verdict);
        let plain = || Verdict::new(self.sequence.unsigned_abs(), kind, &self.trace_id);
        self.detail.map_or_else(plain, |Json(verdict)| verdict)
    }
}

/// The stored verdicts of operations that lie behind the fence, or in words why these cannot be the same operations:
/// a device that was restored from a copy counts again from where it was, and must not take another's verdict.
pub(super) async fn verdicts_stored(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
) -> Result<Result<Vec<Verdict>, String>, PlatformError> {
    let [first, .., last] = match operations {
        [] => return Ok(Ok(Vec::new())),
        [only] => [only, only],
        [first, .., last] => [first, last],
    };
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT sequence, command, object_type_code, object_id, captured_at, verdict, trace_id, detail
           FROM sojourn.operation WHERE subscription_id = $1 AND sequence BETWEEN $2 AND $3 ORDER BY sequence",
    )
    .bind(subscription.as_str())
    .bind(first.sequence.cast_signed())
    .bind(last.sequence.cast_signed())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("reading stored verdicts"))?;
    if rows.len() == operations.len() && rows.iter().zip(operations).all(|(row, operation)| row.is_of(operation)) {
        return Ok(Ok(rows.into_iter().map(Row::into_verdict).collect()));
    }
    Ok(Err(format!(
        "the server has played back other operations under the numbers {} to {}: this device seems to have been \
         restored from a copy; save what is not sent and init anew",
        first.sequence, last.sequence
    )))
}

/// Stores what became of each operation, and that those it settles are settled.
pub(super) async fn verdicts_store(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
    played: &[Played],
) -> Result<(), PlatformError> {
    let of = |field: fn(&Operation) -> i64| operations.iter().map(field).collect::<Vec<_>>();
    let said = |field: fn(&Verdict) -> Option<&str>| played.iter().map(|p| field(&p.verdict)).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO sojourn.operation (subscription_id, sequence, command, object_type_code, object_id, group_id,
                                        captured_at, verdict, reason, attribute, trace_id, name, settles, origin, cause,
                                        rule, detail, row_version, whole, attributes, unseen, leaves)
         SELECT $1, sequence, command, object_type_code, object_id, group_id, captured_at, verdict, reason, attribute,
                trace_id, name, settles, origin, cause, rule, detail, row_version::xid, whole, attributes, unseen, leaves
           FROM unnest($2::bigint[], $3::text[], $4::int[], $5::uuid[], $6::bigint[], $7::text[], $8::text[],
                       $9::text[], $10::text[], $11::text[], $12::text[], $13::bigint[], $14::bigint[], $15::bigint[],
                       $16::text[], $17::jsonb[], $18::text[], $19::bool[], $20::jsonb[], $21::bool[], $22::jsonb[])
                AS o (sequence, command, object_type_code, object_id, group_id, captured_at, verdict, reason, attribute,
                      trace_id, name, settles, origin, cause, rule, detail, row_version, whole, attributes, unseen,
                      leaves)",
    )
    .bind(subscription.as_str())
    .bind(of(|operation| operation.sequence.cast_signed()))
    .bind(operations.iter().map(|operation| operation.command.word()).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.object_type_code).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.object_id).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.group.map(u64::cast_signed)).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| tidy(&operation.captured_at)).collect::<Vec<_>>())
    .bind(said(|verdict| Some(verdict.verdict.word())))
    .bind(said(|verdict| verdict.reason.as_deref()))
    .bind(said(|verdict| verdict.attribute.as_deref()))
    .bind(said(|verdict| Some(&verdict.trace_id)))
    .bind(operations.iter().map(|operation| operation.name.as_deref().map(tidy)).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.settles.map(u64::cast_signed)).collect::<Vec<_>>())
    .bind(played.iter().map(|played| played.origin.cast_signed()).collect::<Vec<_>>())
    .bind(played.iter().map(|played| played.verdict.cause.map(u64::cast_signed)).collect::<Vec<_>>())
    .bind(said(|verdict| verdict.rule.as_deref()))
    .bind(played.iter().map(|p| (!p.verdict.verdict.is_done()).then_some(Json(&p.verdict))).collect::<Vec<_>>())
    .bind(played.iter().map(|played| played.version.map(|version| version.to_string())).collect::<Vec<_>>())
    .bind(played.iter().map(|played| played.left.whole).collect::<Vec<_>>())
    .bind(played.iter().map(|played| Json(&played.left.attributes)).collect::<Vec<_>>())
    .bind(played.iter().map(|played| played.left.unseen).collect::<Vec<_>>())
    .bind(played.iter().map(|played| (!played.leaves.is_empty()).then_some(Json(&played.leaves))).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("storing the verdicts"))?;
    settle(tx, subscription, operations).await
}

/// What an earlier database of the device left open is settled: nobody else can.
pub(super) async fn settle_before(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    since: u64,
) -> Result<(), PlatformError> {
    sqlx::query(
        "UPDATE sojourn.operation SET settled_by = $2
          WHERE subscription_id = $1 AND sequence < $2 AND settled_by IS NULL AND verdict NOT IN ('applied', 'merged')
            AND command <> 'discard'",
    )
    .bind(subscription.as_str())
    .bind(since.cast_signed())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("settling what an earlier database of the device left"))?;
    Ok(())
}

/// Operations that come again, or are given up, are settled under their earlier numbers.
async fn settle(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
) -> Result<(), PlatformError> {
    let (settled, by): (Vec<i64>, Vec<i64>) = operations
        .iter()
        .filter_map(|operation| Some((operation.settles?.cast_signed(), operation.sequence.cast_signed())))
        .unzip();
    if settled.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE sojourn.operation o SET settled_by = s.by
           FROM unnest($2::bigint[], $3::bigint[]) AS s (sequence, by)
          WHERE o.subscription_id = $1 AND o.sequence = s.sequence AND o.sequence < s.by AND o.settled_by IS NULL
            AND o.verdict NOT IN ('applied', 'merged')",
    )
    .bind(subscription.as_str())
    .bind(settled)
    .bind(by)
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("noting what is settled"))?;
    Ok(())
}
