//! Following changes: the triggers that note them are installed by an administrator, who owns the tables.

use std::time::Duration;

use sqlx::PgConnection;

use crate::db;
use crate::error::SchemaError;
use crate::register::Registration;

/// How often busy tables are asked for, each time for less than a second.
const TRIES: u32 = 5;
/// The wait in between, in which the writers go on.
const AGAIN: Duration = Duration::from_millis(500);

/// What was done to follow the changes of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// How many streams the registration has.
    pub streams: usize,
    /// The tables of which something was missing, and no longer is.
    pub installed: Vec<String>,
    /// The tables that no dataset follows any more.
    pub removed: Vec<String>,
}

/// Installs what follows the changes of a registration: functions, triggers, and what the scanning role may read. What
/// no dataset needs any more is removed. Repeating it is harmless, and touches no table where nothing is missing.
///
/// `admin` must be a superuser, or own the tables and be able to become `sojourn_owner`; everything of ours must be
/// installed. Writers of the tables wait for it, never longer than a second at a time.
///
/// # Errors
/// [`SchemaError::Busy`] names the tables that somebody keeps writing; [`SchemaError::Platform`] when the database
/// fails. Nothing was changed.
pub async fn track(admin: &mut PgConnection, registration: &Registration) -> Result<Tracked, SchemaError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match db::track::install(admin, registration).await {
            Err(SchemaError::Busy { relations, .. }) if tries == TRIES => {
                let tables = db::track::holders(admin, &relations).await?;
                return Err(SchemaError::Busy { relations, tables });
            }
            Err(SchemaError::Busy { .. }) => tokio::time::sleep(AGAIN).await,
            done => return done,
        }
    }
}
