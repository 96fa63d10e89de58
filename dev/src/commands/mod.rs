//! What `sojourn-dev` can be asked to do, one file each.

pub(crate) mod bench;
pub(crate) mod demo;
mod report;
pub(crate) mod scratch;
pub(crate) mod stack;

use std::io;

use sojourn_agent::store::StoreError;
use sojourn_platform::PlatformError;

use crate::agent::AgentError;
use crate::bench::BenchError;
use crate::instances::InstanceError;
use crate::machine::MachineError;
use crate::oracle::OracleError;
use crate::samples::SampleDatabaseError;
use crate::stack::StackError;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// It was asked for something that makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Ctrl-C came before it was done.
    #[error("interrupted")]
    Interrupted,
    /// Our own program cannot be found or run.
    #[error("cannot run this program's own parts: {0}")]
    Executable(io::Error),
    /// Tools or reaper.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// Postgres or nats-server.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The database.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The sample.
    #[error(transparent)]
    Sample(#[from] SampleDatabaseError),
    /// The stack.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The agent.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The device's database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The comparison.
    #[error(transparent)]
    Oracle(#[from] OracleError),
    /// A benchmark.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// Everything ran, and something is wrong.
    #[error("not everything is as it should be:\n  - {}", .0.join("\n  - "))]
    Unexpected(Vec<String>),
}
