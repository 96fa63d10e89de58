//! Clean-up: subscriptions that are silent for too long expire, old sessions go, and tracking forgets what every live
//! subscription has seen.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sqlx::{PgPool, Postgres, Transaction};

/// One replica cleans up at a time: the key of its advisory lock.
const LOCK: i64 = 0x536f_6a6f_7572_6e00;
/// Rows of tracking that go in one transaction.
const AT_ONCE: i64 = 20_000;

/// What a clean-up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CleanedUp {
    /// Subscriptions that expired.
    pub expired: u64,
    /// Rows of tracking that went.
    pub forgotten: u64,
}

/// Cleans up once; does nothing while another replica does.
///
/// # Errors
/// When the database fails; what was done until then stays done, and is right.
pub async fn clean_up(pool: &PgPool, retention: Duration) -> Result<CleanedUp, PlatformError> {
    let doing = || PlatformError::doing("cleaning up");
    let mut tx = pool.begin().await.map_err(doing())?;
    let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *tx)
        .await
        .map_err(doing())?;
    if !mine {
        return Ok(CleanedUp::default());
    }
    let expired = expire(&mut tx, retention).await?;
    forget_sessions(&mut tx, retention).await?;
    move_horizon(&mut tx).await?;
    tx.commit().await.map_err(doing())?;
    Ok(CleanedUp { expired, forgotten: forget(pool).await? })
}

/// A silent subscription would keep everything that changes from being forgotten.
async fn expire(tx: &mut Transaction<'_, Postgres>, retention: Duration) -> Result<u64, PlatformError> {
    let expired = sqlx::query(
        "UPDATE sojourn.subscription SET status = 'expired'
          WHERE status = 'active' AND evaluated_at < now() - make_interval(secs => $1)",
    )
    .bind(retention.as_secs_f64())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("letting silent subscriptions expire"))?;
    Ok(expired.rows_affected())
}

/// What old sessions moved is no longer of interest. The newest of a subscription stays.
async fn forget_sessions(tx: &mut Transaction<'_, Postgres>, retention: Duration) -> Result<(), PlatformError> {
    sqlx::query(
        "DELETE FROM sojourn.session s
          WHERE s.state IN ('finished', 'abandoned') AND s.started_at < now() - make_interval(secs => $1)
            AND EXISTS (SELECT FROM sojourn.session n
                         WHERE n.subscription_id = s.subscription_id AND n.started_at > s.started_at)",
    )
    .bind(retention.as_secs_f64())
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("forgetting old sessions"))?;
    Ok(())
}

/// The horizon moves before anything goes, so that whoever is behind it finds out. Where nobody is live, it moves to
/// what everybody will have seen.
async fn move_horizon(tx: &mut Transaction<'_, Postgres>) -> Result<(), PlatformError> {
    sqlx::query(
        "UPDATE sojourn.tracking_horizon h SET horizon = least.seen
           FROM (SELECT seen FROM (SELECT pg_snapshot_xmin(snapshot) AS seen FROM sojourn.subscription
                                    WHERE status = 'active' AND snapshot IS NOT NULL
                                   UNION ALL SELECT pg_snapshot_xmin(pg_current_snapshot())) s
                  ORDER BY seen LIMIT 1) least
          WHERE h.horizon < least.seen",
    )
    .execute(&mut **tx)
    .await
    .map_err(PlatformError::doing("moving the horizon of tracking"))?;
    Ok(())
}

async fn forget(pool: &PgPool) -> Result<u64, PlatformError> {
    let doing = || PlatformError::doing("forgetting changes that everybody has seen");
    let streams: Vec<i32> =
        sqlx::query_scalar("SELECT stream FROM sojourn.tracked_table").fetch_all(pool).await.map_err(doing())?;
    let mut forgotten = 0;
    for stream in streams {
        loop {
            let gone = sqlx::query(
                "DELETE FROM sojourn.tracking
                  WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM sojourn.tracking t, sojourn.tracking_horizon h
                                           WHERE t.stream = $1 AND t.version < h.horizon LIMIT $2))",
            )
            .bind(stream)
            .bind(AT_ONCE)
            .execute(pool)
            .await
            .map_err(doing())?
            .rows_affected();
            forgotten += gone;
            if gone < AT_ONCE.unsigned_abs() {
                break;
            }
        }
    }
    Ok(forgotten)
}
