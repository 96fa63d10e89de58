//! The process of the export service.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_export::run(std::env::args_os())
}
