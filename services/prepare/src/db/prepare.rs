//! The transaction of a prepare.

use sojourn_platform::PlatformError;
use sqlx::{PgPool, Postgres, Transaction};

use crate::statement::SyncEntryTable;

/// Opens the transaction of a prepare: the subscription's entries are locked before its snapshot is taken.
///
/// # Errors
/// When the database fails.
pub async fn prepare_begin(
    pool: &PgPool,
    entries: &SyncEntryTable,
) -> Result<Transaction<'static, Postgres>, PlatformError> {
    let doing = || PlatformError::doing("beginning PrepareSync");
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await.map_err(doing())?;
    sqlx::query(entries.lock().into_sqlx()).execute(&mut *tx).await.map_err(doing())?;
    Ok(tx)
}
