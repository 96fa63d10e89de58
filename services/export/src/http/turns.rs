//! How much is sent at once: so much to one subscription, that no device takes the turns of the others, and so much in
//! all, which bounds the memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sojourn_wire::SubscriptionId;

/// Files on their way to one subscription at once.
const OF_ONE: usize = 4;
/// Files on their way at once. Each takes a part or two of 256 KB.
const OF_ALL: usize = 64;

/// Who is sent how many files at the moment.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<BTreeMap<SubscriptionId, usize>>>);

/// The right to be sent one file. It ends when it is dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    subscription: SubscriptionId,
}

impl Turns {
    /// A turn, if there is one.
    #[must_use]
    pub fn take(&self, subscription: &SubscriptionId) -> Option<Turn> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(subscription).copied().unwrap_or(0);
        if own >= OF_ONE || taken.values().sum::<usize>() >= OF_ALL {
            return None;
        }
        taken.insert(subscription.clone(), own + 1);
        Some(Turn { turns: self.clone(), subscription: subscription.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut taken = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.subscription) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.remove(&self.subscription)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscription_leaves_turns_to_the_others_and_all_of_them_end() {
        let turns = Turns::default();
        let id = |number: usize| format!("s{number}").parse::<SubscriptionId>().unwrap();
        let mut held: Vec<Turn> = (0..OF_ONE).map(|_| turns.take(&id(0)).expect("a turn")).collect();
        assert!(turns.take(&id(0)).is_none());
        held.extend((OF_ONE..OF_ALL).map(|number| turns.take(&id(number)).expect("a turn")));
        assert!(turns.take(&id(OF_ALL)).is_none());
        drop(held);
        assert!(turns.0.lock().unwrap().is_empty());
        assert!(turns.take(&id(0)).is_some());
    }
}
