//! Why a benchmark has no figures.

use sojourn_platform::PlatformError;
use sojourn_sample_crm::SampleError;
use sojourn_schema::SchemaError;

use crate::agent::AgentError;
use crate::instances::InstanceError;
use crate::reaper::ReaperError;
use crate::stack::StackError;
use crate::tools::ToolError;

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
    /// No stack, or one that did not end cleanly.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// A device failed.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A device's own part failed.
    #[error(transparent)]
    Device(Box<sojourn_agent::error::AgentError>),
    /// Nobody would clean up.
    #[error(transparent)]
    Reaper(#[from] ReaperError),
    /// What is compared with is not on this machine.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// What is compared with failed.
    #[error("the baseline failed: {name}: {problem}")]
    Baseline {
        /// The program.
        name: &'static str,
        /// What it said.
        problem: String,
    },
    /// What was to be measured did not happen, so that its figures would say something else.
    #[error("the benchmark does not measure what it is meant to: {0}")]
    Beside(String),
}

impl From<sojourn_agent::error::AgentError> for BenchError {
    fn from(error: sojourn_agent::error::AgentError) -> Self {
        Self::Device(Box::new(error))
    }
}
