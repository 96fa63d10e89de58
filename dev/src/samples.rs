//! The sample CRM in a database of its own, for whoever brings no database.

use sojourn_platform::PlatformError;
use sojourn_sample_crm::{Generated, Plan, SampleError};

use crate::instances::{InstanceError, Postgres};
use crate::stack::PluginSpec;

/// The sample's `sojourn.yaml`.
pub const CRM_CONFIG: &str = include_str!("../../samples/crm/sojourn.yaml");
/// The same with plug-ins: [`crm_plugin`] must run then.
pub const CRM_CONFIG_WITH_PLUGIN: &str =
    concat!(include_str!("../../samples/crm/sojourn.yaml"), include_str!("../../samples/crm/plugin/sojourn.yaml"));
/// The same, and with a rule that finds duplicates.
pub const CRM_CONFIG_OF_DEMO: &str = concat!(
    include_str!("../../samples/crm/sojourn.yaml"),
    include_str!("../../samples/crm/plugin/sojourn.yaml"),
    include_str!("../../samples/crm/duplicates.yaml")
);
/// The sample's data are the same whenever they are made.
pub const SEED: u64 = 2007;

/// The sample's plug-in, about opportunities.
#[must_use]
pub fn crm_plugin() -> PluginSpec {
    let program = include_str!("../../samples/crm/plugin/opportunity.py");
    PluginSpec { name: "opportunity".to_owned(), program: program.to_owned() }
}

/// The sample could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SampleDatabaseError {
    /// No database.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// No connection.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// No schema, or no data.
    #[error(transparent)]
    Sample(#[from] SampleError),
}

/// Makes a database with the CRM and its data.
///
/// # Errors
/// [`SampleDatabaseError`]; a database that was made until then stays, incomplete.
pub async fn crm(postgres: &Postgres, name: &str, plan: &Plan) -> Result<Generated, SampleDatabaseError> {
    let url = postgres.create_database(name, None).await?;
    let pool = sojourn_platform::connect(&url, "sojourn-sample", 2).await?;
    sojourn_sample_crm::install(&pool).await?;
    let generated = sojourn_sample_crm::generate(&pool, plan, |_| ()).await?;
    pool.close().await;
    Ok(generated)
}

/// Whether there is such a database with the CRM's data in it.
///
/// # Errors
/// When Postgres cannot be asked.
pub async fn crm_is_there(postgres: &Postgres, name: &str) -> Result<bool, PlatformError> {
    let pool = sojourn_platform::connect(&postgres.admin_url(), "sojourn-sample", 1).await?;
    let asking = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    let exists: bool = sqlx::query_scalar(asking)
        .bind(name)
        .fetch_one(&pool)
        .await
        .map_err(PlatformError::doing("looking for the sample's database"))?;
    pool.close().await;
    if !exists {
        return Ok(false);
    }
    let pool = sojourn_platform::connect(&postgres.url_for(name), "sojourn-sample", 1).await?;
    let asking = "SELECT to_regclass('crm.system_user') IS NOT NULL";
    let installed: bool = sqlx::query_scalar(asking)
        .fetch_one(&pool)
        .await
        .map_err(PlatformError::doing("looking for the sample's tables"))?;
    let filled = match installed {
        true => sqlx::query_scalar("SELECT EXISTS (SELECT FROM crm.system_user)")
            .fetch_one(&pool)
            .await
            .map_err(PlatformError::doing("looking for the sample's rows"))?,
        false => false,
    };
    pool.close().await;
    Ok(filled)
}
