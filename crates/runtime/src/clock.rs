//! Where time, fresh ids and chance come in. Everywhere else they are arguments, so that a test may choose them.

use jiff::Timestamp;
use uuid::Uuid;

/// The present moment, in UTC.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the rim where time comes in")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// An id that nobody has used before (random, version 4).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the rim where fresh ids come in")]
pub fn fresh_id() -> Uuid {
    Uuid::new_v4()
}

/// Chance for a retry's delay: uniform, at least 0 and below 1.
#[must_use]
pub fn jitter() -> f64 {
    // The last 32 bits of a version 4 id are all random.
    let [.., a, b, c, d] = *fresh_id().as_bytes();
    f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_jitter_stays_in_its_range() {
        assert_ne!(fresh_id(), fresh_id());
        let draws: Vec<f64> = (0..1000).map(|_| jitter()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "mean {mean}");
    }
}
