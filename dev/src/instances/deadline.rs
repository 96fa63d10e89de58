//! Waiting for something that announces itself only when asked: ask often, and not for ever.

use std::time::Duration;

use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Asks `probe` until it answers something, with growing pauses; `None` when `within` has passed.
pub(super) async fn poll<T>(within: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asks_until_the_answer_or_the_deadline() {
        let mut asked = 0;
        let third = poll(Duration::from_secs(1), || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(third.await, Some(3));
        assert_eq!(poll(Duration::from_millis(5), || None::<()>).await, None);
    }
}
