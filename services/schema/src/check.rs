//! The check that comes before everything else: do the configuration and the database go together?

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::catalog;
use sqlx::PgConnection;

use crate::db;
use crate::error::SchemaError;
use crate::register::{Registration, register};

/// Makes the metadata of what is wanted from what is there. Changes nothing, and needs nothing of ours to be installed:
/// an administrator may run it first, so that wrong input changes nothing. Oddities come as
/// warnings, for whoever asked.
///
/// The connection must not be in a transaction.
///
/// # Errors
/// [`SchemaError::Refused`] holds every problem, each with its next step; [`SchemaError::Platform`] when the database
/// fails.
pub async fn check(conn: &mut PgConnection, wanted: &SojournYaml) -> Result<Registration, SchemaError> {
    let places: Vec<[String; 2]> = wanted.entities.iter().map(|entity| entity.place(wanted)).collect();
    let catalog = catalog::read(conn, &wanted.acting_role, &places).await?;
    let known = db::codes_read(conn).await?;
    register(wanted, &catalog, &known).map_err(SchemaError::Refused)
}
