//! How far a settlement reaches: which entries go on, and which are given up with it.

use std::collections::{BTreeMap, BTreeSet};

use super::outline::{Object, Outline, Stage};
use crate::store::queue::EntryCommand;

/// What the user decided about one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is sent again.
    Again(i64),
    /// It is given up, and with it what makes no sense without it.
    GivenUp(i64),
    /// It is given up, and nothing with it: another row takes its place.
    Replaced(i64),
}

/// Everything that the decision reaches, by row number; no entry is in both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) again: BTreeSet<i64>,
    pub(super) given_up: BTreeSet<i64>,
}

/// Follows a decision through groups, objects and causes. What was sent and has no verdict is left alone, and so is what
/// was given up before.
pub(super) fn follow(entries: &[Outline], fate: Fate) -> Spread {
    let queue = Queue::of(entries);
    let mut spread = Spread::default();
    match fate {
        Fate::GivenUp(row_number) => queue.give_up(row_number, &mut spread.given_up),
        Fate::Replaced(row_number) => {
            spread.given_up.insert(row_number);
            let members = queue.members(row_number).filter(|entry| entry.stage == Stage::Refused);
            let members: Vec<i64> = members.map(|entry| entry.row_number).collect();
            members.into_iter().for_each(|member| queue.send_again(member, &mut spread));
        }
        Fate::Again(row_number) => queue.send_again(row_number, &mut spread),
    }
    for row_number in spread.given_up.clone() {
        queue.release_waiting_for(row_number, &mut spread);
    }
    spread
}

/// The entries that a settlement may reach, by what leads to them.
struct Queue<'a> {
    by_row: BTreeMap<i64, &'a Outline>,
    by_group: BTreeMap<i64, Vec<&'a Outline>>,
    by_object: BTreeMap<&'a Object, Vec<&'a Outline>>,
    /// By the entry that they wait for.
    waiting: BTreeMap<i64, Vec<&'a Outline>>,
}

impl<'a> Queue<'a> {
    fn of(entries: &'a [Outline]) -> Self {
        let mut queue = Self {
            by_row: BTreeMap::new(),
            by_group: BTreeMap::new(),
            by_object: BTreeMap::new(),
            waiting: BTreeMap::new(),
        };
        for entry in entries.iter().filter(|entry| entry.stage != Stage::Sent && !entry.given_up) {
            queue.by_row.insert(entry.row_number, entry);
            queue.by_object.entry(&entry.object).or_default().push(entry);
            if let Some(group) = entry.group {
                queue.by_group.entry(group).or_default().push(entry);
            }
            if let Some(first) = entry.waits_for {
                queue.waiting.entry(first).or_default().push(entry);
            }
        }
        queue
    }

    /// The other members of its group.
    fn members(&self, row_number: i64) -> impl Iterator<Item = &'a Outline> {
        let group = self.by_row.get(&row_number).and_then(|entry| entry.group);
        let members = group.and_then(|group| self.by_group.get(&group)).into_iter().flatten().copied();
        members.filter(move |entry| entry.row_number != row_number)
    }

    /// What follows on the same object and makes no sense when this one is given up: a row that was never made, or that
    /// was never away.
    fn consequences(&self, row_number: i64) -> impl Iterator<Item = &'a Outline> {
        let founds = |entry: &&&Outline| matches!(entry.command, EntryCommand::Create | EntryCommand::Delete);
        let object = self.by_row.get(&row_number).filter(founds).map(|entry| &entry.object);
        let later = object.and_then(|object| self.by_object.get(object)).into_iter().flatten().copied();
        later.filter(move |entry| entry.row_number > row_number)
    }

    fn give_up(&self, row_number: i64, given_up: &mut BTreeSet<i64>) {
        let mut reached = vec![row_number];
        while let Some(row_number) = reached.pop() {
            if given_up.insert(row_number) {
                reached.extend(self.members(row_number).map(|entry| entry.row_number));
                reached.extend(self.consequences(row_number).map(|entry| entry.row_number));
            }
        }
    }

    fn send_again(&self, row_number: i64, spread: &mut Spread) {
        let mut reached = vec![row_number];
        while let Some(row_number) = reached.pop() {
            if spread.given_up.contains(&row_number) || !spread.again.insert(row_number) {
                continue;
            }
            let refused = self.members(row_number).filter(|entry| entry.stage == Stage::Refused);
            reached.extend(refused.map(|entry| entry.row_number));
            reached.extend(self.waiting_for(row_number).map(|entry| entry.row_number));
        }
    }

    fn release_waiting_for(&self, row_number: i64, spread: &mut Spread) {
        let waiting: Vec<i64> = self.waiting_for(row_number).map(|entry| entry.row_number).collect();
        waiting.into_iter().for_each(|waiting| self.send_again(waiting, spread));
    }

    /// What was parked or cancelled because of it.
    fn waiting_for(&self, row_number: i64) -> impl Iterator<Item = &'a Outline> {
        self.waiting.get(&row_number).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(row_number: i64, command: EntryCommand, object: &str) -> Outline {
        Outline {
            row_number,
            command,
            object: (1, object.to_owned()),
            group: None,
            stage: Stage::Refused,
            waits_for: None,
            given_up: false,
        }
    }

    fn update(row_number: i64, object: &str) -> Outline {
        entry(row_number, EntryCommand::Update, object)
    }

    fn rows(set: &BTreeSet<i64>) -> Vec<i64> {
        set.iter().copied().collect()
    }

    #[test]
    fn what_was_parked_for_it_goes_on() {
        let parked = Outline { waits_for: Some(1), ..update(2, "b") };
        let other = Outline { waits_for: Some(999), ..update(3, "c") };
        let entries = [update(1, "a"), parked, other];
        assert_eq!(rows(&follow(&entries, Fate::Again(1)).again), [1, 2]);
        let discarded = follow(&entries, Fate::GivenUp(1));
        assert_eq!((rows(&discarded.given_up), rows(&discarded.again)), (vec![1], vec![2]));
    }

    #[test]
    fn a_group_is_settled_as_a_whole() {
        let member = |row_number, object| Outline { group: Some(1), ..update(row_number, object) };
        let parked = Outline { waits_for: Some(3), ..update(4, "d") };
        let entries = [member(2, "b"), member(3, "c"), parked];
        assert_eq!(rows(&follow(&entries, Fate::Again(2)).again), [2, 3, 4]);
        let discarded = follow(&entries, Fate::GivenUp(2));
        assert_eq!((rows(&discarded.given_up), rows(&discarded.again)), (vec![2, 3], vec![4]));
        let replaced = follow(&entries, Fate::Replaced(2));
        assert_eq!((rows(&replaced.given_up), rows(&replaced.again)), (vec![2], vec![3, 4]));
    }

    #[test]
    fn a_row_that_is_never_made_takes_what_follows_along() {
        let sent = Outline { stage: Stage::Sent, ..update(3, "a") };
        let waiting = Outline { stage: Stage::Waiting, ..update(4, "a") };
        let entries = [update(0, "a"), entry(1, EntryCommand::Create, "a"), update(2, "a"), sent, waiting];
        assert_eq!(rows(&follow(&entries, Fate::GivenUp(1)).given_up), [1, 2, 4]);
        assert_eq!(rows(&follow(&entries, Fate::Replaced(1)).given_up), [1]);
        assert_eq!(rows(&follow(&entries, Fate::GivenUp(2)).given_up), [2]);
    }

    prop_compose! {
        fn outlines()(list in prop::collection::vec(
            (0..4_u8, 0..3_u8, prop::option::of(0..3_i64), 0..3_u8, prop::option::of(0..8_i64), any::<bool>()), 1..9,
        )) -> Vec<Outline> {
            let commands = [EntryCommand::Create, EntryCommand::Update, EntryCommand::Delete, EntryCommand::Invoke];
            let stages = [Stage::Waiting, Stage::Sent, Stage::Refused];
            (0..).zip(list).map(|(row_number, (command, object, group, stage, waits_for, given_up))| Outline {
                group,
                stage: stages[usize::from(stage)],
                waits_for,
                given_up,
                ..entry(row_number, commands[usize::from(command)], &object.to_string())
            }).collect()
        }
    }

    proptest! {
        #[test]
        fn it_is_closed_and_touches_nothing_that_is_under_way(entries in outlines(), at: prop::sample::Index) {
            let refused = |entry: &&Outline| entry.stage == Stage::Refused && !entry.given_up;
            let targets: Vec<&Outline> = entries.iter().filter(refused).collect();
            prop_assume!(!targets.is_empty());
            let target = targets[at.index(targets.len())];
            for fate in [Fate::Again(target.row_number), Fate::GivenUp(target.row_number), Fate::Replaced(target.row_number)] {
                let spread = follow(&entries, fate);
                prop_assert!(spread.again.is_disjoint(&spread.given_up));
                let reached = |entry: &Outline| spread.again.contains(&entry.row_number) || spread.given_up.contains(&entry.row_number);
                prop_assert!(reached(target));
                for entry in entries.iter().filter(|entry| entry.row_number != target.row_number) {
                    prop_assert!(!reached(entry) || (entry.stage != Stage::Sent && !entry.given_up));
                    let settled = entries.iter().any(|first| reached(first) && entry.waits_for == Some(first.row_number));
                    let free = entry.stage != Stage::Sent && !entry.given_up;
                    prop_assert!(!(settled && free) || reached(entry), "{entry:?} waits for what is settled");
                    let group_goes = entries.iter().any(|member| spread.given_up.contains(&member.row_number)
                        && member.group.is_some() && member.group == entry.group);
                    let alone = matches!(fate, Fate::Replaced(_));
                    prop_assert!(!(group_goes && free && !alone) || spread.given_up.contains(&entry.row_number));
                }
            }
        }
    }
}
