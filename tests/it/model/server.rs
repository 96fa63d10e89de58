//! The model's server: rows, who wrote them when, and what blocks what.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::operation::{Command, Operation, Verdict};
use super::row::{Attribute, Values};
use super::story::DEVICES;

/// A row and its history.
#[derive(Debug, Clone)]
pub struct Stored {
    pub row: Values,
    /// When it was written, and by which device; by somebody else where none is named.
    pub writes: Vec<(u64, Option<usize>)>,
    /// The devices that wrote it last beside what they had not seen.
    pub unseen: BTreeSet<usize>,
    /// What a device has set since anybody else wrote it last; of a row that it has created, everything.
    pub own: Option<(usize, BTreeSet<Attribute>)>,
}

/// An operation that was not carried out and is not settled.
#[derive(Debug, Clone)]
struct Open {
    sequence: u64,
    origin: u64,
    object: Uuid,
    creates: bool,
    /// The parent from which it was to take its row.
    leaves: Option<String>,
    cause: u64,
}

/// What the server knows of a device.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub user: Uuid,
    /// Up to when it has seen a row.
    pub seen: BTreeMap<Uuid, u64>,
    /// Rows that it ever had.
    pub had: BTreeSet<Uuid>,
    open: Vec<Open>,
    origins: BTreeMap<u64, u64>,
}

/// The server.
#[derive(Debug, Clone)]
pub struct Server {
    pub rows: BTreeMap<Uuid, Stored>,
    pub clock: u64,
    pub known: [Known; DEVICES],
}

impl Server {
    /// An empty one; the devices are these users'.
    pub fn new(users: [Uuid; DEVICES]) -> Self {
        let known = users.map(|user| Known { user, ..Known::default() });
        Self { rows: BTreeMap::new(), clock: 0, known }
    }

    /// Plays operations of a device back, in order.
    pub fn play(&mut self, device: usize, operations: &[Operation]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let same = |one: &Operation, other: &Operation| one.group.is_some() && one.group == other.group;
        for unit in operations.chunk_by(same) {
            let told = self.unit(device, unit);
            for (operation, verdict) in unit.iter().zip(&told) {
                self.known[device].note(operation, verdict);
            }
            verdicts.extend(told);
        }
        verdicts
    }

    /// One operation, or a group: all or nothing.
    fn unit(&mut self, device: usize, unit: &[Operation]) -> Vec<Verdict> {
        unit.iter().for_each(|operation| self.known[device].settle(operation));
        if let Some(cause) = unit.iter().find_map(|operation| self.known[device].cause(operation)) {
            return unit.iter().map(|_| Verdict { cause: Some(cause), ..Verdict::of("parked") }).collect();
        }
        let before = self.rows.clone();
        match self.attempt(device, unit) {
            Ok(verdicts) => verdicts,
            Err((guilty, verdict)) => {
                self.rows = before;
                let cause = unit[guilty].sequence;
                let cancelled = Verdict { cause: Some(cause), ..Verdict::of("cancelled") };
                let told = |member| if member == guilty { verdict.clone() } else { cancelled.clone() };
                (0..unit.len()).map(told).collect()
            }
        }
    }

    fn attempt(&mut self, device: usize, unit: &[Operation]) -> Result<Vec<Verdict>, (usize, Verdict)> {
        let mut verdicts = Vec::new();
        for (member, operation) in unit.iter().enumerate() {
            verdicts.push(self.write(device, operation).map_err(|verdict| (member, verdict))?);
        }
        match self.duplicate(unit) {
            Some((member, candidates)) => Err((member, Verdict { candidates, ..Verdict::of("duplicate") })),
            None => Ok(verdicts),
        }
    }

    fn write(&mut self, device: usize, operation: &Operation) -> Result<Verdict, Verdict> {
        if operation.given_up {
            return Ok(Verdict::of("applied"));
        }
        let verdict = match operation.command {
            Command::Create => self.create(device, operation)?,
            Command::Update => self.update(device, operation)?,
            Command::Delete => self.delete(device, operation)?,
        };
        self.known[device].had.insert(operation.object);
        Ok(verdict)
    }

    /// Somebody or a device has written a row.
    pub fn store(&mut self, by: Option<usize>, object: Uuid, values: Values) {
        self.clock += 1;
        let nothing = || Stored { row: super::row::empty(), writes: Vec::new(), unseen: BTreeSet::new(), own: None };
        let stored = self.rows.entry(object).or_insert_with(nothing);
        stored.unseen.retain(|device| Some(*device) != by);
        let before = stored.own.take().filter(|(device, _)| Some(*device) == by).map(|(_, set)| set);
        let set = before.into_iter().flatten().chain(values.keys().copied()).collect();
        stored.own = by.map(|device| (device, set));
        stored.row.extend(values);
        stored.writes.push((self.clock, by));
    }
}

impl Known {
    fn origin(&self, operation: &Operation) -> u64 {
        operation.settles.and_then(|settled| self.origins.get(&settled)).copied().unwrap_or(operation.sequence)
    }

    fn settle(&mut self, operation: &Operation) {
        self.open.retain(|open| Some(open.sequence) != operation.settles);
    }

    /// What must be settled before this operation.
    fn cause(&self, operation: &Operation) -> Option<u64> {
        let origin = self.origin(operation);
        let parent = operation.data.get(&Attribute::Parent).cloned().flatten();
        let earlier = || self.open.iter().filter(|open| open.origin < origin && !operation.given_up);
        let same = earlier().filter(|open| open.object == operation.object).min_by_key(|open| open.origin);
        let refers = |open: &&Open| open.creates && Some(open.object.to_string()) == parent;
        let leaves =
            |open: &&Open| operation.command == Command::Delete && open.leaves == Some(operation.object.to_string());
        same.or_else(|| earlier().filter(refers).min_by_key(|open| open.origin))
            .or_else(|| earlier().filter(leaves).min_by_key(|open| open.origin))
            .map(|open| open.cause)
    }

    fn note(&mut self, operation: &Operation, verdict: &Verdict) {
        let (sequence, origin) = (operation.sequence, self.origin(operation));
        self.origins.insert(sequence, origin);
        if !verdict.is_done() {
            let (object, creates) = (operation.object, operation.command == Command::Create);
            let cause = verdict.cause.unwrap_or(sequence);
            let before = operation.base.get(&Attribute::Parent).cloned().flatten();
            let moves = |before: &String| {
                operation.data.get(&Attribute::Parent).is_some_and(|parent| parent.as_ref() != Some(before))
            };
            let leaves = before.filter(moves);
            self.open.push(Open { sequence, origin, object, creates, leaves, cause });
        }
    }
}
