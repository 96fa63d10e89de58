//! The indexes by which duplicates are found: an administrator makes them, on the tables of the user's.

use sqlx::PgConnection;

use crate::db;
use crate::error::SchemaError;
use crate::register::Registration;

/// What was done to find the duplicates of a registration fast.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Indexed {
    /// Indexes that were made: table, and the index in brackets.
    pub made: Vec<String>,
    /// Indexes that no rule needs any more, and that are gone: table, and the index in brackets.
    pub removed: Vec<String>,
}

/// Makes the indexes that the duplicate rules of a registration need, unless there is one of somebody else that serves,
/// and removes those that they no longer need. Repeating it is harmless. `progress` hears of each index before it is
/// made: that takes a while for a large table.
///
/// `admin` must be a superuser or own the tables, and must not be in a transaction: indexes are made while users write.
/// Only for a table with partitions that is not possible, and writers wait.
///
/// # Errors
/// [`SchemaError::Index`] names the index that could not be made; do it again then.
pub async fn index(
    admin: &mut PgConnection,
    registration: &Registration,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Indexed, SchemaError> {
    db::index::install(admin, registration, progress).await
}
