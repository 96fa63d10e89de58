//! Groups that are nearly too large to send, and what is sent when they are settled.

use sojourn_wire::message::operation::{Command, FieldValue, Operation, Verdict, VerdictKind};
use uuid::Uuid;

use super::sample::{Sample, id};
use super::settlement::{create, rename, verdict};
use super::take_up::{CHUNK, WIDE};
use crate::store::size::wire_bytes;
use crate::store::{Ceilings, EntryState, Settlement};

const TWO: Ceilings = Ceilings { operations: 2, ..WIDE };

fn group(edits: &[String]) -> Vec<String> {
    let marker = |marker| vec![format!("INSERT INTO sojourn_group (marker) VALUES ('{marker}')")];
    [marker("start"), edits.to_vec(), marker("stop")].concat()
}

fn take(sample: &mut Sample, ceilings: Ceilings) -> Vec<Operation> {
    let taken = sample.store.take_up(CHUNK, ceilings).expect("readable");
    taken.map(|taken| taken.chunk.operations).unwrap_or_default()
}

fn answer(sample: &mut Sample, sent: &[Operation], kind: VerdictKind) {
    let verdicts: Vec<Verdict> = sent.iter().map(|operation| verdict(operation.sequence, kind)).collect();
    sample.store.settle(&verdicts).expect("stored");
}

/// What is sent, chunk by chunk, when all of it is done: number, what it settles, and the object.
fn played(sample: &mut Sample, ceilings: Ceilings) -> Vec<Vec<(u64, Option<u64>, u128)>> {
    let chunks = std::iter::from_fn(|| {
        let sent = take(sample, ceilings);
        answer(sample, &sent, VerdictKind::Applied);
        (!sent.is_empty()).then(|| sent.iter().map(|o| (o.sequence, o.settles, o.object_id.as_u128())).collect())
    });
    chunks.collect()
}

/// A group of three creates that the server has refused and the user has given up, and what was done since.
fn discarded() -> Sample {
    let mut sample = Sample::edited(&group(&[create(3, "C"), create(4, "D"), create(5, "E")]));
    let sent = take(&mut sample, WIDE);
    answer(&mut sample, &sent, VerdictKind::Rejected);
    assert_eq!(sample.settled(2, &Settlement::Discard).given_up, [3, 4]);
    sample.edit(&[rename(1, "a")]);
    sample
}

#[test]
fn what_is_given_up_is_cut_by_the_ceilings() {
    let pieces = [vec![(4, Some(1), 3), (5, Some(2), 4)], vec![(6, Some(3), 5), (7, None, 1)]];
    assert_eq!(played(&mut discarded(), TWO), pieces);
    let sizes = |chunks: Vec<Vec<_>>| chunks.iter().map(Vec::len).collect::<Vec<_>>();
    let mut sample = discarded();
    assert_eq!(sizes(played(&mut sample, Ceilings { bytes: 1, ..WIDE })), [1, 1, 1, 1]);
    use EntryState::{GivenUp, PlayedBack};
    assert_eq!(sample.states(), [PlayedBack, GivenUp, GivenUp, GivenUp, PlayedBack, PlayedBack]);
}

#[test]
fn what_has_its_numbers_is_cut_by_the_ceilings_too() {
    let mut sample = discarded();
    let all = take(&mut sample, WIDE);
    assert_eq!((all.len(), all[0].command), (4, Command::Discard));
    let (dry, left) = sample.store.dry_take_up(CHUNK, 1).expect("readable").expect("operations");
    assert_eq!((dry.chunk.first, dry.chunk.operations.len(), left), (4, 1, 3));
    let pieces = played(&mut sample, TWO);
    assert_eq!(pieces, [vec![(4, Some(1), 3), (5, Some(2), 4)], vec![(6, Some(3), 5), (7, None, 1)]]);
}

#[test]
fn a_group_that_has_its_numbers_is_never_cut() {
    let edits = [group(&[create(3, "C"), create(4, "D"), create(5, "E")]), group(&[rename(1, "a")])].concat();
    let mut sample = Sample::edited(&edits);
    assert_eq!(take(&mut sample, WIDE).len(), 4);
    let pieces = played(&mut sample, TWO);
    assert_eq!(pieces, [vec![(1, None, 3), (2, None, 4), (3, None, 5)], vec![(4, None, 1)]]);
}

#[test]
fn what_is_given_up_goes_although_the_rest_of_its_group_is_refused_here() {
    let mut sample = Sample::edited(&group(&[rename(1, "a"), rename(2, "b"), rename(1, "c")]));
    let sent = take(&mut sample, WIDE);
    answer(&mut sample, &sent, VerdictKind::Rejected);
    sample.store.retry_errors().expect("released");
    let spoil = "UPDATE sojourn_queue SET data = '{\"industry\":true}' WHERE row_number = 3";
    sample.edit(&["UPDATE sojourn_queue SET given_up = 1 WHERE row_number IN (2, 4)".to_owned(), spoil.to_owned()]);
    let one = Ceilings { operations: 1, ..WIDE };
    assert_eq!(played(&mut sample, one), [[(4, Some(1), 1)], [(5, Some(3), 1)]]);
    use EntryState::{GivenUp, Refused, Sent};
    assert_eq!(sample.states(), [Sent, GivenUp, Refused, GivenUp, Sent], "its markers wait for what is refused");
}

#[test]
fn a_group_that_fitted_once_fits_when_it_is_sent_again() {
    let edits = group(&[rename(1, "a"), rename(2, "b"), create(3, "C")]);
    let bytes = serde_json::to_vec(&take(&mut Sample::edited(&edits), WIDE)).expect("json").len() as u64;
    let fits = |hard_bytes| {
        let ceilings = Ceilings { hard_bytes, ..WIDE };
        let mut sample = Sample::edited(&edits);
        let sent = take(&mut sample, ceilings);
        if sent.is_empty() {
            return false;
        }
        answer(&mut sample, &sent, VerdictKind::Rejected);
        sample.store.retry_errors().expect("released");
        assert_eq!(take(&mut sample, ceilings).len(), 3, "of {hard_bytes} bytes");
        true
    };
    let fitting = (bytes..bytes + 600).step_by(60).filter(|hard_bytes| fits(*hard_bytes)).count();
    assert!((1..10).contains(&fitting), "{fitting}");
}

#[test]
fn an_update_without_room_for_its_base_says_what_its_row_leaves() {
    let refer =
        |to| format!("UPDATE account SET name = 'a name of some kind', parent_id = {} WHERE id = {}", id(to), id(1));
    let mut sample = Sample::edited(&[refer(2), refer(3).replace("some", "much")]);
    let tight = Ceilings { hard_bytes: 650, ..WIDE };
    let sent = take(&mut sample, tight);
    let before = FieldValue::Text(Uuid::from_u128(2).to_string());
    assert_eq!(sent[1].base, [("parent_id".to_owned(), before.clone())].into());
    answer(&mut sample, &sent, VerdictKind::Rejected);
    sample.store.retry_errors().expect("released");
    assert_eq!(take(&mut sample, WIDE)[1].base.get("parent_id"), Some(&before));
}

#[test]
fn a_base_leaves_room_for_the_rest_of_its_group() {
    let mut sample = Sample::edited(&group(&[rename(1, "a"), rename(2, "b")]));
    let (dry, _) = sample.store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations");
    let bases = 2 * r#""name":"A""#.len() as u64;
    let tight = Ceilings { hard_bytes: dry.chunk.operations.iter().map(wire_bytes).sum::<u64>() - bases, ..WIDE };
    for _ in 0..2 {
        let sent = take(&mut sample, tight);
        assert_eq!((sent.len(), sent.iter().map(|operation| operation.base.len()).sum()), (2, 0));
    }
}
