//! Wrong input, full disks and interruptions: every command answers clearly, with its exit code, and changes nothing.

mod bench;
#[cfg(unix)]
mod ctrl_c;
mod demo;
mod device;
mod errors;
mod files;
#[cfg(unix)]
mod full_disk;
mod history;
mod inspect;
mod invoke;
mod on_errors;
mod progress;
mod server;
mod settings;
mod stack;
mod token;
mod usage;

use std::process::Command;

use crate::support::Ran;

/// Runs a command to its end.
async fn ran(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    output.expect("it starts").into()
}

/// The command line of `cargo stack`, `cargo demo` and `cargo bench-sync`.
fn sojourn_dev(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    command.args(args);
    command
}

/// Asserts that a command failed with this exit code, and said each of these words.
#[track_caller]
fn assert_refused(ran: &Ran, code: i32, words: &[&str]) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    for word in words {
        assert!(ran.talk.contains(word), "{word:?} is missing: {}", ran.talk);
    }
}
