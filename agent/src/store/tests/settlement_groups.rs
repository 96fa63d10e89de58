//! Groups are settled as a whole, and what was parked follows its cause.

use sojourn_wire::message::operation::{Candidate, Command, Verdict, VerdictKind};
use uuid::Uuid;

use super::batches::SESSION;
use super::sample::Sample;
use super::settlement::{create, parked, rename, verdict};
use crate::store::{EntryState, Settlement};

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";

fn cancelled(sequence: u64, cause: u64) -> Verdict {
    Verdict { cause: Some(cause), ..verdict(sequence, VerdictKind::Cancelled) }
}

/// A group of rows 2 and 3, refused because of row 2 (1 and 4 are its markers), and row 5, parked for it.
fn refused_group(guilty: Verdict) -> Sample {
    let mut sample = Sample::edited(&[START.into(), create(3, "C"), rename(1, "x"), STOP.into(), rename(3, "C2")]);
    sample.answer(&[guilty, cancelled(2, 1), parked(3, 1)]);
    sample
}

fn outline(sample: &mut Sample) -> Vec<(Command, Option<u64>, Option<u64>)> {
    sample.taken().iter().map(|operation| (operation.command, operation.settles, operation.group)).collect()
}

#[test]
fn a_retry_releases_all_of_it() {
    let mut sample = refused_group(verdict(1, VerdictKind::Rejected));
    let first = sample.refusal(3, &Settlement::Retry);
    assert!(
        first.ends_with("it was cancelled because of entry 2; settle that one first, or discard this one"),
        "{first}"
    );
    assert!(sample.refusal(5, &Settlement::Retry).contains("parked because of entry 2"));
    assert_eq!(sample.settled(2, &Settlement::Retry).released, [3, 5]);
    use Command::{Create, Update};
    let expected = [(Create, Some(1), Some(1)), (Update, Some(2), Some(1)), (Update, Some(3), None)];
    assert_eq!(outline(&mut sample), expected);
    let applied: Vec<_> = (4..=6).map(|sequence| verdict(sequence, VerdictKind::Applied)).collect();
    sample.store.settle(&applied).expect("stored");
    assert_eq!(sample.states(), [EntryState::PlayedBack; 5]);
}

#[test]
fn a_discard_gives_all_of_it_up() {
    let mut sample = refused_group(verdict(1, VerdictKind::Rejected));
    assert_eq!(sample.settled(3, &Settlement::Discard).given_up, [2, 5]);
    assert_eq!(sample.accounts(), ["1 A", "2 B"]);
    use Command::Discard;
    assert_eq!(outline(&mut sample), [(Discard, Some(1), None), (Discard, Some(2), None), (Discard, Some(3), None)]);
    let applied: Vec<_> = (4..=6).map(|sequence| verdict(sequence, VerdictKind::Applied)).collect();
    sample.store.settle(&applied).expect("stored");
    use EntryState::{GivenUp, PlayedBack};
    assert_eq!(sample.states(), [PlayedBack, GivenUp, GivenUp, PlayedBack, GivenUp]);
}

#[test]
fn a_member_is_replaced_and_the_others_go_on() {
    let candidate = Candidate { object_type_code: 1, object_id: Uuid::from_u128(2), values: [].into() };
    let mut sample = refused_group(Verdict { candidates: vec![candidate], ..verdict(1, VerdictKind::Duplicate) });
    assert_eq!(sample.settled(2, &Settlement::UseExisting(None)).released, [3, 5]);
    use Command::{Discard, Update};
    assert_eq!(outline(&mut sample), [(Discard, Some(1), None), (Update, Some(2), Some(1)), (Update, Some(3), None)]);
}

#[test]
fn an_unsettled_group_outlives_the_session() {
    let mut sample = refused_group(verdict(1, VerdictKind::Rejected));
    sample.store.begin_session(Uuid::from_u128(1), 2, &[]).expect("begun");
    sample.store.finish_session(Uuid::from_u128(1)).expect("ended");
    assert_eq!(sample.states().len(), 5);
    sample.settled(2, &Settlement::Discard);
    let applied: Vec<_> = (4..=6).map(|sequence| verdict(sequence, VerdictKind::Applied)).collect();
    sample.answer(&applied);
    sample.store.begin_session(SESSION, 3, &[]).expect("begun");
    sample.store.finish_session(SESSION).expect("ended");
    assert!(sample.states().is_empty());
}

#[test]
fn what_is_parked_for_something_settled_goes_on_once() {
    let mut sample = Sample::edited(&[rename(1, "x"), rename(1, "y")]);
    sample.answer(&[verdict(1, VerdictKind::Applied), parked(2, 1)]);
    use EntryState::{PlayedBack, Refused, Waiting};
    assert_eq!(sample.states(), [PlayedBack, Waiting]);
    let again = sample.answer(&[parked(3, 1)]);
    assert_eq!(again[0].settles, Some(2));
    assert_eq!(sample.states(), [PlayedBack, Refused], "not for ever");
    sample.settled(2, &Settlement::Retry);
    sample.answer(&[verdict(4, VerdictKind::Applied)]);
    assert_eq!(sample.states(), [PlayedBack; 2]);
}

#[test]
fn a_group_that_cannot_be_sent_waits_for_the_user() {
    let spoil = "UPDATE sojourn_queue SET data = '{' WHERE row_number = 2".to_owned();
    let mut sample = Sample::edited(&[START.into(), create(3, "C"), create(4, "D"), STOP.into(), spoil]);
    assert!(sample.taken().is_empty());
    use EntryState::{GivenUp, PlayedBack, Refused, Sent};
    assert_eq!(sample.states(), [Sent, Refused, Refused, Sent]);
    assert_eq!(sample.settled(3, &Settlement::Discard).given_up, [2]);
    assert_eq!(sample.accounts(), ["1 A", "2 B"]);
    assert_eq!(sample.states(), [PlayedBack, GivenUp, GivenUp, PlayedBack]);
}
