//! How long to wait before the next try: doubling, capped, and never in step with the neighbours.

use std::time::Duration;

/// A schedule of waits. Pure: the caller counts the attempts and draws the jitter ([`crate::clock::jitter`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// No wait is longer, unless `first` already is.
    pub most: Duration,
}

impl Backoff {
    /// A schedule that starts at `first` and doubles up to `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The wait after failure number `failures` (1 is the first): `first`, twice, four times and so on up to `most`,
    /// then shortened by up to a half; `jitter` 0 shortens by the half, just below 1 by almost nothing.
    #[must_use]
    pub fn delay(&self, failures: u64, jitter: f64) -> Duration {
        self.full(failures).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
    }

    /// The same wait without chance; never shorter than `first`.
    #[must_use]
    pub fn full(&self, failures: u64) -> Duration {
        let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 2_u32.saturating_pow(doublings);
        self.first.saturating_mul(factor).min(self.most).max(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn doubles_up_to_the_cap() {
        let backoff = Backoff::new(50 * MS, 60_000 * MS);
        let full: Vec<u128> = [0, 1, 2, 3, 11, 12, 500].map(|n| backoff.full(n).as_millis()).to_vec();
        assert_eq!(full, [50, 50, 100, 200, 51_200, 60_000, 60_000]);
    }

    #[test]
    fn a_first_wait_above_the_cap_is_kept() {
        assert_eq!(Backoff::new(90_000 * MS, 30_000 * MS).full(7), 90_000 * MS);
    }

    proptest! {
        #[test]
        fn jitter_takes_at_most_half(failures in any::<u64>(), jitter in 0.0..1.0_f64) {
            let backoff = Backoff::new(50 * MS, 60_000 * MS);
            let (full, delay) = (backoff.full(failures), backoff.delay(failures, jitter));
            prop_assert!(full / 2 <= delay && delay <= full);
        }
    }
}
