//! Who sees how many contacts. Pure.
//!
//! Contacts are numbered from 1; every business unit owns a range of them. One user of each unit sees what it owns; the
//! user of the root, which owns nothing, sees everything.

use uuid::Uuid;

/// Users who are prepared at once.
const MANY: u64 = 200;

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

/// All business units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Population {
    root: Unit,
    sized: Vec<Unit>,
    many: Vec<Unit>,
    rest: Unit,
}

impl Population {
    /// Shares out so many contacts; at least 1,000.
    pub(super) fn of(contacts: u64) -> Population {
        let mut next = (0, 1);
        let mut unit = |owns: u64| {
            let (number, first) = next;
            next = (number + 1, first + owns);
            Unit { number, first, owns, sees: owns }
        };
        let root = Unit { sees: contacts, ..unit(0) };
        let sized: Vec<Unit> = [1000, 100, 10].map(|part| unit(contacts / part)).into();
        let many: Vec<Unit> = (0..MANY).map(|_| unit((contacts / 2000).max(1))).collect();
        let shared: u64 = sized.iter().chain(&many).map(|unit| unit.owns).sum();
        let rest = unit(contacts - shared);
        Population { root, sized, many, rest }
    }

    /// Every unit, the root first.
    pub(super) fn units(&self) -> impl Iterator<Item = &Unit> {
        [&self.root].into_iter().chain(&self.sized).chain(&self.many).chain([&self.rest])
    }

    /// Those whose users are prepared one by one, the smallest first.
    pub(super) fn watched(&self) -> impl Iterator<Item = &Unit> {
        self.sized.iter().chain([&self.root])
    }

    /// Those whose users are prepared at once.
    pub(super) fn many(&self) -> &[Unit] {
        &self.many
    }

    /// The unit of which so many contacts can be changed inside what the user of `unit` sees; none if there are not
    /// so many.
    pub(super) fn inside(&self, unit: &Unit, changes: u64) -> Option<&Unit> {
        let inside = if unit.number == self.root.number { &self.rest } else { self.unit(unit.number)? };
        (inside.owns >= changes).then_some(inside)
    }

    /// The same, outside what that user sees.
    pub(super) fn outside(&self, unit: &Unit, changes: u64) -> Option<&Unit> {
        let everything = unit.number == self.root.number;
        (!everything && self.rest.owns >= changes).then_some(&self.rest)
    }

    /// A unit without contacts.
    pub(super) fn nobody(&self) -> &Unit {
        &self.root
    }

    fn unit(&self, number: u64) -> Option<&Unit> {
        self.units().find(|unit| unit.number == number)
    }
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
    fn every_contact_has_one_unit() {
        for contacts in [1_000, 10_000, 1_000_000] {
            let population = Population::of(contacts);
            let mut next = 1;
            for unit in population.units() {
                assert_eq!(unit.first, next);
                next += unit.owns;
            }
            assert_eq!(next, contacts + 1);
        }
    }

    #[test]
    fn users_see_a_thousandth_to_all() {
        let population = Population::of(1_000_000);
        let sees: Vec<u64> = population.watched().map(|unit| unit.sees).collect();
        assert_eq!(sees, [1_000, 10_000, 100_000, 1_000_000]);
        let watched: Vec<&Unit> = population.watched().collect();
        assert!(population.inside(watched[0], 1_000).is_some() && population.inside(watched[0], 10_000).is_none());
        assert!(population.outside(watched[0], 10_000).is_some() && population.outside(watched[3], 1).is_none());
        assert_eq!(population.inside(watched[3], 10_000), population.outside(watched[0], 10_000));
    }

    #[test]
    fn a_round_changes_each_contact_once_and_another_round_others() {
        let population = Population::of(10_000);
        let unit = population.watched().nth(2).unwrap();
        let all = |round| unit.spread(100, round).into_iter().collect::<BTreeSet<i64>>();
        assert_eq!(all(0).len(), 100);
        assert!(all(0).is_disjoint(&all(1)));
        let owned = unit.first.cast_signed()..(unit.first + unit.owns).cast_signed();
        assert!((0..2000).all(|round| all(round).iter().all(|number| owned.contains(number))));
        assert!(unit.spread(0, 3).is_empty());
        assert_eq!(unit.spread(1_000, 3).len(), 1_000);
    }
}
