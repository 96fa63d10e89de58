//! Verdicts are stored once, and refused rows are asked for again.

use sojourn_wire::message::operation::{Verdict, VerdictKind};

use super::batches::{SESSION, deletes};
use super::sample::{Sample, id};
use super::settlement::rename;
use super::take_up::{CHUNK, WIDE};
use crate::store::{EntryState, QueueEntry, Settlement};

fn verdict(sequence: u64, kind: VerdictKind) -> Verdict {
    Verdict { reason: Some("why".into()), attribute: Some("name".into()), ..Verdict::new(sequence, kind, "0123") }
}

/// Accounts 1 to 7 are captured and taken up as 1 to 7.
fn sent() -> Sample {
    let mut sample = Sample::new();
    for digit in 1..=7 {
        let sql = format!("INSERT INTO account (id, name) VALUES ({}, 'A')", id(digit));
        sample.foreign().execute_batch(&sql).expect("a write");
    }
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    sample
}

/// The accounts that will be asked for again.
fn asked(sample: &Sample) -> Vec<u128> {
    sample.store.refresh_list(9).expect("a list").iter().map(|object| object.object_id.as_u128()).collect()
}

fn all_kinds() -> Vec<Verdict> {
    use VerdictKind::{Applied, Cancelled, Conflict, Duplicate, Merged, Parked, Rejected};
    let kinds = [Applied, Merged, Duplicate, Conflict, Rejected, Parked, Cancelled];
    (1..).zip(kinds).map(|(sequence, kind)| verdict(sequence, kind)).collect()
}

fn entries(sample: &Sample) -> Vec<QueueEntry> {
    sample.store.queue_entries(100).expect("a queue")
}

#[test]
fn each_verdict_is_kept_with_its_words() {
    let mut sample = sent();
    sample.store.settle(&all_kinds()).expect("settled");
    let entries = entries(&sample);
    let states: Vec<_> = entries.iter().map(|entry| entry.state).collect();
    use EntryState::{PlayedBack, Refused};
    assert_eq!(states, [PlayedBack, PlayedBack, Refused, Refused, Refused, Refused, Refused]);
    let words: Vec<_> = entries.iter().filter_map(|entry| entry.verdict.as_deref()).collect();
    assert_eq!(words, ["applied", "merged", "duplicate", "conflict", "rejected", "parked", "cancelled"]);
    let refused = &entries[4];
    assert_eq!(refused.reason.as_deref(), Some("why"));
    assert_eq!((refused.attribute.as_deref(), refused.trace_id.as_deref()), (Some("name"), Some("0123")));
    assert_eq!(asked(&sample), [1, 2, 3, 4, 5, 6, 7], "refused, or created here");
    let summary = sample.store.queue_summary().expect("a summary");
    assert_eq!((summary.waiting, summary.sent, summary.played_back, summary.refused), (0, 0, 2, 5));
}

#[test]
fn settling_again_changes_nothing() {
    let mut sample = sent();
    sample.store.settle(&all_kinds()).expect("settled");
    let before = entries(&sample);
    let asked = sample.store.refresh_list(9).expect("a list");
    sample.store.refresh_clear(&asked).expect("cleared");
    sample.store.settle(&all_kinds()).expect("again");
    sample.store.settle(&[verdict(1, VerdictKind::Rejected), verdict(99, VerdictKind::Applied)]).expect("too late");
    sample.store.settle(&[verdict(u64::MAX, VerdictKind::Applied)]).expect("no such operation");
    assert_eq!(entries(&sample), before);
    assert!(sample.store.refresh_list(9).expect("a list").is_empty());
}

#[test]
fn a_verdict_of_a_newer_service_counts_as_a_refusal() {
    let mut sample = sent();
    sample.store.settle(&[verdict(1, VerdictKind::Unknown)]).expect("settled");
    assert_eq!(entries(&sample)[0].state, EntryState::Refused);
}

#[test]
fn of_rows_that_were_there_only_the_refused_are_asked_for_again() {
    let mut sample = sent();
    sample
        .store
        .settle(&(1..=7).map(|sequence| verdict(sequence, VerdictKind::Applied)).collect::<Vec<_>>())
        .expect("ok");
    let created = sample.store.refresh_list(9).expect("a list");
    sample.store.refresh_clear(&created).expect("cleared");
    let sql = format!(
        "UPDATE account SET name = 'B' WHERE id IN ({}, {}); DELETE FROM account WHERE id = {}",
        id(1),
        id(2),
        id(3)
    );
    sample.foreign().execute_batch(&sql).expect("writes");
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    let kinds = [VerdictKind::Applied, VerdictKind::Rejected, VerdictKind::Applied];
    sample.store.settle(&(8..).zip(kinds).map(|(n, kind)| verdict(n, kind)).collect::<Vec<_>>()).expect("settled");
    assert_eq!(asked(&sample), [2]);
}

#[test]
fn what_has_no_verdict_yet_is_sent_again() {
    let mut sample = sent();
    sample.store.settle(&all_kinds()[..3]).expect("settled");
    let chunk = sample.store.take_up(CHUNK, WIDE).expect("taken").expect("the rest").chunk;
    assert_eq!((chunk.first, chunk.last()), (4, 7));
}

#[test]
fn markers_are_done_with_their_group() {
    let mut sample = Sample::new();
    let sql = format!(
        "INSERT INTO sojourn_group (marker) VALUES ('start');
         INSERT INTO account (id, name) VALUES ({}, 'A'), ({}, 'B');
         INSERT INTO sojourn_group (marker) VALUES ('stop')",
        id(1),
        id(2)
    );
    sample.foreign().execute_batch(&sql).expect("writes");
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    let markers = |sample: &Sample| [entries(sample)[0].state, entries(sample)[3].state];
    sample.store.settle(&[verdict(1, VerdictKind::Cancelled)]).expect("settled");
    assert_eq!(markers(&sample), [EntryState::Sent; 2]);
    sample.store.settle(&[verdict(2, VerdictKind::Rejected)]).expect("settled");
    assert_eq!(markers(&sample), [EntryState::Sent; 2], "it is not settled");
    sample.store.settle_error(2, &Settlement::Retry).expect("released");
    assert_eq!(markers(&sample), [EntryState::Waiting; 2]);
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    sample.store.settle(&[verdict(3, VerdictKind::Applied), verdict(4, VerdictKind::Applied)]).expect("settled");
    assert_eq!(markers(&sample), [EntryState::PlayedBack; 2]);
}

#[test]
fn an_applied_update_of_a_row_that_left_has_it_asked_for() {
    let mut sample = Sample::edited(&[rename(1, "x"), rename(1, "y"), rename(2, "z")]);
    sample.load(&deletes(2, &[1])).expect("a load");
    let taken = sample.taken();
    assert_eq!(taken.len(), 3);
    let [first, second, other] = [1, 2, 3].map(|sequence| Verdict::new(sequence, VerdictKind::Applied, "t"));
    sample.store.settle(&[first]).expect("stored");
    assert_eq!((asked(&sample), sample.image(1)), (vec![1], Some(serde_json::Value::Null)), "another hides it yet");
    write(&sample, "DELETE FROM sojourn_refresh");
    sample.store.settle(&[second, other]).expect("stored");
    assert_eq!((asked(&sample), sample.image(1)), (vec![1], None));
    assert_eq!(sample.accounts(), ["1 y", "2 z"]);
}

#[test]
fn a_row_that_left_is_asked_for_when_its_image_goes() {
    let mut sample = Sample::edited(&[rename(1, "x")]);
    sample.load(&deletes(2, &[1])).expect("a load");
    write(&sample, "UPDATE sojourn_queue SET state = 2");
    sample.store.finish_session(SESSION).expect("finished");
    assert_eq!((asked(&sample), sample.image(1), sample.accounts()), (vec![1], None, vec!["1 x".into(), "2 B".into()]));
}

fn write(sample: &Sample, sql: &str) {
    sample.store.connection.execute_batch(sql).expect("a write");
}
