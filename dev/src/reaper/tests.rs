//! A real reaper: this test harness, started again to run the one test that is its entry point.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::*;

/// Skips no test; it tells the entry point that this process is to be a reaper.
const REAPER: &str = "this process is a reaper";
const ENTRY: [&str; 5] = ["reaper::tests::entry_point", "--exact", "--nocapture", "--skip", REAPER];

#[tokio::test]
async fn entry_point() {
    if std::env::args().any(|arg| arg == REAPER) {
        run().await.unwrap();
    }
}

fn reaper() -> Reaper {
    Reaper::start(&std::env::current_exe().unwrap(), &ENTRY).unwrap()
}

fn shell(reaper: &Reaper, script: &str) -> Child {
    let (name, value) = reaper.marker();
    let mut command = Command::new("sh");
    command.args(["-c", script]).env(name, value).stdin(Stdio::null());
    os::own_group(&mut command);
    command.spawn().unwrap()
}

async fn ends(child: &mut Child) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        sleep(Duration::from_millis(5)).await;
    }
    child.try_wait().unwrap().is_some()
}

#[tokio::test]
async fn processes_and_folders_end_with_the_starter() {
    let reaper = reaper();
    let folder = reaper.folder("data").unwrap().keep();
    let mut polite = shell(&reaper, "sleep 60");
    let mut deaf = shell(&reaper, "trap '' TERM; while :; do sleep 60; done");
    let mut frozen = shell(&reaper, "sleep 60");
    for child in [&polite, &deaf, &frozen] {
        reaper.watch(child.id(), Signal::Term).unwrap();
    }
    os::signal(frozen.id(), Signal::Stop);
    drop(reaper);
    assert!(ends(&mut polite).await && ends(&mut deaf).await && ends(&mut frozen).await);
    assert!(!folder.exists());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_was_never_announced_is_found_by_its_marker() {
    let reaper = reaper();
    let mut stray = shell(&reaper, "sleep 60");
    drop(reaper);
    assert!(ends(&mut stray).await);
}

#[tokio::test]
async fn a_process_that_is_gone_is_left_alone() {
    let reaper = reaper();
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    reaper.watch(other.id(), Signal::Kill).unwrap();
    reaper.gone(other.id());
    drop(reaper);
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_program_that_is_no_reaper_is_an_error() {
    let error = Reaper::start(Path::new("true"), &[]).unwrap_err();
    assert!(matches!(error, ReaperError::NotAReaper { .. }), "{error}");
}
