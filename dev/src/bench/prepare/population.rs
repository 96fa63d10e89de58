//! Who sees how many contacts. Pure.

use super::super::unit::{Unit, units_owning};

/// Users who are prepared at once.
const MANY: u64 = 200;
/// Where those stand whose users are prepared one by one.
const SIZED: std::ops::Range<usize> = 1..4;

/// All business units: the root, three whose users see a thousandth to a tenth of everything, many small ones, and one
/// that owns the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Population(Vec<Unit>);

impl Population {
    /// Shares out so many contacts; at least 1,000.
    pub(super) fn of(contacts: u64) -> Population {
        let sized = [1000, 100, 10].map(|part| contacts / part);
        let many = (0..MANY).map(|_| (contacts / 2000).max(1));
        let mut counts: Vec<u64> = sized.into_iter().chain(many).collect();
        counts.push(contacts - counts.iter().sum::<u64>());
        Population(units_owning(counts))
    }

    /// Every unit, the root first.
    pub(super) fn units(&self) -> &[Unit] {
        &self.0
    }

    /// Those whose users are prepared one by one, the smallest first.
    pub(super) fn watched(&self) -> impl Iterator<Item = &Unit> {
        self.0[SIZED].iter().chain([self.nobody()])
    }

    /// Those whose users are prepared at once.
    pub(super) fn many(&self) -> &[Unit] {
        &self.0[SIZED.end..self.0.len() - 1]
    }

    /// The unit of which so many contacts can be changed inside what the user of `unit` sees; none if there are not
    /// so many.
    pub(super) fn inside(&self, unit: &Unit, changes: u64) -> Option<&Unit> {
        let inside = if unit.is_root() { Some(self.rest()) } else { self.0.iter().find(|known| *known == unit) };
        inside.filter(|inside| inside.owns >= changes)
    }

    /// The same, outside what that user sees.
    pub(super) fn outside(&self, unit: &Unit, changes: u64) -> Option<&Unit> {
        (!unit.is_root() && self.rest().owns >= changes).then_some(self.rest())
    }

    /// A unit without contacts.
    pub(super) fn nobody(&self) -> &Unit {
        &self.0[0]
    }

    fn rest(&self) -> &Unit {
        &self.0[self.0.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_contacts_are_shared_out() {
        for contacts in [1_000, 10_000, 1_000_000] {
            let population = Population::of(contacts);
            assert_eq!(population.units().iter().map(|unit| unit.owns).sum::<u64>(), contacts);
            assert_eq!(population.many().len() as u64, MANY);
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
}
