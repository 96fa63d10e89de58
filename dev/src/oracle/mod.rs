//! The oracle: does a device hold exactly what its user may see on the server?
//!
//! It asks in its own way, so that it shares no mistake with the services: plain SQL of its own for the identity and the
//! rows, every value as the text that Postgres prints, row by row against what SQLite holds. It reads the server in one
//! snapshot and the device while no agent works on it. Objects with unsettled operations are left out on both sides: they
//! are what the user wants them to be.

pub mod compare;
mod read;
pub mod value;

use std::path::{Path, PathBuf};

use sojourn_agent::store::StoreError;
use sojourn_metadata::Metadata;
use sojourn_platform::sql::InvalidIdent;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

pub use compare::{Comparison, Counts, Difference, Held, Report, What};
pub use value::DeviceValue;

/// The comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// The server's rows cannot be read.
    #[error("the oracle cannot read {what} on the server: {source}")]
    Server {
        /// Of what.
        what: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The transaction is not the user's.
    #[error(
        "the oracle reads as role {role:?} and user {user:?}, not as role {expected_role:?} and user {expected_user}"
    )]
    Identity {
        /// The role in force.
        role: String,
        /// The user in force.
        user: String,
        /// The acting role.
        expected_role: String,
        /// The user.
        expected_user: Uuid,
    },
    /// A name that Postgres cannot have.
    #[error(transparent)]
    Name(#[from] InvalidIdent),
    /// The device's rows cannot be read.
    #[error(transparent)]
    Device(#[from] StoreError),
    /// The device has never been loaded.
    #[error("the device {} has no tables yet; take it offline first", .0.display())]
    Empty(PathBuf),
    /// The reading was cut off.
    #[error("reading the device was cut off")]
    CutOff,
}

/// Compares every entity of the metadata: what the user may see on the server, and the device's database.
///
/// # Errors
/// [`OracleError`] when either side cannot be read; differences are in the report.
pub async fn compare(
    admin: &PgPool,
    metadata: &Metadata,
    user_id: Uuid,
    acting_role: &str,
    device_db: &Path,
) -> Result<Report, OracleError> {
    let server = read::server(admin, user_id, acting_role).await?;
    compare_rows(server, metadata, device_db, &[]).await
}

async fn compare_rows(
    mut server: Transaction<'static, Postgres>,
    metadata: &Metadata,
    device_db: &Path,
    only: &[(&str, &'static str)],
) -> Result<Report, OracleError> {
    let mut report = Report::default();
    for entity in &metadata.entities {
        let condition = only.iter().find(|(name, _)| *name == entity.name).map(|(_, condition)| *condition);
        let device = read::device_rows(device_db, &entity.name).await?;
        let mut comparison = Comparison::begin(&mut report, entity, device);
        read::server_rows(&mut server, entity, condition, |values| comparison.server_row(values)).await?;
        comparison.end();
    }
    Ok(report)
}

/// Compares a device with what its own user may see of the entities that it knows.
///
/// # Errors
/// As [`compare()`]; [`OracleError::Empty`] when it knows none.
pub async fn compare_device(admin: &PgPool, device_db: &Path) -> Result<Report, OracleError> {
    compare_device_where(admin, device_db, &[]).await
}

/// As [`compare_device`], of a device that is to hold of these entities only rows for which a condition holds: SQL about
/// the row `e`, asked as the user.
///
/// # Errors
/// As [`compare_device`]; also when a condition cannot be asked.
pub async fn compare_device_where(
    admin: &PgPool,
    device_db: &Path,
    only: &[(&str, &'static str)],
) -> Result<Report, OracleError> {
    let (user_id, metadata) = read::device(device_db).await?;
    let server = read::server(admin, user_id, &metadata.acting_role).await?;
    compare_rows(server, &metadata, device_db, only).await
}
