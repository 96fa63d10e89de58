//! Killing Postgres without mercy, and what such a death leaves behind.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::deadline;
use super::super::process::Child;
use super::files;
use crate::os::{self, Signal};

const DEATH: Duration = Duration::from_secs(10);

/// Kills the postmaster and its children. It is frozen first, so that it starts no more of them meanwhile; the
/// children lead groups of their own, so each is killed by itself. Returns when none is left.
pub(super) async fn kill_with_children(mut postmaster: Child) {
    postmaster.freeze();
    let children = os::children(postmaster.pid());
    postmaster.kill();
    for child in &children {
        os::signal(*child, Signal::Kill);
    }
    deadline::poll(DEATH, || children.iter().all(|child| !os::is_running(*child)).then_some(())).await;
}

/// Gives back the little System V shared memory by which Postgres knows that its data folder is in use. A
/// restart would do it; data that is thrown away after a kill would leave it until the machine restarts.
pub(super) fn free_shared_memory(data: &Path) {
    if let Some(id) = files::shared_memory_id(&data.join("postmaster.pid")) {
        let mut command = Command::new("ipcrm");
        command.args(["-m", &id.to_string()]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // At worst 56 bytes stay behind.
        let _ = command.status();
    }
}
