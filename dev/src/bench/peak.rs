//! How much memory a process that comes and goes had at most: asked for again and again, because nobody tells when it
//! has ended. What it is told only grows, so that all that can be missed is what came in the last moment.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::os;

/// How often is asked.
const PAUSE: Duration = Duration::from_millis(5);

/// The most memory of a process, until it ends.
#[derive(Debug)]
pub(super) struct Peak(AbortOnDropHandle<Option<u64>>);

impl Peak {
    /// Begins to watch.
    pub(super) fn watch(pid: u32) -> Peak {
        Peak(AbortOnDropHandle::new(tokio::spawn(async move {
            let mut ticks = interval(PAUSE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut peak = None;
            loop {
                ticks.tick().await;
                match os::usage(pid) {
                    Some(usage) => peak = Some(usage.peak_bytes),
                    None => return peak,
                }
            }
        })))
    }

    /// Waits for its end: the most bytes that were resident; none where the system does not tell.
    pub(super) async fn bytes(self) -> Option<u64> {
        self.0.await.ok().flatten()
    }
}
