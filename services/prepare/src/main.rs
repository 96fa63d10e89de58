//! The process of the prepare service.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_prepare::run(std::env::args_os())
}
