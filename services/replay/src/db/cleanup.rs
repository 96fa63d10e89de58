//! Clean-up: what nobody will ask for again.

use sojourn_platform::PlatformError;
use sqlx::PgPool;

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Verdicts older than the retention, of operations that are done or settled.
    pub verdicts: u64,
    /// Parts of attachments that no operation has asked for in a week.
    pub parts: u64,
}

/// The newest verdicts of each subscription are kept whatever their age: a device that did not hear them asks again when it
/// is back. No message holds more operations.
const LAST: i64 = 10_000;

/// Removes verdicts older than `days`, and forgotten parts. Verdicts that are not settled stay.
///
/// # Errors
/// When the database fails; repeating it is harmless.
pub async fn clean_up(pool: &PgPool, days: u32) -> Result<Removed, PlatformError> {
    let doing = || PlatformError::doing("cleaning up verdicts and attachments");
    let verdicts = sqlx::query(
        "DELETE FROM sojourn.operation o USING sojourn.replay_progress p
          WHERE p.subscription_id = o.subscription_id AND o.sequence < p.next_sequence - $2
            AND o.played_back_at < now() - make_interval(days => $1)
            AND (o.verdict IN ('applied', 'merged') OR o.settled_by IS NOT NULL)",
    )
    .bind(i32::try_from(days).unwrap_or(i32::MAX))
    .bind(LAST)
    .execute(pool)
    .await
    .map_err(doing())?;
    let parts = sqlx::query("DELETE FROM sojourn.attachment_part WHERE stored_at < now() - interval '7 days'")
        .execute(pool)
        .await
        .map_err(doing())?;
    Ok(Removed { verdicts: verdicts.rows_affected(), parts: parts.rows_affected() })
}
