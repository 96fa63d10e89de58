//! Whatever the user edits, the server answers and the user settles: no entry is lost, and when everything is discarded
//! the rows are what the server has.

use proptest::prelude::*;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::Value;
use sojourn_wire::message::operation::{
    Candidate, Command, Conflict, FieldValue, Operation, Side, Verdict, VerdictKind,
};
use uuid::Uuid;

use super::sample::{Sample, id};
use super::settlement::{create, remove, rename};
use crate::store::Settlement;

#[derive(Debug, Clone)]
enum Step {
    Edit(String),
    /// The last entry becomes one that cannot be sent.
    Spoil,
    /// Everything that waits is sent; the numbers choose the verdicts.
    Play(Vec<u8>),
    /// Everything that waits is sent, and no verdict comes.
    Send,
    /// One of the errors is settled, in one of the ways.
    Settle(prop::sample::Index, u8),
    RetryAll,
}

fn edit() -> impl Strategy<Value = String> {
    let industry = |digit| format!("UPDATE account SET industry = 'retail', name = 'I' WHERE id = {}", id(digit));
    let parent = |(digit, to)| format!("UPDATE account SET parent_id = {} WHERE id = {}", id(to), id(digit));
    prop_oneof![
        3 => (1..6_u128, 0..9_u8).prop_map(|(digit, name)| rename(digit, &format!("N{name}"))),
        1 => (1..6_u128).prop_map(industry),
        1 => (1..6_u128, 1..6_u128).prop_map(parent),
        2 => (3..6_u128).prop_map(|digit| create(digit, "C")),
        2 => (1..6_u128).prop_map(remove),
        1 => Just("INSERT INTO sojourn_group (marker) VALUES ('start')".to_owned()),
        1 => Just("INSERT INTO sojourn_group (marker) VALUES ('stop')".to_owned()),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => edit().prop_map(Step::Edit),
        1 => Just(Step::Spoil),
        2 => prop::collection::vec(0..9_u8, 1..5).prop_map(Step::Play),
        1 => Just(Step::Send),
        3 => (any::<prop::sample::Index>(), 0..7_u8).prop_map(|(at, how)| Step::Settle(at, how)),
        1 => Just(Step::RetryAll),
    ]
}

/// What a server that applies nothing holds: what the first change of the attribute found.
fn servers(sample: &Sample, operation: &Operation, attribute: &str) -> FieldValue {
    let sql = "SELECT json_extract(base, '$.' || ?2) FROM sojourn_queue WHERE object_id = ?1 \
               AND json_type(base, '$.' || ?2) IS NOT NULL ORDER BY row_number LIMIT 1";
    let values = (operation.object_id.to_string(), attribute);
    let found: Option<Option<String>> =
        sample.store.connection.query_row(sql, values, |row| row.get(0)).optional().expect("a base");
    found.flatten().map_or(FieldValue::Null, FieldValue::Text)
}

/// A verdict that could be the server's: groups fail as a whole. A server that applies nothing deletes nothing either.
fn verdict(sample: &Sample, operation: &Operation, choice: u8, guilty: Option<u64>, applies: bool) -> Verdict {
    let of = |kind| Verdict::new(operation.sequence, kind, "t");
    let conflicts = operation.data.keys().take(1).map(|attribute| Conflict {
        attribute: attribute.clone(),
        mine: FieldValue::Null,
        base: None,
        theirs: servers(sample, operation, attribute),
        cut: false,
    });
    match (operation.command, choice, guilty) {
        (Command::Discard, ..) => of(VerdictKind::Applied),
        (_, _, Some(cause)) if operation.group.is_some() => {
            Verdict { cause: Some(cause), ..of(VerdictKind::Cancelled) }
        }
        (Command::Create, 0..=2, _) => {
            let candidate = Candidate { object_type_code: 1, object_id: Uuid::from_u128(1), values: [].into() };
            Verdict { candidates: vec![candidate], ..of(VerdictKind::Duplicate) }
        }
        (Command::Update, 0..=2, _) => {
            Verdict { conflicts: conflicts.collect(), version: Some(5), ..of(VerdictKind::Conflict) }
        }
        (Command::Update, 3, _) if applies => Verdict { deleted: Some(Side::Theirs), ..of(VerdictKind::Conflict) },
        (_, 4..=6, Some(cause)) => Verdict { cause: Some(cause), ..of(VerdictKind::Parked) },
        _ => of(VerdictKind::Rejected),
    }
}

fn play(sample: &mut Sample, choices: &[u8], applies: bool) {
    let sent = sample.taken();
    let mut guilty = None;
    let mut group = None;
    let verdicts: Vec<Verdict> = sent
        .iter()
        .zip(choices.iter().cycle())
        .map(|(operation, choice)| {
            if operation.group != group {
                (group, guilty) = (operation.group, guilty.filter(|_| operation.group.is_none()));
            }
            if applies && *choice == 8 && operation.group.is_none() {
                return Verdict::new(operation.sequence, VerdictKind::Applied, "t");
            }
            let verdict = verdict(sample, operation, *choice, guilty, applies);
            if verdict.cause.is_none() && verdict.verdict != VerdictKind::Applied {
                guilty = Some(operation.sequence);
            }
            verdict
        })
        .collect();
    sample.store.settle(&verdicts).expect("stored");
}

pub(super) fn settle(sample: &mut Sample, at: prop::sample::Index, how: u8) {
    let errors = sample.store.errors().expect("errors");
    if errors.is_empty() {
        return;
    }
    let settlement = match how {
        0 => Settlement::Retry,
        1 => Settlement::Fix([("name".to_owned(), "fixed".into())].into()),
        2 => Settlement::KeepMine,
        3 => Settlement::TakeTheirs,
        4 => Settlement::CreateAnyway,
        5 => Settlement::UseExisting(None),
        _ => Settlement::Discard,
    };
    // Many make no sense, which is part of the test.
    let _ = sample.store.settle_error(errors[at.index(errors.len())].row_number, &settlement);
}

/// The last entry becomes one that nobody can read, when it waits.
pub(super) fn spoil(foreign: &Connection) {
    let sql = "UPDATE sojourn_queue SET data = '{' WHERE state = 0 AND given_up = 0 AND command_id < 10 \
               AND row_number = (SELECT max(row_number) FROM sojourn_queue)";
    foreign.execute_batch(sql).expect("spoilt");
}

fn take(sample: &mut Sample, foreign: &Connection, step: &Step, applies: bool) {
    match step {
        // Many are refused, which is part of the test.
        Step::Edit(sql) => drop(foreign.execute_batch(sql)),
        Step::Spoil => spoil(foreign),
        Step::Play(choices) => play(sample, choices, applies),
        Step::Send => drop(sample.taken()),
        Step::Settle(at, how) => settle(sample, *at, *how),
        Step::RetryAll => drop(sample.store.retry_errors().expect("released")),
    }
}

/// A device with two accounts, and another program's connection to it; the disk may take its time.
pub(super) fn device() -> (Sample, Connection) {
    let sample = Sample::edited(&[]);
    let foreign = sample.foreign();
    for connection in [&sample.store.connection, &foreign] {
        connection.pragma_update(None, "synchronous", "OFF").expect("a setting");
    }
    (sample, foreign)
}

/// What is under way: it comes again under its number, and must be what it was.
fn under_way(foreign: &Connection) -> Vec<(String, Option<Value>)> {
    let sql = "SELECT row_number || ' ' || command_id || ' ' || object_id, data \
               FROM sojourn_queue WHERE state = 1 AND command_id < 10 ORDER BY row_number";
    let mut statement = foreign.prepare(sql).expect("a query");
    let read = |row: &rusqlite::Row<'_>| {
        let data: Option<String> = row.get(1)?;
        Ok((row.get(0)?, data.map(|data| serde_json::from_str(&data).expect("json"))))
    };
    statement.query_map([], read).expect("rows").collect::<Result<_, _>>().expect("entries")
}

/// Sends and discards until nothing is left.
fn discard_all(sample: &mut Sample) {
    sample.store.connection.execute_batch("DELETE FROM sojourn_state WHERE key = 'open_group'").expect("closed");
    for _ in 0..50 {
        play(sample, &[7], false);
        let errors = sample.store.errors().expect("errors");
        let Some(error) = errors.first() else {
            // What cannot be sent is refused when it is taken up.
            if sample.taken().is_empty() && sample.store.errors().expect("errors").is_empty() {
                return;
            }
            continue;
        };
        sample.store.settle_error(error.row_number, &Settlement::Discard).expect("discarded");
    }
}

fn rows(foreign: &Connection) -> Vec<String> {
    let sql = "SELECT substr(id, -1) || ' ' || name || ' ' || coalesce(industry, '-') || ' ' || \
               coalesce(substr(parent_id, -1), '-') FROM account ORDER BY id";
    let mut statement = foreign.prepare(sql).expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
}

fn numbers(foreign: &Connection) -> Vec<(i64, i64)> {
    let mut statement = foreign
        .prepare("SELECT row_number, state FROM sojourn_queue WHERE command_id < 10 ORDER BY 1")
        .expect("a query");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("numbers")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn no_entry_is_ever_lost(steps in prop::collection::vec(step(), 1..30)) {
        let (mut sample, foreign) = device();
        let mut known = 0;
        for step in &steps {
            let sent = under_way(&foreign);
            take(&mut sample, &foreign, step, true);
            if matches!(step, Step::Settle(..) | Step::RetryAll) {
                prop_assert_eq!(sent, under_way(&foreign), "{:?} changes what is under way", step);
            }
            let entries = numbers(&foreign);
            prop_assert!(entries.len() >= known, "an entry is gone after {step:?}");
            prop_assert!(entries.iter().all(|(_, state)| (0..=4).contains(state)));
            known = entries.len();
        }
        discard_all(&mut sample);
        let entries = numbers(&foreign);
        prop_assert_eq!(entries.len(), known);
        prop_assert!(entries.iter().all(|(_, state)| matches!(state, 2 | 4)), "{:?}", entries);
    }

    #[test]
    fn when_all_is_discarded_the_rows_are_the_servers(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let (mut sample, foreign) = device();
        let before = rows(&foreign);
        for step in &steps {
            // What changes more than the entry it is about: the rows that another takes the place of. What a settlement
            // may not touch is brought into line by the server's rows, and so is what cannot be read.
            if !matches!(step, Step::Settle(_, 5) | Step::Send | Step::Spoil) {
                take(&mut sample, &foreign, step, false);
            }
        }
        discard_all(&mut sample);
        prop_assert_eq!(rows(&foreign), before);
    }
}
