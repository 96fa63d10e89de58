//! Waiting for an event: the one place where a test waits.

use std::time::{Duration, Instant};

/// How often it is looked.
const EVERY_MS: u64 = 10;

/// Looks until there is something to see, and gives it.
///
/// # Panics
/// When there is nothing `within` this time.
pub async fn until<T>(what: &str, within: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up = Instant::now() + within;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < give_up, "{what} did not happen within {within:?}");
        tokio::time::sleep(Duration::from_millis(EVERY_MS)).await;
    }
}
