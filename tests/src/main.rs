//! The processes under test: one executable that is any of them.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_dev::processes::main()
}
