//! How refusals are settled in the model.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::device::{Device, Entry, State};
use super::operation::Command;
use super::row::{Attribute, Values};

/// What the user decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Way {
    Retry,
    Fix(Values),
    KeepMine,
    TakeTheirs,
    CreateAnyway,
    UseExisting(Uuid),
    Discard,
}

impl Device {
    /// The places of what was refused.
    pub fn refused(&self) -> Vec<usize> {
        (0..self.entries.len()).filter(|place| self.entries[*place].state == State::Refused).collect()
    }

    /// What makes sense for a refused entry.
    pub fn ways(&self, place: usize, values: Values) -> Vec<Way> {
        let entry = &self.entries[place];
        let fix = (entry.command != Command::Delete).then_some(Way::Fix(values));
        let own = match entry.verdict.word {
            "parked" | "cancelled" if self.cause_of(place).is_some() => return vec![Way::Discard],
            "parked" | "cancelled" => return vec![Way::Retry, Way::Discard],
            "conflict" => vec![Way::KeepMine, Way::TakeTheirs, Way::Retry],
            "duplicate" => {
                let candidates = entry.verdict.candidates.iter().filter(|_| entry.command == Command::Create);
                candidates.map(|id| Way::UseExisting(*id)).chain([Way::CreateAnyway]).collect()
            }
            _ => vec![Way::Retry],
        };
        own.into_iter().chain(fix).chain([Way::Discard]).collect()
    }

    /// The refused entry for which this one waits.
    pub fn cause_of(&self, place: usize) -> Option<usize> {
        let cause = self.entries[place].verdict.cause?;
        self.refused().into_iter().find(|other| self.entries[*other].sequence == Some(cause))
    }

    /// The user settles a refused entry.
    pub fn settle(&mut self, place: usize, way: &Way) {
        let mut again = BTreeSet::new();
        let mut given_up = BTreeSet::new();
        match way {
            Way::Retry => self.spread(place, &mut again, &given_up),
            Way::CreateAnyway => {
                self.entries[place].create_anyway = true;
                self.spread(place, &mut again, &given_up);
            }
            Way::Fix(values) => {
                self.fix(place, values);
                self.spread(place, &mut again, &given_up);
            }
            Way::KeepMine => {
                self.keep_mine(place);
                self.spread(place, &mut again, &given_up);
            }
            Way::TakeTheirs if self.take_theirs(place) => self.spread(place, &mut again, &given_up),
            Way::UseExisting(candidate) => {
                given_up.insert(place);
                self.waiting_for(place).into_iter().for_each(|it| self.spread(it, &mut again, &given_up));
                self.members(place, true).into_iter().for_each(|it| self.spread(it, &mut again, &given_up));
                let void = self.use_existing(place, *candidate);
                again.retain(|it| Some(*it) != void);
                given_up.extend(void);
            }
            Way::TakeTheirs | Way::Discard => {
                self.given_up_with(place, &mut given_up);
                for place in &given_up {
                    self.waiting_for(*place).into_iter().for_each(|it| self.spread(it, &mut again, &given_up));
                }
                given_up.iter().rev().for_each(|place| self.take_out(*place));
            }
        }
        for place in again {
            self.wait_again(place);
        }
        for place in given_up {
            self.wait_again(place);
            let entry = &mut self.entries[place];
            entry.given_up = true;
            entry.state = if entry.settles.is_some() { State::Waiting } else { State::GivenUp };
            let object = entry.object;
            self.forget(object);
        }
    }

    /// Other members of its group.
    fn members(&self, place: usize, refused: bool) -> Vec<usize> {
        let group = self.entries[place].group;
        let is_one = |other: &usize| {
            let entry = &self.entries[*other];
            group.is_some()
                && entry.group == group
                && *other != place
                && entry.is_pending()
                && (!refused || entry.state == State::Refused)
        };
        (0..self.entries.len()).filter(is_one).collect()
    }

    /// What was parked or cancelled because of it.
    fn waiting_for(&self, place: usize) -> Vec<usize> {
        let sequence = self.entries[place].sequence;
        let waits = |other: &usize| sequence.is_some() && self.entries[*other].verdict.cause == sequence;
        self.refused().into_iter().filter(waits).collect()
    }

    /// It goes on, and with it its group and what waits for it.
    fn spread(&self, place: usize, again: &mut BTreeSet<usize>, given_up: &BTreeSet<usize>) {
        if !given_up.contains(&place) && again.insert(place) {
            let next = self.members(place, true).into_iter().chain(self.waiting_for(place));
            next.for_each(|it| self.spread(it, again, given_up));
        }
    }

    /// It is given up, and with it its group and what is nothing without it.
    fn given_up_with(&self, place: usize, given_up: &mut BTreeSet<usize>) {
        if given_up.insert(place) {
            let Entry { command, object, .. } = self.entries[place];
            let founds = command != Command::Update;
            let later = self.pending(object).into_iter().filter(|other| founds && *other > place);
            self.members(place, false).into_iter().chain(later).for_each(|it| self.given_up_with(it, given_up));
        }
    }

    /// The next pending entry on the same object that builds upon the attribute: it sets it, or deletes the row.
    fn next_of(&self, place: usize, attribute: Attribute) -> Option<usize> {
        let builds = |entry: &Entry| entry.command == Command::Delete || entry.data.contains_key(&attribute);
        let pending = self.pending(self.entries[place].object);
        pending.into_iter().find(|next| *next > place && builds(&self.entries[*next]))
    }

    /// What the server has, where a delete is all that builds upon it.
    fn uncovered(&self, place: usize, next: usize, attribute: Attribute) -> Option<Option<String>> {
        let Entry { object, command, .. } = self.entries[next];
        let sets = |other: usize| other != place && self.entries[other].data.contains_key(&attribute);
        let bare = command == Command::Delete && !self.gone.contains(&object);
        let bare = bare && !self.pending(object).into_iter().any(sets);
        self.beneath.get(&object).filter(|_| bare).map(|row| row[&attribute].clone())
    }

    /// What follows builds upon what was before; the row shows what is left.
    fn take_out(&mut self, place: usize) {
        let Entry { command, object, base, .. } = self.entries[place].clone();
        if command == Command::Update {
            for (attribute, before) in base {
                if let Some(next) = self.next_of(place, attribute) {
                    let before = self.uncovered(place, next, attribute).unwrap_or(before);
                    self.entries[next].base.insert(attribute, before);
                } else if let Some(row) = self.beneath.get_mut(&object).filter(|_| self.gone.contains(&object)) {
                    // Of a row that the server has no more nothing else is known.
                    row.insert(attribute, before);
                }
            }
        }
        if command == Command::Create {
            self.beneath.remove(&object);
        }
        self.entries[place].given_up = true;
    }

    fn fix(&mut self, place: usize, values: &Values) {
        let Entry { command, object, verdict, .. } = self.entries[place].clone();
        let row = self.row_before(object, usize::MAX);
        for (attribute, value) in values {
            let next = self.next_of(place, *attribute);
            if command == Command::Update {
                let built_upon = next.and_then(|next| self.entries[next].base.get(attribute).cloned());
                let now = row.as_ref().map(|row| row[attribute].clone());
                let theirs = verdict.theirs.get(attribute).map(|theirs| self.told(object, *attribute, theirs));
                let entry = &mut self.entries[place];
                let base = match theirs {
                    Some(theirs) => Some(theirs),
                    None if entry.data.contains_key(attribute) => None,
                    None => built_upon.or(now),
                };
                entry.base.extend(base.map(|base| (*attribute, base)));
            }
            if command == Command::Create && value.is_none() {
                self.entries[place].data.remove(attribute);
            } else {
                self.entries[place].data.insert(*attribute, value.clone());
            }
            if let Some(next) = next {
                self.entries[next].base.insert(*attribute, value.clone());
            }
        }
    }

    fn keep_mine(&mut self, place: usize) {
        let Entry { command, object, verdict, .. } = self.entries[place].clone();
        if !verdict.is_gone || command != Command::Update {
            self.entries[place].seen = Some(verdict.version);
            return;
        }
        let row = self.row_before(object, place + 1).unwrap_or_default();
        // What the create does not name has no value.
        self.beneath.remove(&object);
        let entry = &mut self.entries[place];
        (entry.command, entry.seen, entry.base) = (Command::Create, None, Values::new());
        entry.data = row.into_iter().filter(|(_, value)| value.is_some()).collect();
    }

    /// What the server has of an attribute in conflict: the row that came last, or else what the verdict says.
    fn told(&self, object: Uuid, attribute: Attribute, theirs: &Option<String>) -> Option<String> {
        let row = self.beneath.get(&object).filter(|_| !self.gone.contains(&object));
        row.map_or_else(|| theirs.clone(), |row| row[&attribute].clone())
    }

    /// Answers whether anything is left of it.
    fn take_theirs(&mut self, place: usize) -> bool {
        let Entry { object, verdict, data, .. } = self.entries[place].clone();
        if verdict.theirs.is_empty() {
            return false;
        }
        let left = data.keys().any(|attribute| !verdict.theirs.contains_key(attribute));
        for (attribute, theirs) in verdict.theirs {
            let theirs = self.told(object, attribute, &theirs);
            if let Some(row) = self.beneath.get_mut(&object) {
                row.insert(attribute, theirs.clone());
            }
            if !left {
                self.entries[place].base.insert(attribute, theirs);
                continue;
            }
            if let Some(next) = self.next_of(place, attribute) {
                self.entries[next].base.insert(attribute, theirs);
            }
            self.entries[place].data.remove(&attribute);
            self.entries[place].base.remove(&attribute);
        }
        left
    }

    /// Another row takes the place of the one that was created; answers which entry would have deleted that.
    fn use_existing(&mut self, place: usize, candidate: Uuid) -> Option<usize> {
        let created = self.entries[place].object;
        let mut void = None;
        for later in self.pending(created).into_iter().filter(|later| *later > place) {
            match self.entries[later].command {
                Command::Delete => void = Some(later),
                _ => {
                    self.entries[later].object = candidate;
                    self.entries[later].overtaken = true;
                }
            }
        }
        self.beneath.remove(&created);
        let (from, to) = (created.to_string(), candidate.to_string());
        for entry in self.entries.iter_mut().filter(|entry| entry.is_pending()) {
            for values in [&mut entry.data, &mut entry.base] {
                if let Some(parent) =
                    values.get_mut(&Attribute::Parent).and_then(Option::as_mut).filter(|p| **p == from)
                {
                    *parent = to.clone();
                }
            }
        }
        void
    }
}
