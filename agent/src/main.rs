//! The agent's process.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_agent::run(std::env::args_os())
}
