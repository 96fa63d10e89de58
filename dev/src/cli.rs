//! The command line of `sojourn-dev`: what `cargo demo` and `cargo stack` lead to.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use sojourn_runtime::CancellationToken;

use crate::commands::{self, CommandError};
use crate::machine::Machine;
use crate::{ending, output};

const USAGE: u8 = 2;
/// As a shell reports a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Runs a whole Sojourn on this machine: Postgres, nats-server, the four services, and devices.
#[derive(Debug, Parser)]
#[command(name = "sojourn-dev", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted before it was done";

#[derive(Debug, Subcommand)]
enum Command {
    /// Show it all: a device goes offline, works, comes back, and is compared with the server
    Demo(commands::demo::Args),
    /// Start everything and serve until Ctrl-C
    Stack(commands::stack::Args),
    /// Measure what it costs, each figure beside its baseline
    #[command(name = "bench-sync")]
    Bench(commands::bench::Args),
}

impl Command {
    /// Whether a script waits for one JSON object, and gets one that says why there is no other.
    fn answers_once(&self) -> bool {
        match self {
            Command::Demo(args) => args.json,
            Command::Stack(_) | Command::Bench(_) => false,
        }
    }
}

/// The process: parses its arguments, does what they say, and answers. `args` begin with the program's name.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let error = sojourn_runtime::process::discreet(error);
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let answers_once = cli.command.answers_once();
    match perform(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            if answers_once && !matches!(error, CommandError::Unexpected(_)) {
                output::data(&serde_json::json!({ "error": error.to_string() }));
            }
            output::say(&format!("error: {error}"));
            ExitCode::from(if matches!(error, CommandError::Usage(_)) { USAGE } else { 1 })
        }
    }
}

fn perform(cli: Cli) -> Result<(), CommandError> {
    let exe = std::env::current_exe().map_err(CommandError::Executable)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(CommandError::Executable)?.block_on(async {
        let shutdown = CancellationToken::new();
        tokio::spawn(ending::cancel_on_signal(shutdown.clone()));
        match cli.command {
            Command::Demo(args) => commands::demo::run(machine(&exe)?, args, shutdown).await,
            Command::Stack(args) => commands::stack::run(machine(&exe)?, args, shutdown).await,
            Command::Bench(args) => commands::bench::run(machine(&exe)?, args, shutdown).await,
        }
    })
}

fn machine(exe: &Path) -> Result<Machine, CommandError> {
    Ok(Machine::start(exe, &|words| output::say(words))?)
}

/// A path as it was typed, from wherever Cargo was called.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_is_told_apart() {
        let exit = |args: &[&str]| format!("{:?}", run(args.iter().map(OsString::from)));
        assert_eq!(exit(&["sojourn-dev", "--help"]), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(exit(&["sojourn-dev", "stack", "--user", "me"]), format!("{:?}", ExitCode::from(2)));
        assert_eq!(exit(&["sojourn-dev"]), format!("{:?}", ExitCode::from(2)));
    }
}
