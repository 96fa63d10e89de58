//! How many parts of a file are asked for at a time. Pure.

use std::time::Duration;

use sojourn_wire::batch::PART_BYTES;

/// The most parts in flight. More do not make a fast link faster, and a slow one must stay alive: what is in flight is
/// ahead of the pings that keep the connection.
const MOST: usize = 3;
/// Within what time everything that is in flight should have come.
const WITHIN: Duration = Duration::from_secs(5);

/// How fast a link is, by the last file that came over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    bytes: u64,
    took: Duration,
}

impl Pace {
    /// A file of so many bytes took so long. One that fits a single part is over too soon to say much, and a slow one
    /// says it all the same.
    pub fn learn(&mut self, bytes: u64, took: Duration) {
        *self = Self { bytes, took };
    }

    /// How many parts may be in flight: one until the pace is known.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        if self.bytes == 0 {
            return 1;
        }
        let seconds = self.took.as_secs_f64().max(0.001);
        let parts = self.bytes as f64 / seconds * WITHIN.as_secs_f64() / PART_BYTES as f64;
        (parts as usize).clamp(1, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_link_gets_one_part_at_a_time() {
        let mut pace = Pace::default();
        assert_eq!(pace.in_flight(), 1, "not known yet");
        for (bytes_per_second, expected) in [(10_000, 1), (100_000, 1), (150_000, 2), (200_000, 3), (100_000_000, 3)] {
            pace.learn(bytes_per_second * 4, Duration::from_secs(4));
            assert_eq!(pace.in_flight(), expected, "{bytes_per_second} bytes a second");
        }
        pace.learn(1 << 20, Duration::ZERO);
        assert_eq!(pace.in_flight(), 3);
    }
}
