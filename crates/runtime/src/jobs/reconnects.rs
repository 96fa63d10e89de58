//! Notices that the connection was lost and came back: requests for a message that were waiting at the server are then
//! forgotten and must be made again. The client does not tell, but it counts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::Client;
use tokio::sync::watch;

/// How often the count is looked at; a lost request for a message costs at most this much.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Tells how often `client` has connected, whenever that changes, until the last receiver is gone.
pub(super) fn watch(client: &Client) -> watch::Receiver<u64> {
    let count = client.statistics();
    let (sender, receiver) = watch::channel(count.connects.load(Ordering::Relaxed));
    tokio::spawn(async move {
        let mut look = tokio::time::interval(LOOK_EVERY);
        while !sender.is_closed() {
            look.tick().await;
            let now = count.connects.load(Ordering::Relaxed);
            sender.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
    });
    receiver
}
