//! Nothing on the network is awaited without end.

use std::time::Duration;

/// Something did not happen in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} took longer than {within:?}")]
pub struct Elapsed {
    /// What was awaited, in words: "the answer of prepare".
    pub what: &'static str,
    /// How long it was awaited.
    pub within: Duration,
}

/// Awaits `future`, at most for `within`.
///
/// # Errors
/// [`Elapsed`] names what was awaited. The future is dropped; what it had already sent may still take effect.
pub async fn deadline<F: Future>(within: Duration, what: &'static str, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(within, future).await.map_err(|_| Elapsed { what, within })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn says_what_took_too_long() {
        let within = Duration::from_millis(1);
        let late = deadline(within, "the answer", std::future::pending::<()>()).await;
        assert_eq!(late.expect_err("it never comes").to_string(), "the answer took longer than 1ms");
        assert_eq!(deadline(within, "nothing", async { 7 }).await, Ok(7));
    }
}
