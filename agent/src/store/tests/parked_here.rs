//! What builds on an entry that cannot be sent waits here, until that is settled.

use serde_json::json;
use sojourn_metadata::model::EntityCommand;
use sojourn_wire::message::operation::{Command, Verdict, VerdictKind};

use super::sample::{Sample, id, metadata};
use super::settlement::{create, fix, remove, rename, verdict};
use super::take_up::{CHUNK, WIDE};
use crate::store::{EntryState, Settlement};

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";

fn refer(digit: u128, to: u128) -> String {
    format!("UPDATE account SET parent_id = {} WHERE id = {}", id(to), id(digit))
}

/// The entry becomes one that cannot be sent, until its industry is fixed.
fn spoil(row_number: u64) -> String {
    format!("UPDATE sojourn_queue SET data = '{{\"industry\":true}}' WHERE row_number = {row_number}")
}

/// After these edits, of which this entry cannot be sent.
fn spoilt(edits: &[String], row_number: u64) -> Sample {
    let sample = Sample::edited(edits);
    sample.edit(&[spoil(row_number)]);
    sample
}

/// Number and object of what is sent.
fn sent(sample: &mut Sample) -> Vec<(u64, u128)> {
    sample.taken().iter().map(|operation| (operation.sequence, operation.object_id.as_u128())).collect()
}

/// Row number, verdict, and what is to be settled first.
fn errors(sample: &Sample) -> Vec<(u64, String, Option<u64>)> {
    let errors = sample.store.errors().expect("errors");
    errors.into_iter().map(|error| (error.row_number, error.verdict.unwrap_or_default(), error.waits_for)).collect()
}

fn error(row_number: u64, verdict: &str, waits_for: Option<u64>) -> (u64, String, Option<u64>) {
    (row_number, verdict.to_owned(), waits_for)
}

fn done(sample: &mut Sample, sequences: impl Iterator<Item = u64>) {
    let applied: Vec<Verdict> = sequences.map(|sequence| verdict(sequence, VerdictKind::Applied)).collect();
    sample.store.settle(&applied).expect("stored");
}

#[test]
fn later_work_on_the_same_object_waits() {
    let mut sample = spoilt(&[rename(1, "a"), rename(1, "b"), remove(1), rename(2, "z")], 1);
    assert_eq!(sent(&mut sample), [(1, 2)]);
    let waiting = [error(1, "rejected", None), error(2, "parked", Some(1)), error(3, "parked", Some(1))];
    assert_eq!(errors(&sample), waiting);
    let words = sample.refusal(2, &Settlement::Retry);
    assert!(words.ends_with("it was parked because of entry 1; settle that one first, or discard this one"), "{words}");
    done(&mut sample, 1..2);
    assert_eq!(sample.settled(1, &fix(&[("industry", json!("retail"))])).released, [2, 3]);
    assert_eq!(sent(&mut sample), [(2, 1), (3, 1), (4, 1)], "in the order of capture");
}

#[test]
fn what_a_row_was_to_leave_is_not_deleted_before_it_has_left() {
    let mut sample = spoilt(&[create(3, "C"), refer(3, 2), refer(3, 1), remove(2)], 3);
    assert_eq!(sent(&mut sample), [(1, 3), (2, 3)]);
    assert_eq!(errors(&sample), [error(3, "rejected", None), error(4, "parked", Some(3))]);
}

#[test]
fn what_is_before_it_or_elsewhere_goes_out() {
    let mut sample = spoilt(&[rename(1, "a"), rename(1, "b"), create(3, "C"), refer(3, 1), refer(2, 3)], 2);
    assert_eq!(sent(&mut sample), [(1, 1), (2, 3), (3, 3), (4, 2)], "an update does not keep others from referring");
}

#[test]
fn what_refers_to_a_row_that_is_not_created_waits_and_keeps_others_waiting() {
    let edits = [create(3, "C"), refer(1, 3), rename(1, "x"), create(4, "D"), refer(4, 3), refer(2, 4)];
    let mut sample = spoilt(&edits, 1);
    assert_eq!(sent(&mut sample), [(1, 4), (2, 2)]);
    let waits = |row_number| error(row_number, "parked", Some(1));
    assert_eq!(errors(&sample), [error(1, "rejected", None), waits(2), waits(3), waits(5)]);
    done(&mut sample, 1..3);
    assert_eq!(sample.settled(1, &Settlement::Discard).released, [2, 3, 5]);
    assert_eq!(sent(&mut sample), [(3, 1), (4, 1), (5, 4)]);
}

#[test]
fn a_group_waits_as_a_whole_and_for_one() {
    let group = |edits: [String; 2]| [vec![START.to_owned()], edits.to_vec(), vec![STOP.to_owned()]].concat();
    let edits =
        [group([create(3, "C"), create(4, "D")]), group([rename(2, "z"), rename(4, "E")]), vec![rename(2, "y")]];
    let mut sample = spoilt(&edits.concat(), 2);
    assert_eq!(sent(&mut sample), []);
    let waits = |row_number| error(row_number, "parked", Some(3));
    let refused = |row_number| error(row_number, "rejected", None);
    assert_eq!(errors(&sample), [refused(2), refused(3), waits(6), waits(7), waits(9)]);
    assert_eq!(sample.settled(2, &fix(&[("industry", json!("retail")), ("name", json!("C"))])).released, [3, 6, 7, 9]);
    assert_eq!(sent(&mut sample), [(1, 3), (2, 4), (3, 2), (4, 4), (5, 2)]);
    done(&mut sample, 1..6);
    assert!(sample.states().iter().all(|state| *state == EntryState::PlayedBack), "{:?}", sample.states());
}

#[test]
fn what_is_given_up_does_not_wait() {
    let mut sample = Sample::edited(&[rename(1, "a"), rename(1, "b")]);
    let refused = [verdict(1, VerdictKind::Rejected), super::settlement::parked(2, 1)];
    sample.answer(&refused);
    sample.settled(1, &Settlement::Retry);
    sample.edit(&[spoil(1)]);
    assert_eq!(sent(&mut sample), []);
    assert_eq!(errors(&sample), [error(1, "rejected", None), error(2, "parked", Some(1))]);
    sample.settled(2, &Settlement::Discard);
    let discards: Vec<_> = sample.taken().iter().map(|operation| (operation.command, operation.settles)).collect();
    assert_eq!(discards, [(Command::Discard, Some(2))], "the server is told what it has refused");
}

#[test]
fn a_named_command_waits_for_a_row_that_a_parameter_names() {
    let mut metadata = metadata();
    metadata.entities[1].commands = vec![EntityCommand { name: "award".into(), online_only: false }];
    let mut sample = Sample::with(&metadata);
    let award = |to| {
        format!(
            "INSERT INTO sojourn_command (entity, object_id, name, parameters) \
             VALUES ('everything', {}, 'award', json_object('to', {}))",
            id(1),
            id(to)
        )
    };
    sample.edit(&[create(3, "C"), award(3), award(4), spoil(1)]);
    assert_eq!(sent(&mut sample), []);
    assert_eq!(errors(&sample)[1..], [error(2, "parked", Some(1)), error(3, "parked", Some(1))], "both on one row");
}

#[test]
fn a_dry_run_leaves_out_what_would_wait() {
    let mut sample = spoilt(&[create(3, "C"), refer(1, 3), rename(1, "x"), rename(2, "z")], 1);
    for _ in 0..2 {
        let (taken, left) = sample.store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations");
        let objects: Vec<u128> = taken.chunk.operations.iter().map(|o| o.object_id.as_u128()).collect();
        assert_eq!((objects, left), (vec![2], 3));
        sample.edit(&["UPDATE sojourn_queue SET state = 3 WHERE row_number = 1".to_owned()]);
        sample.edit(&[rename(1, "y")]);
    }
    sample.settled(1, &Settlement::Discard);
    assert_eq!(sent(&mut sample).len(), 4);
}

#[test]
fn a_dry_run_leaves_out_the_delete_of_what_a_row_was_to_leave() {
    let edits = [create(3, "C"), refer(3, 2), create(4, "D"), refer(4, 2), refer(3, 1), remove(2), remove(4)];
    let sample = spoilt(&edits, 5);
    let (taken, left) = sample.store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations");
    let objects: Vec<u128> = taken.chunk.operations.iter().map(|o| o.object_id.as_u128()).collect();
    assert_eq!((objects, left), (vec![3, 3, 4, 4, 4], 2));
}
