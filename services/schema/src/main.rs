//! The process of the schema service.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_schema::run(std::env::args_os())
}
