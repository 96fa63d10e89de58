//! Business units, their users, and the contacts they own. Pure.
//!
//! Contacts are numbered from 1; every business unit owns a range of them. One user of each unit sees what it owns; the
//! user of the root, which owns nothing, sees everything.

use uuid::Uuid;

/// A business unit, its one user, and the contacts it owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    number: u64,
    /// The least of its contacts' numbers.
    pub(super) first: u64,
    /// How many contacts it owns.
    pub(super) owns: u64,
    /// How many contacts its user sees.
    pub(super) sees: u64,
}

/// The root, and units that own so many contacts each, in this order.
pub(super) fn units_owning(counts: impl IntoIterator<Item = u64>) -> Vec<Unit> {
    let mut units = vec![Unit { number: 0, first: 1, owns: 0, sees: 0 }];
    let (mut number, mut first) = (1, 1);
    for owns in counts {
        units.push(Unit { number, first, owns, sees: owns });
        (number, first) = (number + 1, first + owns);
    }
    units[0].sees = first - 1;
    units
}

impl Unit {
    /// Its key.
    pub(super) fn id(&self) -> Uuid {
        Uuid::from_u128(0xb << 64 | u128::from(self.number))
    }

    /// Its user's.
    pub(super) fn user_id(&self) -> Uuid {
        Uuid::from_u128(0xe << 64 | u128::from(self.number))
    }

    /// Its user sees everything.
    pub(super) fn is_root(&self) -> bool {
        self.number == 0
    }

    /// So many of its contacts, spread over all of them and none twice; others in each round.
    pub(super) fn spread(&self, changes: u64, round: u64) -> Vec<i64> {
        let number = |change: u64| (self.first + (change * self.owns / changes + round) % self.owns).cast_signed();
        (0..changes.min(self.owns)).map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_contact_has_one_unit_and_the_root_sees_them_all() {
        let units = units_owning([7, 3, 90]);
        let ranges: Vec<(u64, u64)> = units.iter().map(|unit| (unit.first, unit.owns)).collect();
        assert_eq!(ranges, [(1, 0), (1, 7), (8, 3), (11, 90)]);
        let sees: Vec<u64> = units.iter().map(|unit| unit.sees).collect();
        assert_eq!(sees, [100, 7, 3, 90]);
        assert!(units[0].is_root() && !units[1].is_root());
    }

    #[test]
    fn a_round_changes_each_contact_once_and_another_round_others() {
        let unit = units_owning([9_000, 1_000])[2];
        let all = |round| unit.spread(100, round).into_iter().collect::<BTreeSet<i64>>();
        assert_eq!(all(0).len(), 100);
        assert!(all(0).is_disjoint(&all(1)));
        assert!((0..2000).all(|round| all(round).iter().all(|number| (9_001..=10_000).contains(number))));
        assert!(unit.spread(0, 3).is_empty());
        assert_eq!(unit.spread(10_000, 3).len(), 1_000);
    }
}
