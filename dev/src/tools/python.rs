//! Python for plug-ins: the machine's own, with the client of NATS from PyPI beside it.

use std::path::PathBuf;
use std::process::Command;

use super::environment::Environment;
use super::error::ToolError;
use super::run::run;
use super::{Tools, install};

/// A Python that can speak to NATS when it is started with `PYTHONPATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Python {
    /// The interpreter.
    pub program: PathBuf,
    /// The folder with its packages: `PYTHONPATH`.
    pub packages: PathBuf,
}

impl Python {
    /// Looks for an interpreter, and installs nats-py if it is not there. Blocks; `progress` gets a sentence before
    /// anything is fetched.
    ///
    /// # Errors
    /// [`ToolError::NoPython`] when no interpreter can use what was installed; that nothing could be installed.
    pub fn find_or_install(tools: &Tools, progress: &dyn Fn(&str)) -> Result<Python, ToolError> {
        let packages = install::nats_py(&Environment::observe(), &tools.home, progress)?;
        let mut output = String::new();
        for program in ["python3", "/usr/bin/python3", "python"] {
            let mut trial = Command::new(program);
            trial.args(["-c", "import sys, nats.micro; assert sys.version_info >= (3, 9)"]);
            match run(trial.env("PYTHONPATH", &packages)) {
                Ok(()) => return Ok(Python { program: program.into(), packages }),
                Err(said) => output = said,
            }
        }
        Err(ToolError::NoPython { packages, output })
    }
}
