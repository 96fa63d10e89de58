//! How much memory a process had at most, where the system tells (Linux does).

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often is asked: what is told only grows, so that only the last moment can be missed.
const PAUSE: Duration = Duration::from_millis(5);

/// The most memory of a process, until it ends.
pub struct Peak(JoinHandle<Option<u64>>);

impl Peak {
    /// The most megabytes that a process has had resident so far.
    pub fn megabytes(pid: u32) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
    }

    /// Begins to watch one that comes and goes.
    pub fn watch(pid: u32) -> Self {
        Self(tokio::spawn(async move {
            let mut peak = None;
            while let Some(now) = Self::megabytes(pid) {
                peak = Some(now);
                sleep(PAUSE).await;
            }
            peak
        }))
    }

    /// What it was, in megabytes, when the process has ended.
    pub async fn at_most(self) -> Option<u64> {
        self.0.await.expect("the watch")
    }
}
