//! Catching up: while much is loaded, the server goes on changing. So a device that was loading for long asks again,
//! until there is nothing more. Pure.

use std::time::Duration;

/// The most sessions of one download for catching up: a server that never rests is not caught up with.
const MOST: u32 = 10;
/// A session that took longer may have missed changes that a user would expect.
const LONG: Duration = Duration::from_secs(5);

/// A session that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    /// Nothing was ever loaded here before it.
    pub(super) first: bool,
    /// How long it took.
    pub(super) took: Duration,
    /// Rows and deletes that it moved.
    pub(super) moved: u64,
    /// More rows wait to be asked for again than one request holds.
    pub(super) more_to_ask: bool,
}

/// The sessions of one download.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rounds {
    count: u32,
    catching_up: bool,
}

impl Rounds {
    /// Takes a session that is over; whether another one must follow.
    pub(super) fn another_after(&mut self, round: Round) -> bool {
        self.count += 1;
        self.catching_up |= round.first || round.took > LONG;
        round.more_to_ask || (self.catching_up && round.moved > 0 && self.count < MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Round = Round { first: false, took: Duration::from_millis(80), moved: 3, more_to_ask: false };
    const EMPTY: Round = Round { moved: 0, ..QUICK };

    fn rounds(story: impl IntoIterator<Item = Round>) -> usize {
        let mut rounds = Rounds::default();
        story.into_iter().take_while(|round| rounds.another_after(*round)).count() + 1
    }

    #[test]
    fn a_quick_session_is_enough() {
        assert_eq!(rounds([QUICK, QUICK]), 1);
    }

    #[test]
    fn after_the_first_load_and_after_a_long_one_it_asks_until_nothing_moves() {
        let first = Round { first: true, ..QUICK };
        assert_eq!(rounds([first, QUICK, EMPTY, QUICK]), 3);
        let long = Round { took: Duration::from_secs(6), ..QUICK };
        assert_eq!(rounds([long, EMPTY]), 2);
        assert_eq!(rounds([Round { moved: 0, ..first }]), 1, "nothing to load");
        // Set aside, and asked for again each time: that is no change to catch up with.
        assert_eq!(rounds([Round { moved: 0, ..long }]), 1);
    }

    #[test]
    fn a_server_that_never_rests_is_not_chased_for_ever() {
        assert_eq!(rounds([Round { first: true, ..QUICK }].into_iter().chain([QUICK; 100])), 10);
    }

    #[test]
    fn rows_to_be_asked_for_again_are_all_asked_for() {
        let more = Round { more_to_ask: true, ..EMPTY };
        assert_eq!(rounds([more; 20].into_iter().chain([EMPTY])), 21);
    }
}
