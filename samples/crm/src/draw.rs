//! Everything random: one generator for each purpose, so that one entity's rows do not depend on another's.

use jiff::{SignedDuration, Timestamp};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// The golden ratio's fractional part: multiples of it, modulo one, spread evenly wherever one stops.
const GOLDEN: f64 = 0.618_033_988_749_894_9;
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// A stream of random values, fixed by a seed and a stream number.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    /// Stream `stream` of `seed`; streams are independent of each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Draw {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Draw(rng)
    }

    /// An id in the shape of a version 4 uuid.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// From 0, inclusive, to 1, exclusive.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0.random()
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// From `low` to `high`, both inclusive.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.0.random_range(0..choices.len())]
    }

    /// An index below `count`, the lower the likelier; the larger `power`, the steeper, and 1 is even.
    pub(crate) fn skewed(&mut self, count: usize, power: f64) -> usize {
        skew(self.fraction(), count, power)
    }

    /// A value in `percent` of a hundred cases, none otherwise.
    pub(crate) fn maybe<T>(&mut self, percent: u32, make: impl FnOnce(&mut Draw) -> T) -> Option<T> {
        if self.percent(percent) { Some(make(self)) } else { None }
    }

    /// A moment, to the microsecond, between two day offsets from `epoch`.
    pub(crate) fn moment(&mut self, epoch: Timestamp, first_day: i64, last_day: i64) -> Timestamp {
        let offset = self.between(first_day * MICROSECONDS_PER_DAY, last_day * MICROSECONDS_PER_DAY);
        epoch.saturating_add(SignedDuration::from_micros(offset)).unwrap_or(epoch)
    }

    /// As many random bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

/// The `nth` of a sequence that is as skewed as [`Draw::skewed`], but spread evenly: any stretch of it has the shares
/// of the whole, so that even a handful of rows has the owners it should have.
pub(crate) fn skewed_evenly(nth: usize, count: usize, power: f64) -> usize {
    skew((nth as f64 * GOLDEN).fract(), count, power)
}

fn skew(fraction: f64, count: usize, power: f64) -> usize {
    ((fraction.powf(power) * count as f64) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_values_and_a_stream_separates_them() {
        let ids = |seed, stream| -> Vec<Uuid> {
            let mut draw = Draw::new(seed, stream);
            (0..4).map(|_| draw.uuid()).collect()
        };
        assert_eq!(ids(7, 2), ids(7, 2));
        assert_ne!(ids(7, 2), ids(8, 2));
        assert_ne!(ids(7, 2), ids(7, 3));
    }

    #[test]
    fn ids_have_the_shape_of_version_4() {
        let id = Draw::new(1, 1).uuid();
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
    }

    #[test]
    fn the_first_of_a_skewed_choice_gets_the_root_of_its_share() {
        let firsts = (0..10_000).filter(|nth| skewed_evenly(*nth, 16, 2.0) == 0).count();
        assert!((2_450..2_550).contains(&firsts), "{firsts}");
    }
}
