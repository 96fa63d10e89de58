//! Verdicts in the table `sojourn.operation`: stored with the operation's effect, read when a chunk comes again.

use sojourn_platform::PlatformError;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::{Command, Operation, Verdict, VerdictKind};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::refusal::tidy;

#[derive(sqlx::FromRow)]
struct Row {
    sequence: i64,
    command: String,
    object_type_code: i32,
    object_id: Uuid,
    captured_at: String,
    verdict: String,
    reason: Option<String>,
    attribute: Option<String>,
    trace_id: String,
}

impl Row {
    /// The number stands for the same operation.
    fn is_of(&self, operation: &Operation) -> bool {
        self.sequence.unsigned_abs() == operation.sequence
            && self.command == word(operation.command)
            && self.object_type_code == operation.object_type_code
            && self.object_id == operation.object_id
            && self.captured_at == tidy(&operation.captured_at)
    }

    fn into_verdict(self) -> Verdict {
        Verdict {
            sequence: self.sequence.unsigned_abs(),
            verdict: VerdictKind::from_word(&self.verdict),
            reason: self.reason,
            attribute: self.attribute,
            trace_id: self.trace_id,
        }
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
        "SELECT sequence, command, object_type_code, object_id, captured_at, verdict, reason, attribute, trace_id
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

/// Stores one verdict for each operation.
pub(super) async fn verdicts_store(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
    verdicts: &[Verdict],
) -> Result<(), PlatformError> {
    let of = |field: fn(&Operation) -> i64| operations.iter().map(field).collect::<Vec<_>>();
    let words: Vec<&str> = operations.iter().map(|operation| word(operation.command)).collect();
    let captured: Vec<String> = operations.iter().map(|operation| tidy(&operation.captured_at)).collect();
    sqlx::query(
        "INSERT INTO sojourn.operation (subscription_id, sequence, command, object_type_code, object_id, group_id,
                                        captured_at, verdict, reason, attribute, trace_id)
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::int[], $5::uuid[], $6::bigint[], $7::text[],
                                  $8::text[], $9::text[], $10::text[], $11::text[])",
    )
    .bind(subscription.as_str())
    .bind(of(|operation| operation.sequence.cast_signed()))
    .bind(words)
    .bind(operations.iter().map(|operation| operation.object_type_code).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.object_id).collect::<Vec<_>>())
    .bind(operations.iter().map(|operation| operation.group.map(u64::cast_signed)).collect::<Vec<_>>())
    .bind(captured)
    .bind(verdicts.iter().map(|verdict| verdict.verdict.word()).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|verdict| verdict.reason.as_deref()).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|verdict| verdict.attribute.as_deref()).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|verdict| verdict.trace_id.as_str()).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("storing the verdicts"))?;
    Ok(())
}

fn word(command: Command) -> &'static str {
    match command {
        Command::Create => "create",
        Command::Update => "update",
        Command::Delete => "delete",
    }
}
