//! The processes under test: one executable that is any of them, and the commands of `cargo stack` and `cargo demo`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_dev::processes::main()
}
