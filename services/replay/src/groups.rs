//! Groups: all or nothing, and nobody else pays. Pure.
//!
//! A chunk is cut into units, each of which lives in one savepoint. A unit is one operation, or the operations from a
//! group's first to its last: "all the remaining operations are aborted and the sync queue moves to the next stop
//! marker". Where two programs wrote on the device at once, a group may have strangers between its members, and groups
//! may interleave; such a stretch is one unit too. When a member of it is refused, its *party* (its group, or itself
//! alone) drops out and the rest is tried again without it, so order is kept and only the guilty are rolled back.
//! The agent never cuts a group between chunks: what a chunk holds of a group is the group.

use std::collections::HashMap;
use std::ops::Range;

use sojourn_wire::message::operation::{Operation, Verdict, VerdictKind};

use crate::refusal::{Kind, Refusal};

/// Cuts operations into units: ranges of indices, in order and without gaps.
#[must_use]
pub fn units(operations: &[Operation]) -> Vec<Range<usize>> {
    let last: HashMap<u64, usize> =
        operations.iter().enumerate().filter_map(|(i, operation)| Some((operation.group?, i))).collect();
    let last_of = |i: usize| operations[i].group.map_or(i, |group| last[&group]);
    let mut units = Vec::new();
    let mut start = 0;
    while start < operations.len() {
        let (mut i, mut end) = (start, last_of(start));
        while i < end {
            i += 1;
            end = end.max(last_of(i));
        }
        units.push(start..end + 1);
        start = end + 1;
    }
    units
}

/// One unit at work: which of its members still stand.
#[derive(Debug)]
pub struct Unit<'a> {
    operations: &'a [Operation],
    /// For each member, the index of the refused member of its party, once there is one.
    refused_by: Vec<Option<usize>>,
    refusals: HashMap<usize, Refusal>,
}

impl<'a> Unit<'a> {
    /// A unit whose members all stand.
    #[must_use]
    pub fn new(operations: &'a [Operation]) -> Self {
        Self { operations, refused_by: vec![None; operations.len()], refusals: HashMap::new() }
    }

    /// The members that still stand, with their indices.
    pub fn standing(&self) -> impl Iterator<Item = (usize, &'a Operation)> {
        self.operations.iter().enumerate().filter(|(i, _)| self.refused_by[*i].is_none())
    }

    /// More than one operation, so that deferrable rules wait for the last.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.operations.len() > 1
    }

    /// One member is refused, and its party falls with it. A party falls once: its first refusal stays.
    pub fn refuse(&mut self, member: usize, refusal: Refusal) {
        if self.refused_by[member].is_some() {
            return;
        }
        let group = self.operations[member].group;
        for (i, operation) in self.operations.iter().enumerate() {
            if i == member || (group.is_some() && operation.group == group) {
                self.refused_by[i] = Some(member);
            }
        }
        self.refusals.insert(member, refusal);
    }

    /// Every member that still stands is refused, each with its party.
    pub fn refuse_all(&mut self, refusal: &Refusal) {
        for member in 0..self.operations.len() {
            self.refuse(member, refusal.clone());
        }
    }

    /// Who is to blame when a rule that was checked at the end is broken: the last standing member that `touches` what
    /// the rule is about, or else the last one.
    #[must_use]
    pub fn blame(&self, touches: impl Fn(usize) -> bool) -> Option<usize> {
        let standing = || self.standing().map(|(member, _)| member);
        standing().filter(|member| touches(*member)).last().or_else(|| standing().last())
    }

    /// One verdict for each member, in order. `applied` says how those that stand are done: applied, or merged.
    #[must_use]
    pub fn verdicts(&self, applied: impl Fn(usize) -> VerdictKind, trace_id: &str) -> Vec<Verdict> {
        (0..self.operations.len()).map(|member| self.verdict(member, &applied, trace_id)).collect()
    }

    fn verdict(&self, member: usize, applied: &impl Fn(usize) -> VerdictKind, trace_id: &str) -> Verdict {
        let sequence = self.operations[member].sequence;
        let Some(guilty) = self.refused_by[member] else {
            return Verdict::new(sequence, applied(member), trace_id);
        };
        let refusal = &self.refusals[&guilty];
        let cause = self.operations[guilty].sequence;
        match &refusal.kind {
            // A group waits as a whole.
            Kind::Parked(_) => refusal.verdict(sequence, trace_id),
            _ if guilty == member => refusal.verdict(sequence, trace_id),
            _ => {
                let reason = "not done, because another operation of the same group was refused".to_owned();
                let cancelled = Verdict::new(sequence, VerdictKind::Cancelled, trace_id);
                Verdict { reason: Some(reason), cause: Some(cause), ..cancelled }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::create;
    use proptest::prelude::*;

    fn operations(groups: &[Option<u64>]) -> Vec<Operation> {
        (1..).zip(groups).map(|(sequence, group)| Operation { group: *group, ..create(sequence) }).collect()
    }

    fn words(unit: &Unit<'_>) -> Vec<&'static str> {
        unit.verdicts(|_| VerdictKind::Applied, "t").iter().map(|verdict| verdict.verdict.word()).collect()
    }

    #[test]
    fn a_unit_is_one_operation_or_a_group_with_what_lies_between() {
        let cut = |groups: &[Option<u64>]| units(&operations(groups));
        let (a, b) = (Some(1), Some(2));
        assert_eq!(cut(&[]), Vec::<Range<usize>>::new());
        assert_eq!(cut(&[None, None]), [0..1, 1..2]);
        assert_eq!(cut(&[None, a, a, None, b]), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(cut(&[a, None, a, b]), [0..3, 3..4]);
        assert_eq!(cut(&[a, b, a, b, None]), [0..4, 4..5]);
    }

    #[test]
    fn a_refused_member_takes_its_group_and_nobody_else() {
        let operations = operations(&[Some(1), None, Some(1), Some(2)]);
        let mut unit = Unit::new(&operations);
        assert_eq!(words(&unit), ["applied"; 4]);
        unit.refuse(2, Refusal::of("score", "too much"));
        assert_eq!(words(&unit), ["cancelled", "applied", "rejected", "applied"]);
        assert_eq!(unit.standing().map(|(i, _)| i).collect::<Vec<_>>(), [1, 3]);
        unit.refuse(0, Refusal::new("late"));
        unit.refuse(1, Refusal::new("no"));
        let verdicts = unit.verdicts(|_| VerdictKind::Applied, "t");
        assert_eq!(words(&unit), ["cancelled", "rejected", "rejected", "applied"]);
        assert_eq!(verdicts[0].cause, Some(3));
        assert_eq!(verdicts[2].reason.as_deref(), Some("too much"));
        assert_eq!(verdicts[2].attribute.as_deref(), Some("score"));
    }

    #[test]
    fn a_late_rule_blames_who_touched_it_last() {
        let operations = operations(&[Some(1), Some(1), Some(1)]);
        let mut unit = Unit::new(&operations);
        assert_eq!(unit.blame(|member| member == 1), Some(1));
        assert_eq!(unit.blame(|_| false), Some(2));
        unit.refuse_all(&Refusal::new("no"));
        assert_eq!(words(&unit), ["rejected", "cancelled", "cancelled"]);
        assert_eq!(unit.blame(|_| true), None);
    }

    proptest! {
        #[test]
        fn units_cover_everything_and_never_cut_a_group(
            groups in proptest::collection::vec(proptest::option::of(0..5u64), 0..40)
        ) {
            let operations = operations(&groups);
            let units = units(&operations);
            prop_assert_eq!(units.iter().cloned().flatten().collect::<Vec<_>>(), (0..groups.len()).collect::<Vec<_>>());
            for group in 0..5 {
                let home = |i: usize| units.iter().position(|unit| unit.contains(&i));
                let mut homes = (0..groups.len()).filter(|i| groups[*i] == Some(group)).map(home);
                let first = homes.next();
                prop_assert!(homes.all(|home| Some(home) == first));
            }
        }

        /// Refusals in any order: a party is applied as a whole or not at all.
        #[test]
        fn all_or_nothing(
            groups in proptest::collection::vec(proptest::option::of(0..3u64), 1..12),
            refused in proptest::collection::vec(0..12usize, 0..6),
        ) {
            let operations = operations(&groups);
            let mut unit = Unit::new(&operations);
            for member in refused.iter().filter(|member| **member < groups.len()) {
                unit.refuse(*member, Refusal::new("no"));
            }
            let verdicts = words(&unit);
            for (i, group) in groups.iter().enumerate() {
                let same = |j: usize| i == j || (group.is_some() && groups[j] == *group);
                let touched = refused.iter().any(|r| *r < groups.len() && same(*r));
                prop_assert_eq!(verdicts[i] == "applied", !touched);
                let rejected = (0..groups.len()).filter(|j| same(*j) && verdicts[*j] == "rejected").count();
                prop_assert_eq!(rejected, usize::from(touched));
            }
        }
    }
}
