//! Invariant: the user's unsent work is never overwritten by a download.

use sojourn_wire::message::operation::{Verdict, VerdictKind};
use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::batches::{accounts, deletes};
use super::sample::{Sample, id};
use super::take_up::{CHUNK, WIDE};

/// What the next prepare will ask for.
fn asked_again(sample: &Sample) -> Vec<u128> {
    let list = sample.store.refresh_list(100).expect("a list");
    list.iter().map(|object| object.object_id.as_u128()).collect()
}

/// What some prepare must ask for.
pub(super) fn put_off(sample: &Sample) -> Vec<u128> {
    let foreign = sample.foreign();
    let mut noted = foreign.prepare("SELECT object_id FROM sojourn_refresh ORDER BY 1").expect("a statement");
    let ids = noted.query_map([], |row| row.get::<_, String>(0)).expect("rows");
    ids.map(|id| id.expect("a text").parse::<Uuid>().expect("a uuid").as_u128()).collect()
}

/// Accounts 1 to 3 are loaded; 1 was changed, 2 deleted.
fn changed_device() -> Sample {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A"), (2, "B"), (3, "C")])).expect("a load");
    let sql =
        format!("UPDATE account SET name = 'mine' WHERE id = {}; DELETE FROM account WHERE id = {}", id(1), id(2));
    sample.foreign().execute_batch(&sql).expect("writes");
    sample
}

#[test]
fn rows_with_waiting_writes_are_put_off() {
    let mut sample = changed_device();
    let loaded = sample.load(&accounts(2, &[(1, "A2"), (2, "B2"), (3, "C2"), (4, "D")])).expect("a load");
    assert_eq!((loaded.rows, loaded.set_aside), (2, 2));
    assert_eq!(sample.accounts(), ["1 mine", "3 C2", "4 D"]);
    assert_eq!((put_off(&sample), asked_again(&sample)), (vec![1, 2], vec![]), "it would be put off once more");
    let loaded = sample.load(&deletes(3, &[1, 4])).expect("a load");
    assert_eq!((loaded.deletes, loaded.set_aside), (1, 1));
    assert_eq!(sample.accounts(), ["1 mine", "3 C2"]);
    assert_eq!(sample.store.session().expect("readable").expect("a session").set_aside, 3);
}

#[test]
fn rows_with_sent_writes_are_put_off_until_the_verdict() {
    let mut sample = changed_device();
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    assert_eq!(sample.load(&accounts(2, &[(1, "A2")])).expect("a load").set_aside, 1);
    let verdict =
        |sequence, verdict| Verdict { sequence, verdict, reason: None, attribute: None, trace_id: "t".into() };
    sample.store.settle(&[verdict(1, VerdictKind::Applied), verdict(2, VerdictKind::Rejected)]).expect("settled");
    assert_eq!(asked_again(&sample), [1, 2]);
    let loaded = sample.load(&accounts(3, &[(1, "A3"), (2, "B3")])).expect("a load");
    assert_eq!((loaded.rows, loaded.set_aside), (2, 0));
    assert_eq!(sample.accounts(), ["1 A3", "2 B3", "3 C"]);
}

#[test]
fn what_was_asked_for_is_forgotten() {
    let mut sample = Sample::in_session();
    let object = |digit| ObjectRef { object_type_code: 1, object_id: Uuid::from_u128(digit) };
    sample.store.refresh_add(&[object(1), object(2)]).expect("noted");
    let first = sample.store.refresh_list(1).expect("a list");
    assert_eq!(first, [object(1)]);
    sample.store.refresh_clear(&first).expect("cleared");
    sample.store.refresh_clear(&first).expect("harmless");
    assert_eq!(asked_again(&sample), [2]);
}

#[test]
fn a_load_that_fails_puts_nothing_off() {
    let mut sample = changed_device();
    let mut file = accounts(2, &[(1, "A2")]);
    file.pop();
    sample.load(&file).expect_err("cut");
    assert!(put_off(&sample).is_empty());
}

#[test]
fn what_has_come_is_not_asked_for_again() {
    let mut sample = Sample::in_session();
    let object = |digit| ObjectRef { object_type_code: 1, object_id: Uuid::from_u128(digit) };
    let other_entity = || ObjectRef { object_type_code: 99, ..object(1) };
    sample.load(&accounts(1, &[(3, "C")])).expect("a load");
    let asked = [object(1), object(2), object(3), object(4), other_entity()];
    sample.store.refresh_add(&asked).expect("noted");
    sample.foreign().execute_batch(&format!("UPDATE account SET name = 'mine' WHERE id = {}", id(3))).expect("a write");
    sample.load(&accounts(2, &[(1, "A"), (3, "C")])).expect("a load");
    sample.load(&deletes(3, &[4])).expect("a load");
    assert_eq!(put_off(&sample), [1, 2, 3], "another entity's, not come, and set aside");
    let left = [object(2), other_entity()];
    assert_eq!(sample.store.refresh_list(9).expect("a list"), left, "what is set aside waits");
}

#[test]
fn a_row_whose_id_is_no_uuid_is_not_asked_for() {
    let sample = Sample::new();
    crate::store::refresh::add(&sample.store.connection, 1, "weird").expect("writable");
    assert!(sample.store.refresh_list(9).expect("a list").is_empty());
}
