//! The model's device: the server's rows as it heard of them last, and on top of them what its user did.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::operation::{Command, Operation, Verdict};
use super::row::{Values, empty};
use super::server::Server;

/// How far an entry has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Done,
    Refused,
    GivenUp,
}

/// What the user did, in order of capture.
#[derive(Debug, Clone)]
pub struct Entry {
    pub command: Command,
    pub object: Uuid,
    pub data: Values,
    pub base: Values,
    pub group: Option<usize>,
    pub state: State,
    pub sequence: Option<u64>,
    pub settles: Option<u64>,
    pub verdict: Verdict,
    pub given_up: bool,
    pub seen: Option<u64>,
    pub create_anyway: bool,
    pub overtaken: bool,
    /// The cause for which it has gone on by itself.
    pub went_on_for: Option<u64>,
    /// Its number in the real queue.
    pub row_number: u64,
}

/// A device.
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub number: usize,
    pub entries: Vec<Entry>,
    /// The server's rows, as they were heard of last.
    pub beneath: BTreeMap<Uuid, Values>,
    /// Of these, the ones that the server has no more.
    pub gone: BTreeSet<Uuid>,
    next_sequence: u64,
}

impl Entry {
    /// Its values count on the device.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Waiting | State::Refused) && !self.given_up
    }
}

impl Device {
    /// A device that holds nothing; its next operation has this number.
    pub fn new(number: usize, next_sequence: u64) -> Self {
        Self { number, next_sequence, ..Self::default() }
    }

    /// The places of an object's pending entries.
    pub fn pending(&self, object: Uuid) -> Vec<usize> {
        let of = |place: &usize| self.entries[*place].object == object && self.entries[*place].is_pending();
        (0..self.entries.len()).filter(of).collect()
    }

    /// A row as the user sees it, with the entries before this place.
    pub fn row_before(&self, object: Uuid, place: usize) -> Option<Values> {
        let mut row = self.beneath.get(&object).cloned();
        for entry in self.pending(object).into_iter().filter(|at| *at < place).map(|at| &self.entries[at]) {
            match (entry.command, &mut row) {
                (Command::Delete, _) => row = None,
                (_, Some(row)) => row.extend(entry.data.clone()),
                (Command::Create, None) => row = Some(empty().into_iter().chain(entry.data.clone()).collect()),
                (Command::Update, None) => {}
            }
        }
        row
    }

    /// Every row as the user sees it.
    pub fn rows(&self) -> BTreeMap<Uuid, Values> {
        let objects: BTreeSet<Uuid> =
            self.beneath.keys().copied().chain(self.entries.iter().map(|entry| entry.object)).collect();
        let seen = |object| Some((object, self.row_before(object, usize::MAX)?));
        objects.into_iter().filter_map(seen).collect()
    }

    /// The user does something. Of an update only what changes is an entry.
    pub fn capture(&mut self, command: Command, object: Uuid, data: Values, group: Option<usize>) {
        let before = self.row_before(object, usize::MAX).unwrap_or_default();
        let base = match command {
            Command::Create => Values::new(),
            Command::Update => data.keys().map(|attribute| (*attribute, before[attribute].clone())).collect(),
            Command::Delete => before,
        };
        self.entries.push(Entry {
            command,
            object,
            data,
            base,
            group,
            state: State::Waiting,
            sequence: None,
            settles: None,
            verdict: Verdict::default(),
            given_up: false,
            seen: None,
            create_anyway: false,
            overtaken: false,
            went_on_for: None,
            row_number: 0,
        });
    }

    /// Plays back until nothing waits, and takes the server's rows. Answers the verdicts, by sequence.
    pub fn sync(&mut self, server: &mut Server) -> Vec<(u64, String)> {
        let mut told = Vec::new();
        loop {
            let (places, operations) = self.take_up();
            if operations.is_empty() {
                break;
            }
            let verdicts = server.play(self.number, &operations);
            let words = operations.iter().zip(&verdicts);
            let words = words.filter(|(operation, _)| !operation.given_up);
            told.extend(words.map(|(operation, verdict)| (operation.sequence, verdict.word.to_owned())));
            self.store(&places, verdicts);
        }
        self.download(server);
        told
    }

    /// What waits, in order of capture; of a group what was given up goes first.
    fn take_up(&mut self) -> (Vec<usize>, Vec<Operation>) {
        let mut places: Vec<usize> =
            (0..self.entries.len()).filter(|place| self.entries[*place].state == State::Waiting).collect();
        let order = |place: &usize| {
            let entry = &self.entries[*place];
            let first = |group| self.entries.iter().position(|other| other.group == Some(group));
            (entry.group.and_then(first).unwrap_or(*place), !entry.given_up, *place)
        };
        places.sort_by_key(order);
        let operations = places.iter().map(|place| self.number(*place)).collect();
        (places, operations)
    }

    fn number(&mut self, place: usize) -> Operation {
        let entry = &mut self.entries[place];
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        entry.sequence = Some(sequence);
        Operation {
            sequence,
            settles: entry.settles,
            command: entry.command,
            object: entry.object,
            data: entry.data.clone(),
            base: entry.base.clone(),
            group: entry.group.filter(|_| !entry.given_up),
            given_up: entry.given_up,
            seen: entry.seen,
            create_anyway: entry.create_anyway,
            overtaken: entry.overtaken,
        }
    }

    fn store(&mut self, places: &[usize], verdicts: Vec<Verdict>) {
        let mut parked = Vec::new();
        for (place, verdict) in places.iter().zip(verdicts) {
            let entry = &mut self.entries[*place];
            entry.state = match (entry.given_up, verdict.is_done()) {
                (true, _) => State::GivenUp,
                (_, true) => State::Done,
                (_, false) => State::Refused,
            };
            if entry.state == State::Refused && matches!(verdict.word, "parked" | "cancelled") {
                parked.push(*place);
            }
            entry.verdict = verdict;
            if entry.state == State::Done {
                self.is_done(*place);
            }
        }
        self.go_on(&parked);
    }

    /// The server has it now.
    fn is_done(&mut self, place: usize) {
        let Entry { command, object, data, .. } = self.entries[place].clone();
        self.gone.remove(&object);
        match command {
            Command::Create => drop(self.beneath.insert(object, empty().into_iter().chain(data).collect())),
            Command::Update => self.beneath.entry(object).or_insert_with(empty).extend(data),
            Command::Delete => drop(self.beneath.remove(&object)),
        }
    }

    /// What was parked for something that is settled already goes on, once for each.
    fn go_on(&mut self, parked: &[usize]) {
        let refused = |sequence| {
            self.entries.iter().any(|entry| entry.state == State::Refused && entry.sequence == Some(sequence))
        };
        let free = |place: &usize| {
            let entry = &self.entries[*place];
            entry.verdict.cause.is_some_and(|cause| !refused(cause) && entry.went_on_for != Some(cause))
        };
        let whole = |place: &usize| {
            let group = self.entries[*place].group;
            parked.iter().all(|other| group.is_none() || self.entries[*other].group != group || free(other))
        };
        let free: Vec<usize> = parked.iter().copied().filter(|place| free(place) && whole(place)).collect();
        for place in free {
            let cause = self.entries[place].verdict.cause;
            self.wait_again(place);
            self.entries[place].went_on_for = cause;
        }
    }

    /// An entry is to be sent again.
    pub fn wait_again(&mut self, place: usize) {
        let entry = &mut self.entries[place];
        entry.settles = entry.sequence.or(entry.settles);
        (entry.state, entry.sequence, entry.went_on_for) = (State::Waiting, None, None);
        entry.verdict = Verdict::default();
    }

    fn download(&mut self, server: &mut Server) {
        let known = &mut server.known[self.number];
        for (object, stored) in &server.rows {
            let news = self.beneath.get(object) != Some(&stored.row) || self.gone.contains(object);
            if news {
                self.overtake(*object);
            }
            self.gone.remove(object);
            self.beneath.insert(*object, stored.row.clone());
            known.seen.insert(*object, server.clock);
            known.had.insert(*object);
        }
        let lost: Vec<Uuid> = self.beneath.keys().filter(|id| !server.rows.contains_key(id)).copied().collect();
        for object in lost {
            known.seen.remove(&object);
            if self.gone.insert(object) {
                self.overtake(object);
                self.fall_back(object);
            }
            self.forget(object);
        }
    }

    /// Nothing waits, and nothing is refused.
    pub fn is_still(&self) -> bool {
        self.entries.iter().all(|entry| matches!(entry.state, State::Done | State::GivenUp))
    }

    /// Of a row that the server has no more only what the user knew of it counts.
    fn fall_back(&mut self, object: Uuid) {
        let mut known = Values::new();
        for place in self.pending(object) {
            for (attribute, base) in &self.entries[place].base {
                known.entry(*attribute).or_insert_with(|| base.clone());
            }
        }
        if let Some(row) = self.beneath.get_mut(&object) {
            row.extend(known);
        }
    }

    fn overtake(&mut self, object: Uuid) {
        for place in self.pending(object) {
            self.entries[place].overtaken = true;
        }
    }

    /// A row that the server has no more goes with the last entry on it.
    pub fn forget(&mut self, object: Uuid) {
        if self.gone.contains(&object) && self.pending(object).is_empty() {
            self.gone.remove(&object);
            self.beneath.remove(&object);
        }
    }
}
