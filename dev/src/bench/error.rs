//! Why a benchmark has no figures.

use sojourn_platform::PlatformError;
use sojourn_sample_crm::SampleError;
use sojourn_schema::SchemaError;

use crate::instances::InstanceError;

/// A benchmark failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// No Postgres.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// A statement failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The sample's schema could not be made.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The entities could not be registered.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// What was to be measured did not happen, so that its figures would say something else.
    #[error("the benchmark does not measure what it is meant to: {0}")]
    Beside(String),
}
