//! What a user does offline, and the queue that it makes: entries in the order of capture, sent and answered. Pure: chance comes
//! in.

use std::collections::HashMap;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, VerdictKind};
use uuid::Uuid;

use super::model::{ENTRY, Fate, LINE, LONGEST, PAGE};
use crate::support::sender::operation;

/// Where an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Waiting,
    Sent,
    /// Refused, or waiting on the server for this operation to be settled.
    Open {
        cause: u64,
    },
    Over,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) operation: Operation,
    pub(super) state: State,
    pub(super) given_up: bool,
    /// How often the user has mended it.
    pub(super) mended: u32,
}

/// A row as the user sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Object {
    entity: i32,
    pub(super) gone: bool,
}

/// The queue of one device. Entries are numbered by their place.
#[derive(Debug, Default)]
pub struct Queue {
    pub(super) entries: Vec<Entry>,
    pub(super) objects: HashMap<Uuid, Object>,
    /// The objects in the order of their creation, so that chance alone decides.
    order: Vec<Uuid>,
    groups: u64,
    group: Option<u64>,
}

impl Queue {
    /// The user does something.
    pub fn work(&mut self, chance: &mut ChaCha8Rng) {
        match chance.random_range(0..10) {
            0 | 1 => (0..chance.random_range(3..15)).for_each(|_| self.create(PAGE, chance)),
            2 => (0..chance.random_range(2..8)).for_each(|_| self.create(ENTRY, chance)),
            3 => (0..chance.random_range(1..5)).for_each(|_| self.create(LINE, chance)),
            4 | 5 => self.update_many(PAGE, chance),
            6 => self.update_many(ENTRY, chance),
            7 => self.chain(chance),
            8 => self.delete(chance),
            _ => self.group(chance),
        }
    }

    fn group(&mut self, chance: &mut ChaCha8Rng) {
        self.groups += 1;
        self.group = Some(self.groups);
        for _ in 0..chance.random_range(2..5) {
            match chance.random_range(0..6) {
                0 => self.create(PAGE, chance),
                1 => self.create(ENTRY, chance),
                2 => self.create(LINE, chance),
                3 => self.delete(chance),
                _ => self.update(None, chance),
            }
        }
        self.group = None;
    }

    fn create(&mut self, entity: i32, chance: &mut ChaCha8Rng) {
        let object = Uuid::from_u128(chance.random());
        let mut data = vec![("revision", self.revision(chance))];
        if entity == LINE {
            let page = match chance.random_bool(0.03) {
                true => Some(Uuid::from_u128(chance.random())),
                false => self.any(Some(PAGE), chance),
            };
            let Some(page) = page else { return };
            data.push(("page_id", FieldValue::Text(page.to_string())));
        }
        self.objects.insert(object, Object { entity, gone: false });
        self.order.push(object);
        self.capture(operation(Command::Create, entity, object, &data));
    }

    fn update_many(&mut self, entity: i32, chance: &mut ChaCha8Rng) {
        let skipped = chance.random_range(1..4);
        let is_there = |object: &&Uuid| self.objects[*object].entity == entity && !self.objects[*object].gone;
        let objects: Vec<Uuid> = self.order.iter().rev().filter(is_there).step_by(skipped).take(20).copied().collect();
        for object in objects {
            let revision = self.revision(chance);
            self.capture(operation(Command::Update, entity, object, &[("revision", revision)]));
        }
    }

    /// One row again and again, so that order shows.
    fn chain(&mut self, chance: &mut ChaCha8Rng) {
        let Some(object) = self.any(None, chance) else { return };
        (0..chance.random_range(2..9)).for_each(|_| self.update(Some(object), chance));
    }

    fn update(&mut self, object: Option<Uuid>, chance: &mut ChaCha8Rng) {
        let Some(object) = object.or_else(|| self.any(None, chance)) else { return };
        let entity = self.objects[&object].entity;
        let revision = self.revision(chance);
        let mut data = vec![("revision", revision)];
        if entity != LINE && chance.random_bool(0.3) {
            let longer = usize::from(chance.random_bool(0.1));
            data.push(("note", FieldValue::Text("x".repeat(LONGEST + longer))));
        }
        self.capture(operation(Command::Update, entity, object, &data));
    }

    fn delete(&mut self, chance: &mut ChaCha8Rng) {
        let Some(object) = self.any(None, chance) else { return };
        let known = self.objects.get_mut(&object).expect("it is there");
        known.gone = true;
        let entity = known.entity;
        self.capture(operation(Command::Delete, entity, object, &[]));
    }

    /// The place of the entry that it is captured in; now and then a number that the server's rule refuses.
    fn revision(&self, chance: &mut ChaCha8Rng) -> FieldValue {
        let place = self.entries.len() as i64 + 1;
        FieldValue::Number(if chance.random_bool(0.02) { (-place).into() } else { place.into() })
    }

    /// One of the latest rows that the user sees.
    fn any(&self, entity: Option<i32>, chance: &mut ChaCha8Rng) -> Option<Uuid> {
        let fits = |object: &&Uuid| {
            let known = self.objects[*object];
            !known.gone && entity.is_none_or(|entity| entity == known.entity)
        };
        let latest: Vec<&Uuid> = self.order.iter().rev().filter(fits).take(30).collect();
        if latest.is_empty() { None } else { Some(*latest[chance.random_range(0..latest.len())]) }
    }

    fn capture(&mut self, operation: Operation) {
        let operation = Operation { group: self.group, ..operation };
        self.entries.push(Entry { operation, state: State::Waiting, given_up: false, mended: 0 });
    }

    /// How many operations wait to be sent.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.state == State::Waiting).count()
    }

    /// The next operations, about so many, numbered from `first`; a group is never cut.
    pub fn take(&mut self, about: usize, first: u64) -> Vec<Operation> {
        let mut taken: Vec<Operation> = Vec::with_capacity(about);
        let mut sequence = first..;
        for entry in self.entries.iter_mut().filter(|entry| entry.state == State::Waiting) {
            let goes_on = taken.last().is_some_and(|last| last.group.is_some() && last.group == entry.operation.group);
            if taken.len() >= about && !goes_on {
                break;
            }
            entry.operation.sequence = sequence.next().expect("numbers do not end");
            entry.state = State::Sent;
            taken.push(match entry.given_up {
                false => entry.operation.clone(),
                true => Operation {
                    sequence: entry.operation.sequence,
                    settles: entry.operation.settles,
                    ..operation(Command::Discard, entry.operation.object_type_code, entry.operation.object_id, &[])
                },
            });
        }
        taken
    }

    /// What was sent has its verdicts.
    pub fn answered(&mut self, fates: &[Fate]) {
        let sent = self.entries.iter_mut().filter(|entry| entry.state == State::Sent);
        for (entry, fate) in sent.zip(fates) {
            entry.state = match fate.verdict {
                VerdictKind::Applied => State::Over,
                _ => State::Open { cause: fate.cause.unwrap_or(fate.sequence) },
            };
        }
    }
}
