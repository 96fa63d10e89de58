//! The reaper's own process: hold the scratch folder, listen, and when the starter is gone, clean up.

use std::io::{self, IsTerminal, Write};

use tokio::io::{AsyncBufReadExt, BufReader};

use super::register::Register;
use super::{MARKER, READY, ReaperError, end, scratch};

/// The entry point of the hidden subcommand: returns when the starter has ended and everything is cleaned up.
pub async fn run() -> Result<(), ReaperError> {
    if io::stdin().is_terminal() {
        return Err(ReaperError::ByHand);
    }
    let _deaf = ignore_signals();
    let folder = scratch::make()?;
    let mut register = Register::default();
    if announce(&folder.path().display().to_string()).is_ok() {
        listen(&mut register).await;
    }
    end::everything(&register, &format!("{MARKER}={}", std::process::id())).await;
    end::remove(folder).await
}

/// Notes every line until the starter's end of the pipe is closed.
async fn listen(register: &mut Register) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        register.note(&line);
    }
}

/// The line break comes first because a test harness may have left its own line unfinished.
fn announce(folder: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(format!("\n{READY}{folder}\n").as_bytes())?;
    output.flush()
}

/// From now on the signals that end a session do not end us: the work begins when the others are gone.
#[cfg(unix)]
fn ignore_signals() -> Vec<tokio::signal::unix::Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
    // Where a handler cannot be set, the group of our own still keeps Ctrl-C away.
    kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect()
}

#[cfg(not(unix))]
fn ignore_signals() {}
