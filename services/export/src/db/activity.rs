//! Whether a worker is at a session, so that prepare knows whether to wake one.

use sojourn_platform::PlatformError;
use sqlx::PgPool;
use uuid::Uuid;

/// Says that a worker is at the session and will look at its window again before it stops.
///
/// # Errors
/// When the database fails.
pub async fn activity_begin(pool: &PgPool, session: Uuid) -> Result<(), PlatformError> {
    sqlx::query(
        "INSERT INTO sojourn.export_activity (session_id, active)
         SELECT id, true FROM sojourn.session WHERE id = $1
         ON CONFLICT (session_id) DO UPDATE SET active = true",
    )
    .bind(session)
    .execute(pool)
    .await
    .map_err(PlatformError::doing("noting the work on a session"))?;
    Ok(())
}

/// Says that the worker stops, unless the device has received more than `seen` meanwhile. Answers whether it may stop.
///
/// The row is locked before `received` is read, and prepare reads it after writing `received`: one of the two sees the
/// other.
///
/// # Errors
/// When the database fails.
pub async fn activity_end(pool: &PgPool, session: Uuid, seen: i32) -> Result<bool, PlatformError> {
    let doing = || PlatformError::doing("noting the end of the work on a session");
    let mut tx = pool.begin().await.map_err(doing())?;
    sqlx::query("SELECT FROM sojourn.export_activity WHERE session_id = $1 FOR UPDATE")
        .bind(session)
        .execute(&mut *tx)
        .await
        .map_err(doing())?;
    let more: Option<bool> = sqlx::query_scalar("SELECT received > $2 FROM sojourn.session WHERE id = $1")
        .bind(session)
        .bind(seen)
        .fetch_optional(&mut *tx)
        .await
        .map_err(doing())?;
    if more == Some(true) {
        return Ok(false);
    }
    sqlx::query("UPDATE sojourn.export_activity SET active = false WHERE session_id = $1")
        .bind(session)
        .execute(&mut *tx)
        .await
        .map_err(doing())?;
    tx.commit().await.map_err(doing())?;
    Ok(true)
}
