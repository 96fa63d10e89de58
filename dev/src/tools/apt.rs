//! Debian's installer: for what it alone has, and for root.

use std::process::Command;

use super::environment::Environment;
use super::run::run;
use crate::os;

/// Whether the machine has it.
pub(super) fn is_there(around: &Environment) -> bool {
    around.path.iter().any(|folder| folder.join("apt-get").is_file())
}

/// Whether we may use it.
pub(super) fn is_ours(around: &Environment) -> bool {
    is_there(around) && os::is_root()
}

/// Tries with the package lists as they are, then with fresh ones; returns the end of what was said.
pub(super) fn install(package: &str) -> String {
    let apt =
        |arguments: &[&str]| run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    let install = || apt(&["install", "-y", "--no-install-recommends", package]);
    let done = install().or_else(|_| apt(&["update"]).and_then(|()| install()));
    done.err().unwrap_or_default()
}
