//! Ending what is left over: ask, wait a little, kill, then remove the folder.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::register::Register;
use super::{MARKER, REAPER, ReaperError};
use crate::os::{self, Signal};

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(3);
/// How long a killed process may take to disappear.
const DEATH: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(10);
/// How often processes that carry the marker are looked for.
const LOOKS: u32 = 5;

/// Ends every registered process, and every other one that carries the marker (`NAME=value`).
pub(super) async fn everything(register: &Register, marker: &str) {
    for (pid, signal) in register.processes() {
        os::signal_group(pid, signal);
        os::signal_group(pid, Signal::Cont);
    }
    let left: Vec<u32> = until_gone(register.processes().map(|(pid, _)| pid).collect(), GRACE).await;
    let mut killed: Vec<u32> = left.into_iter().flat_map(kill_family).collect();
    // A process that is just replacing itself shows no environment for a moment: one look could miss it.
    for _ in 0..LOOKS {
        killed.extend(os::marked(marker).into_iter().flat_map(kill_family));
        sleep(PAUSE).await;
    }
    until_gone(killed, DEATH).await;
}

/// Kills a process with its group and its children: Postgres' children lead groups of their own. If the process
/// was a starter itself, its reaper is spared and does its work.
fn kill_family(pid: u32) -> Vec<u32> {
    os::signal(pid, Signal::Stop);
    let reapers = os::marked(&format!("{MARKER}={REAPER}"));
    let mut family = os::children(pid);
    family.retain(|child| !reapers.contains(child));
    family.push(pid);
    for member in &family {
        os::signal_group(*member, Signal::Kill);
    }
    family
}

/// Waits until none of them runs, and returns those that still do after the deadline.
async fn until_gone(mut pids: Vec<u32>, within: Duration) -> Vec<u32> {
    let deadline = Instant::now() + within;
    pids.retain(|pid| os::is_running(*pid));
    while !pids.is_empty() && Instant::now() < deadline {
        sleep(PAUSE).await;
        pids.retain(|pid| os::is_running(*pid));
    }
    pids
}

/// Removes the scratch folder; again if a dying process wrote into it meanwhile.
pub(super) async fn remove(folder: TempDir) -> Result<(), ReaperError> {
    let place = folder.keep();
    let deadline = Instant::now() + DEATH;
    loop {
        match std::fs::remove_dir_all(&place) {
            Ok(()) => return Ok(()),
            Err(source) if Instant::now() > deadline => return Err(ReaperError::Scratch { place, source }),
            Err(_) => sleep(PAUSE).await,
        }
    }
}
