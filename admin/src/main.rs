//! The process of the administrator's program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_admin::run(std::env::args_os())
}
