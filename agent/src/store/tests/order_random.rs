//! Whatever the user edits, however much of it cannot be sent, and whatever is refused and settled: nothing is carried out
//! before what it builds on, unless that was given up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use rusqlite::Connection;
use sojourn_wire::message::operation::{Candidate, Command, FieldValue, Operation, Verdict, VerdictKind};
use uuid::Uuid;

use super::sample::{Sample, id};
use super::settlement::{create, remove, rename};
use super::settlement_random::{device, settle, spoil};
use super::take_up::{CHUNK, WIDE};
use crate::store::Ceilings;

#[derive(Debug, Clone)]
enum Step {
    Edit(String),
    /// The last entry becomes one that cannot be sent.
    Spoil,
    /// A chunk is sent; the numbers choose what the server says, and how many operations it has.
    Play(Vec<u8>),
    Settle(prop::sample::Index, u8),
    RetryAll,
}

fn step() -> impl Strategy<Value = Step> {
    let parent = |(digit, to)| format!("UPDATE account SET parent_id = {} WHERE id = {}", id(to), id(digit));
    let edit = prop_oneof![
        3 => (1..5_u128, 0..9_u8).prop_map(|(digit, name)| rename(digit, &format!("N{name}"))),
        2 => (1..5_u128, 3..5_u128).prop_map(parent),
        2 => (3..5_u128).prop_map(|digit| create(digit, "C")),
        1 => (1..5_u128).prop_map(remove),
        1 => Just("INSERT INTO sojourn_group (marker) VALUES ('start')".to_owned()),
        1 => Just("INSERT INTO sojourn_group (marker) VALUES ('stop')".to_owned()),
    ];
    prop_oneof![
        8 => edit.prop_map(Step::Edit),
        2 => Just(Step::Spoil),
        3 => prop::collection::vec(0..4_u8, 1..5).prop_map(Step::Play),
        3 => (any::<prop::sample::Index>(), 0..7_u8).prop_map(|(at, how)| Step::Settle(at, how)),
        1 => Just(Step::RetryAll),
    ]
}

/// An operation that was not carried out and is not settled.
struct Open {
    origin: u64,
    object: Uuid,
    creates: bool,
    cause: u64,
}

/// A server that parks what builds on something open, as the real one does.
#[derive(Default)]
struct Server {
    open: BTreeMap<u64, Open>,
    origins: HashMap<u64, u64>,
}

impl Server {
    /// The verdicts on a chunk: a group is done as a whole or not at all.
    fn play(&mut self, operations: &[Operation], choices: &[u8]) -> Vec<Verdict> {
        let mut choices = choices.iter().copied().cycle();
        let units = operations.chunk_by(|one, next| one.group.is_some() && one.group == next.group);
        units.flat_map(|unit| self.unit(unit, choices.next().unwrap_or_default())).collect()
    }

    fn unit(&mut self, unit: &[Operation], choice: u8) -> Vec<Verdict> {
        for operation in unit {
            let settled = operation.settles.and_then(|settled| self.open.remove(&settled));
            self.origins.insert(operation.sequence, settled.map_or(operation.sequence, |open| open.origin));
        }
        let of = |operation: &Operation, kind| Verdict::new(operation.sequence, kind, "t");
        if unit[0].command == Command::Discard {
            return unit.iter().map(|operation| of(operation, VerdictKind::Applied)).collect();
        }
        let cause = unit.iter().find_map(|operation| self.cause(operation));
        let guilty = unit[0].sequence;
        let candidate = Candidate { object_type_code: 1, object_id: Uuid::from_u128(1), values: [].into() };
        let verdict = |operation: &Operation| match (cause, choice) {
            (Some(_), _) => Verdict { cause, ..of(operation, VerdictKind::Parked) },
            (None, 2..) => of(operation, VerdictKind::Applied),
            (None, _) if operation.sequence != guilty => {
                Verdict { cause: Some(guilty), ..of(operation, VerdictKind::Cancelled) }
            }
            (None, 1) if operation.command == Command::Create => {
                Verdict { candidates: vec![candidate.clone()], ..of(operation, VerdictKind::Duplicate) }
            }
            (None, _) => of(operation, VerdictKind::Rejected),
        };
        let verdicts: Vec<Verdict> = unit.iter().map(verdict).collect();
        for (operation, verdict) in unit.iter().zip(&verdicts).filter(|(_, verdict)| !verdict.verdict.is_done()) {
            let open = Open {
                origin: self.origins[&operation.sequence],
                object: operation.object_id,
                creates: operation.command == Command::Create,
                cause: verdict.cause.unwrap_or(operation.sequence),
            };
            self.open.insert(operation.sequence, open);
        }
        verdicts
    }

    fn cause(&self, operation: &Operation) -> Option<u64> {
        let refers = parent(operation);
        let builds = |open: &&Open| {
            let same = open.object == operation.object_id || open.creates && Some(open.object) == refers;
            same && open.origin < self.origins[&operation.sequence]
        };
        self.open.values().filter(builds).min_by_key(|open| open.origin).map(|open| open.cause)
    }
}

fn parent(operation: &Operation) -> Option<Uuid> {
    match operation.data.get("parent_id") {
        Some(FieldValue::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

/// An entry that is neither done nor given up.
struct Undone {
    row_number: i64,
    sequence: Option<i64>,
    object: Uuid,
    creates: bool,
}

fn undone(foreign: &Connection) -> Vec<Undone> {
    let sql = "SELECT row_number, sequence, object_id, command_id = 1 FROM sojourn_queue \
               WHERE state IN (0, 1, 3) AND given_up = 0 AND command_id < 10 ORDER BY row_number";
    let mut statement = foreign.prepare(sql).expect("a query");
    let read = |row: &rusqlite::Row<'_>| {
        let object: String = row.get(2)?;
        let object = object.parse().expect("an id");
        Ok(Undone { row_number: row.get(0)?, sequence: row.get(1)?, object, creates: row.get(3)? })
    };
    statement.query_map([], read).expect("rows").collect::<Result<_, _>>().expect("entries")
}

/// What is sent and carried out has nothing before it that it builds on and that is not.
fn play(sample: &mut Sample, foreign: &Connection, server: &mut Server, choices: &[u8]) -> Result<(), String> {
    let ceilings = Ceilings { operations: 1 + choices.len(), ..WIDE };
    let sent = sample.store.take_up(CHUNK, ceilings).expect("readable").map(|taken| taken.chunk.operations);
    let sent = sent.unwrap_or_default();
    let entries = undone(foreign);
    let verdicts = server.play(&sent, choices);
    let mut done = BTreeSet::new();
    for (operation, verdict) in sent.iter().zip(&verdicts) {
        let own = entries.iter().find(|entry| entry.sequence == Some(operation.sequence.cast_signed()));
        let Some(own) = own.filter(|_| verdict.verdict.is_done()) else { continue };
        let refers = parent(operation);
        let builds = |other: &&Undone| other.object == own.object || other.creates && Some(other.object) == refers;
        let mut before = entries.iter().filter(|other| other.row_number < own.row_number).filter(builds);
        if let Some(other) = before.find(|other| !done.contains(&other.row_number)) {
            return Err(format!("entry {} is carried out before entry {}", own.row_number, other.row_number));
        }
        done.insert(own.row_number);
    }
    sample.store.settle(&verdicts).expect("stored");
    Ok(())
}

fn take(sample: &mut Sample, foreign: &Connection, server: &mut Server, step: &Step) -> Result<(), String> {
    match step {
        // Many are refused, which is part of the test.
        Step::Edit(sql) => drop(foreign.execute_batch(sql)),
        Step::Spoil => spoil(foreign),
        Step::Play(choices) => play(sample, foreign, server, choices)?,
        Step::Settle(at, how) => settle(sample, *at, *how),
        Step::RetryAll => drop(sample.store.retry_errors().expect("released")),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_carried_out_before_what_it_builds_on(steps in prop::collection::vec(step(), 1..40)) {
        let (mut sample, foreign) = device();
        let mut server = Server::default();
        for step in steps.iter().chain([&Step::Play(vec![3])]) {
            let told = take(&mut sample, &foreign, &mut server, step);
            prop_assert!(told.is_ok(), "{:?} after {step:?}: {:#?}", told, sample.queue());
        }
    }
}
