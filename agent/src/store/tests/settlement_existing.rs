//! Another row takes the place of a duplicate: only of a created one, and not while something that would change is under
//! way.

use sojourn_metadata::model::EntityCommand;
use sojourn_wire::message::operation::{Candidate, Verdict, VerdictKind};
use uuid::Uuid;

use super::sample::{Sample, id, metadata};
use super::settlement::{create, field, parked, rename, verdict};
use crate::store::Settlement;

fn duplicate() -> Verdict {
    let candidate = Candidate { object_type_code: 1, object_id: Uuid::from_u128(2), values: [].into() };
    Verdict { candidates: vec![candidate], ..verdict(1, VerdictKind::Duplicate) }
}

/// Account 3 is refused as a duplicate of 2, then these statements are run and sent.
fn sent_after(statements: &[String]) -> Sample {
    let mut sample = Sample::edited(&[create(3, "C")]);
    sample.answer(&[duplicate()]);
    sample.edit(statements);
    assert_eq!(sample.taken().len(), statements.len());
    sample
}

fn objects(sample: &Sample) -> Vec<(Option<String>, Option<serde_json::Value>)> {
    let entries = sample.store.queue_entries(9).expect("a queue");
    entries.into_iter().map(|entry| (entry.object_id, entry.data)).collect()
}

#[test]
fn what_is_under_way_keeps_its_object_and_its_values() {
    let refers = format!("UPDATE account SET parent_id = {} WHERE id = {}", id(3), id(1));
    for statement in [rename(3, "C2"), refers] {
        let mut sample = sent_after(&[statement]);
        let before = objects(&sample);
        let words = sample.refusal(1, &Settlement::UseExisting(None));
        assert!(words.contains("entry 2 is under way and is about its row or refers to it"), "{words}");
        assert!(words.contains("`sojourn-agent sync` first"), "{words}");
        assert_eq!(objects(&sample), before);
        sample.store.settle(&[parked(2, 1)]).expect("stored");
        assert_eq!(sample.settled(1, &Settlement::UseExisting(None)).released, [2]);
    }
}

#[test]
fn what_is_under_way_for_other_rows_is_not_in_the_way() {
    let mut sample = sent_after(&[rename(1, "x")]);
    sample.settled(1, &Settlement::UseExisting(None));
    assert_eq!(sample.accounts(), ["1 x", "2 B"]);
}

#[test]
fn what_is_under_way_only_to_be_given_up_is_not_in_the_way() {
    let mut sample = Sample::edited(&[create(3, "C"), rename(3, "C2")]);
    sample.answer(&[duplicate(), parked(2, 1)]);
    sample.settled(2, &Settlement::Discard);
    sample.taken();
    let before = objects(&sample);
    sample.settled(1, &Settlement::UseExisting(None));
    assert_eq!((sample.accounts(), objects(&sample)), (vec!["1 A".into(), "2 B".into()], before));
}

#[test]
fn only_a_created_row_can_be_replaced() {
    let mut sample = Sample::edited(&[rename(1, "B")]);
    sample.answer(&[duplicate()]);
    let words = sample.refusal(1, &Settlement::UseExisting(None));
    assert!(words.contains("it creates no row that another could take the place of"), "{words}");
    sample.settled(1, &Settlement::CreateAnyway);
}

#[test]
fn a_named_commands_parameters_name_the_row_that_takes_its_place() {
    let mut sample = Sample::edited(&[]);
    let mut metadata = metadata();
    metadata.entities[0].commands = vec![EntityCommand { name: "award".into(), online_only: false }];
    sample.store.adopt_metadata(2, &metadata).expect("other commands");
    let award = format!(
        "INSERT INTO sojourn_command (entity, object_id, name, parameters) \
         VALUES ('account', {}, 'award', json_object('to', {}, 'words', 'for ' || {}))",
        id(1),
        id(3),
        id(3)
    );
    sample.edit(&[create(3, "C"), award.clone()]);
    sample.answer(&[duplicate(), parked(2, 1)]);
    sample.edit(&[award]);
    sample.settled(1, &Settlement::UseExisting(None));
    for (operation, settles) in sample.taken()[1..].iter().zip([Some(2), None]) {
        assert_eq!(operation.settles, settles);
        assert_eq!(operation.data["to"], field(&Uuid::from_u128(2).to_string()));
        assert_eq!(operation.data["words"], field(&format!("for {}", Uuid::from_u128(3))));
    }
}
