//! Chance that can be had again.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// Everything random of one story.
pub struct Chance(ChaCha8Rng);

impl Chance {
    /// The chance of a seed.
    pub fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// True so often in a hundred.
    pub fn percent(&mut self, often: u32) -> bool {
        self.0.random_range(0..100) < often
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// A number from the first to the last.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0.random_range(first..=last)
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// One of them, each as often as its number says.
    pub fn weighed<T: Copy>(&mut self, of: &[(u32, T)]) -> T {
        let mut at = self.0.random_range(0..of.iter().map(|(weight, _)| weight).sum());
        for (weight, it) in of {
            if at < *weight {
                return *it;
            }
            at -= weight;
        }
        unreachable!("a number below the sum")
    }

    /// An id.
    pub fn id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.0.random()).into_uuid()
    }
}
