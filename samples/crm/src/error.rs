//! What can go wrong with the sample, each saying where.

/// Why the sample CRM could not be installed or filled.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The plan has fewer users than the organisation has parts to play.
    #[error("the plan asks for {users} users, but the CRM needs at least {least} to fill its roles")]
    TooFewUsers {
        /// What the plan asked for.
        users: u32,
        /// What it must ask for at least.
        least: u32,
    },
    /// A file of the schema failed; none of the schema is left behind, except roles.
    #[error("cannot install {file} of the CRM schema: {source}")]
    Install {
        /// Name of the file under `schema/`.
        file: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Rows of one table could not be loaded; none of the data is left behind.
    #[error("cannot load rows into crm.{table}: {source}")]
    Load {
        /// Name of the table in schema `crm`.
        table: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// A step around the loading failed.
    #[error("cannot {step}: {source}")]
    Step {
        /// The step, as a verb and its object.
        step: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
}
