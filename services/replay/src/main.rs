//! The process: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_replay::run(std::env::args_os())
}
