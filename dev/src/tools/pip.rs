//! Python's installer, and how to get it when it is missing.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::apt;
use super::environment::Environment;
use super::error::ToolError;
use super::requirements::Requirement;
use super::run::run;

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
        if !apt::is_ours(around) {
            return Err(missing(format!("install pip ({}), or {wanted}, and try again", hint(apt::is_there(around)))));
        }
        progress("installing python3-pip with apt-get: pip is missing");
        let said = apt::install("python3-pip");
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
