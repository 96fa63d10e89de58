//! The process of `cargo demo` and `cargo stack`, and of everything they start.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    sojourn_dev::processes::dispatch(&args).unwrap_or_else(|| sojourn_dev::cli::run(args))
}
