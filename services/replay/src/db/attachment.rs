//! Attachments: parts that came ahead are kept here, put together by Postgres itself, and go with their operation's verdict.

use std::collections::BTreeMap;

use sojourn_platform::PlatformError;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::attachment::{AttachmentPart, MAX_ATTACHMENT_BYTES, PART_BYTES, parts};
use sojourn_wire::message::operation::{FieldValue, Operation};
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

/// The most bytes that one subscription may have waiting beside the attachment that is coming.
const MOST_WAITING: u64 = MAX_ATTACHMENT_BYTES;

/// Stores a part; repeating it changes nothing. Answers in words why not, if not.
///
/// # Errors
/// When the database fails.
pub async fn store(
    pool: &PgPool,
    subscription: &SubscriptionId,
    part: &AttachmentPart,
) -> Result<Result<(), String>, PlatformError> {
    let doing = || PlatformError::doing("storing a part of an attachment");
    if let Some(problem) = problem(part) {
        return Ok(Err(problem));
    }
    // A device has one chunk in flight: what was sent for others, longest ago, gives way. If it is wanted after all, it is
    // asked for again.
    sqlx::query(
        "WITH waiting AS (
           SELECT attachment, max(stored_at) AS stored_at, sum(octet_length(bytes)) AS bytes
             FROM sojourn.attachment_part WHERE subscription_id = $1 AND attachment <> $2 GROUP BY attachment),
         gone AS (
           SELECT attachment FROM (
             SELECT attachment, sum(bytes) OVER (ORDER BY stored_at DESC, attachment) AS bytes FROM waiting) AS newest
            WHERE bytes > $3)
         DELETE FROM sojourn.attachment_part p USING gone
          WHERE p.subscription_id = $1 AND p.attachment = gone.attachment",
    )
    .bind(subscription.as_str())
    .bind(part.attachment)
    .bind(MOST_WAITING.cast_signed())
    .execute(pool)
    .await
    .map_err(doing())?;
    sqlx::query(
        "INSERT INTO sojourn.attachment_part (subscription_id, attachment, number, total_bytes, bytes)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    )
    .bind(subscription.as_str())
    .bind(part.attachment)
    .bind(i32::try_from(part.number).unwrap_or(i32::MAX))
    .bind(part.total_bytes.cast_signed())
    .bind(&part.bytes)
    .execute(pool)
    .await
    .map_err(doing())?;
    Ok(Ok(()))
}

/// What is wrong with a part, if anything.
fn problem(part: &AttachmentPart) -> Option<String> {
    let AttachmentPart { number, total_bytes, ref bytes, .. } = *part;
    if total_bytes > MAX_ATTACHMENT_BYTES {
        return Some(format!("an attachment of {total_bytes} bytes is beyond the limit of {MAX_ATTACHMENT_BYTES}"));
    }
    let begin = u64::from(number) * PART_BYTES as u64;
    let expected = total_bytes.saturating_sub(begin).min(PART_BYTES as u64);
    (expected == 0 || bytes.len() as u64 != expected)
        .then(|| format!("part {number} of an attachment of {total_bytes} bytes cannot have {} bytes", bytes.len()))
}

/// The attachments of these operations, with their bytes.
fn named(operations: &[Operation]) -> BTreeMap<Uuid, u64> {
    let values = operations.iter().flat_map(|operation| operation.data.values());
    let attachment = |value: &FieldValue| match value {
        FieldValue::Attachment { attachment, bytes } => Some((*attachment, *bytes)),
        _ => None,
    };
    values.filter_map(attachment).collect()
}

/// The attachments of these operations of which parts are missing.
pub(super) async fn missing(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
) -> Result<Vec<Uuid>, PlatformError> {
    let named = named(operations);
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let there: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "SELECT attachment, count(*), max(total_bytes) FROM sojourn.attachment_part
          WHERE subscription_id = $1 AND attachment = ANY ($2) GROUP BY attachment",
    )
    .bind(subscription.as_str())
    .bind(named.keys().copied().collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await
    .map_err(PlatformError::doing("looking for the parts of attachments"))?;
    let is_whole = |id: &Uuid, bytes: u64| {
        let found = there.iter().find(|(there, ..)| there == id);
        bytes == 0
            || found.is_some_and(|(_, count, total)| *total == bytes.cast_signed() && *count == i64::from(parts(bytes)))
    };
    Ok(named.into_iter().filter(|(id, bytes)| !is_whole(id, *bytes)).map(|(id, _)| id).collect())
}

/// Puts the attachments of these operations together where the acting role can read them, for this transaction: the bytes
/// never pass through this process.
pub(super) async fn lay_out(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
    acting_role: &Ident,
) -> Result<(), PlatformError> {
    let named = named(operations);
    if named.is_empty() {
        return Ok(());
    }
    let doing = || PlatformError::doing("putting attachments together");
    sqlx::raw_sql(
        "CREATE TEMPORARY TABLE sojourn_attachment (attachment uuid PRIMARY KEY, bytes bytea NOT NULL) ON COMMIT DROP",
    )
    .execute(&mut **tx)
    .await
    .map_err(doing())?;
    let (ids, bytes): (Vec<Uuid>, Vec<u64>) = named.into_iter().unzip();
    sqlx::query(
        "INSERT INTO pg_temp.sojourn_attachment
         SELECT a.id, coalesce((SELECT string_agg(p.bytes, ''::bytea ORDER BY p.number) FROM sojourn.attachment_part p
                                 WHERE p.subscription_id = $1 AND p.attachment = a.id), ''::bytea)
           FROM unnest($2::uuid[], $3::bigint[]) AS a (id, bytes)",
    )
    .bind(subscription.as_str())
    .bind(ids)
    .bind(bytes.into_iter().map(u64::cast_signed).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .map_err(doing())?;
    let grant = Sql::new("GRANT SELECT ON pg_temp.sojourn_attachment TO ").ident(acting_role);
    sqlx::query(grant.into_sqlx()).execute(&mut **tx).await.map_err(doing())?;
    Ok(())
}

/// Removes the parts of operations that have their verdicts.
pub(super) async fn forget(
    tx: &mut Transaction<'_, Postgres>,
    subscription: &SubscriptionId,
    operations: &[Operation],
) -> Result<(), PlatformError> {
    let named = named(operations);
    if named.is_empty() {
        return Ok(());
    }
    sqlx::query("DELETE FROM sojourn.attachment_part WHERE subscription_id = $1 AND attachment = ANY ($2)")
        .bind(subscription.as_str())
        .bind(named.into_keys().collect::<Vec<_>>())
        .execute(&mut **tx)
        .await
        .map_err(PlatformError::doing("removing the parts of attachments"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_bytes_of_its_place() {
        let part = |number, total_bytes, bytes: usize| AttachmentPart {
            chunk: Uuid::nil(),
            attachment: Uuid::nil(),
            number,
            total_bytes,
            bytes: vec![0; bytes],
        };
        let total = PART_BYTES as u64 + 2;
        assert_eq!(problem(&part(0, total, PART_BYTES)), None);
        assert_eq!(problem(&part(1, total, 2)), None);
        for wrong in
            [part(1, total, 3), part(2, total, 0), part(0, total, 2), part(0, MAX_ATTACHMENT_BYTES + 1, PART_BYTES)]
        {
            assert!(problem(&wrong).is_some(), "{} of {}", wrong.number, wrong.total_bytes);
        }
    }
}
