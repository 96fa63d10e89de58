//! What everything that is started needs: the programs, the reaper, and the one executable that is all our processes.

use std::path::{Path, PathBuf};

use crate::processes;
use crate::reaper::{Reaper, ReaperError};
use crate::tools::{ToolError, Tools};

/// Ready to start things.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Postgres and nats-server.
    pub tools: Tools,
    /// Who cleans up after us.
    pub reaper: Reaper,
    /// The executable that leads to [`processes::dispatch`].
    pub exe: PathBuf,
}

/// This machine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// No Postgres or no nats-server.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// No reaper.
    #[error(transparent)]
    Reaper(#[from] ReaperError),
}

impl Machine {
    /// Starts a reaper of its own, whose work is done when the last clone is dropped, and finds or installs the tools.
    /// Blocks; `progress` gets a sentence before anything is fetched.
    ///
    /// # Errors
    /// [`MachineError`].
    pub fn start(exe: &Path, progress: &dyn Fn(&str)) -> Result<Machine, MachineError> {
        let reaper = Reaper::start(exe, &[processes::REAP])?;
        Ok(Machine { tools: Tools::find_or_install(progress)?, reaper, exe: exe.to_owned() })
    }

    /// The same with the reaper that this whole process shares: for tests, many of which run in one process.
    ///
    /// # Errors
    /// [`MachineError`].
    pub fn shared(exe: &Path, progress: &dyn Fn(&str)) -> Result<Machine, MachineError> {
        let reaper = Reaper::shared(exe, &[processes::REAP])?;
        Ok(Machine { tools: Tools::find_or_install(progress)?, reaper, exe: exe.to_owned() })
    }
}
