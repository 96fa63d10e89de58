//! The process of `cargo demo` and `cargo stack`, and of everything they start.

use std::process::ExitCode;

fn main() -> ExitCode {
    sojourn_dev::processes::main()
}
