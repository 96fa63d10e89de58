//! How often a message's handler ended in something that nobody understands.
//!
//! The server counts deliveries, but those include retries that had a good reason, so this is counted here, per
//! process: with several replicas a hopeless message is tried at most [`super::MAX_UNEXPECTED`] times by each.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages counted at once; beyond it the oldest is forgotten, and starts over if it returns.
const MOST: usize = 1024;

/// Counts by the message's number in its stream.
#[derive(Debug, Default)]
pub(super) struct Strikes(Mutex<BTreeMap<u64, u32>>);

impl Strikes {
    /// Counts one more for a message, and says how many there are now.
    pub(super) fn add(&self, sequence: u64) -> u32 {
        let mut counts = self.counts();
        let count = counts.entry(sequence).or_insert(0);
        *count += 1;
        let now = *count;
        if counts.len() > MOST {
            counts.pop_first();
        }
        now
    }

    /// How many there are of a message.
    pub(super) fn of(&self, sequence: u64) -> u32 {
        self.counts().get(&sequence).copied().unwrap_or_default()
    }

    /// Forgets a message that is off the queue.
    pub(super) fn forget(&self, sequence: u64) {
        self.counts().remove(&sequence);
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<u64, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_message_until_it_is_forgotten() {
        let strikes = Strikes::default();
        assert_eq!((strikes.add(1), strikes.add(1), strikes.add(2)), (1, 2, 1));
        assert_eq!((strikes.of(1), strikes.of(9)), (2, 0));
        strikes.forget(1);
        assert_eq!((strikes.add(1), strikes.add(2)), (1, 2));
    }

    #[test]
    fn stays_bounded() {
        let strikes = Strikes::default();
        (0..5000).for_each(|sequence| assert_eq!(strikes.add(sequence), 1));
        assert_eq!(strikes.counts().len(), MOST);
        assert_eq!(strikes.add(4999), 2);
    }
}
