//! Python's installer, and how to get it when it is missing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::environment::Environment;
use super::error::ToolError;
use super::requirements::Requirement;
use crate::os;

/// The lines of an installer's output that are worth showing.
const TAIL: usize = 12;

/// A Python whose pip answers.
pub(super) struct Pip {
    python: &'static str,
}

impl Pip {
    /// Root on Debian gets pip from apt-get if it is missing; others are told what to do.
    pub(super) fn find_or_install(
        around: &Environment,
        wanted: &str,
        progress: &dyn Fn(&str),
    ) -> Result<Pip, ToolError> {
        if let Some(pip) = Pip::find() {
            return Ok(pip);
        }
        let missing = |remedy: String| ToolError::NoPip { wanted: wanted.into(), remedy };
        let has_apt = around.path.iter().any(|folder| folder.join("apt-get").is_file());
        if !has_apt || !os::is_root() {
            return Err(missing(format!("install pip ({}), or {wanted}, and try again", hint(has_apt))));
        }
        progress("installing python3-pip with apt-get: pip is missing");
        let said = apt_install("python3-pip");
        Pip::find().ok_or_else(|| {
            missing(format!("apt-get install python3-pip did not help, so install {wanted} yourself; it said: {said}"))
        })
    }

    fn find() -> Option<Pip> {
        let answers = |python: &&str| run(Command::new(python).args(["-m", "pip", "--version"])).is_ok();
        ["python3", "/usr/bin/python3", "python"].into_iter().find(answers).map(|python| Pip { python })
    }

    /// Installs one requirement into `files`, refusing whatever has another digest; `workplace` is for its list.
    pub(super) fn install(
        &self,
        requirement: &Requirement,
        workplace: &Path,
        files: &Path,
        instead: &'static str,
    ) -> Result<(), ToolError> {
        let list = workplace.join("requirements.txt");
        let unwritten = |source| ToolError::Folder { action: "write", path: list.clone(), source };
        fs::write(&list, &requirement.entry).map_err(unwritten)?;
        let mut command = Command::new(self.python);
        command.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-compile"]);
        command.args(["--no-deps", "--require-hashes", "--only-binary=:all:", "--target"]).arg(files);
        command.arg("--requirement").arg(&list);
        // A user's configuration may ask for what contradicts --target.
        command.env("PIP_USER", "0").env("PIP_REQUIRE_VIRTUALENV", "0");
        run(&mut command).map_err(|output| ToolError::Install { requirement: requirement.spec(), output, instead })
    }
}

fn hint(has_apt: bool) -> &'static str {
    match (has_apt, cfg!(target_os = "macos")) {
        (true, _) => "as root: apt-get install python3-pip",
        (_, true) => "brew install python",
        _ => "with your system's package manager",
    }
}

/// Tries with the package lists as they are, then with fresh ones; returns the end of what was said.
fn apt_install(package: &str) -> String {
    let apt =
        |arguments: &[&str]| run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    let install = || apt(&["install", "-y", "--no-install-recommends", package]);
    let done = install().or_else(|_| apt(&["update"]).and_then(|()| install()));
    done.err().unwrap_or_default()
}

/// Runs to the end; the error is the end of what the program said, or why it did not start.
fn run(command: &mut Command) -> Result<(), String> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(tail(&output)),
        Err(error) => Err(error.to_string()),
    }
}

fn tail(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL)..].join("\n")
}
