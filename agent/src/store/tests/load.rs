//! Loading batches. Invariant: every batch may arrive twice, and nothing is lost or applied twice.

use sojourn_metadata::model::OnDelete;
use sojourn_metadata::{DataType, Entity, Metadata, Relationship};

use super::batches::{Raw, SESSION, accounts, deletes, key, load, rows_of, text};
use super::sample::{Sample, id};
use crate::store::{Loaded, Store, StoreError};

#[test]
fn rows_are_inserted_updated_and_deleted_without_capture() {
    let mut sample = Sample::in_session();
    let first = sample.load(&accounts(1, &[(1, "A"), (2, "B"), (3, "C")])).expect("inserts");
    assert_eq!(first, Loaded { batch: 1, rows: 3, deletes: 0, rebased: 0, repeated: false });
    let second = sample.load(&accounts(2, &[(2, "B2"), (4, "D")])).expect("an update and an insert");
    assert_eq!(second.rows, 2);
    let third = sample.load(&deletes(3, &[1, 3, 9])).expect("deletes");
    assert_eq!((third.deletes, third.rows), (2, 0));
    assert_eq!(sample.accounts(), ["2 B2", "4 D"]);
    assert!(sample.queue().is_empty());
    let session = sample.store.session().expect("readable").expect("a session");
    assert_eq!((session.last_batch, session.rows, session.deletes), (3, 5, 2));
}

#[test]
fn a_batch_that_was_loaded_before_is_answered_and_not_applied_again() {
    let mut sample = Sample::in_session();
    let file = accounts(1, &[(1, "A")]);
    sample.load(&file).expect("the first time");
    sample.foreign().execute_batch("UPDATE account SET name = 'mine'; DELETE FROM sojourn_queue").expect("a write");
    let again = sample.load(&file).expect("the second time");
    assert_eq!(again, Loaded { batch: 1, rows: 0, deletes: 0, rebased: 0, repeated: true });
    assert_eq!(sample.accounts(), ["1 mine"]);
}

#[test]
fn progress_survives_a_restart() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    let path = sample.store.path().to_path_buf();
    let mut reopened = Store::open(&path).expect("the database");
    reopened.begin_session(SESSION, 1, &[]).expect("the same session");
    assert_eq!(reopened.session().expect("readable").expect("a session").last_batch, 1);
    assert!(load(&mut reopened, &accounts(1, &[(1, "A")])).expect("answered").repeated);
    assert_eq!(load(&mut reopened, &accounts(2, &[(2, "B")])).expect("the next").rows, 1);
}

#[test]
fn a_gap_is_refused() {
    let mut sample = Sample::in_session();
    let error = sample.load(&accounts(2, &[(1, "A")])).expect_err("batch 1 is missing");
    assert!(matches!(error, StoreError::Gap { expected: 1, got: 2 }), "{error}");
    assert!(sample.accounts().is_empty());
}

#[test]
fn a_damaged_file_changes_nothing() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    let file = accounts(2, &[(1, "B"), (2, "C")]);
    for position in 0..file.len() {
        let mut damaged = file.clone();
        damaged[position] ^= 0x10;
        sample.load(&damaged).expect_err("damaged");
        sample.load(&file[..position]).expect_err("cut");
    }
    assert_eq!(sample.accounts(), ["1 A"]);
    assert_eq!(sample.store.session().expect("readable").expect("a session").last_batch, 1);
    assert_eq!(sample.load(&file).expect("the whole file").rows, 2);
}

/// After the first session there are indexes, and references are set by a statement of their own.
#[test]
fn references_follow_when_there_are_indexes() {
    let mut sample = Sample::in_session();
    let accounts = &super::sample::metadata().entities[0];
    let row = |digit, name: &str, parent: Raw| {
        let nulls = vec![None; 5];
        [vec![key(digit), text(name)], nulls, vec![parent]].concat()
    };
    let first = [row(1, "A", None), row(2, "B", key(1)), row(3, "C", key(1))];
    sample.load(&rows_of(accounts, 1, &first)).expect("a load");
    sample.store.finish_session(SESSION).expect("indexes");
    let sql = "UPDATE sojourn_session SET finished = 0";
    sample.store.connection.execute_batch(sql).expect("the same session goes on");
    sample.foreign().execute_batch(&format!("UPDATE account SET name = 'mine' WHERE id = {}", id(3))).expect("a write");
    let second = [row(1, "A2", key(2)), row(2, "B2", None), row(3, "C2", None), row(4, "D", key(1))];
    let loaded = sample.load(&rows_of(accounts, 2, &second)).expect("a load");
    assert_eq!((loaded.rows, loaded.rebased), (3, 1));
    let foreign = sample.foreign();
    let sql = "SELECT name, coalesce(substr(parent_id, -1), '-') FROM account ORDER BY id";
    let mut statement = foreign.prepare(sql).expect("a query");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().expect("rows");
    let rows: Vec<_> = rows.iter().map(|(name, parent)| (name.as_str(), parent.as_str())).collect();
    assert_eq!(rows, [("A2", "2"), ("B2", "-"), ("mine", "-"), ("D", "1")]);
}

#[test]
fn an_attribute_may_be_called_like_a_column_of_the_batch() {
    let attributes =
        vec![super::sample::attribute(2, "c0", DataType::Text), super::sample::attribute(3, "ref", DataType::Uuid)];
    let relationship = Relationship { attribute: "ref".into(), target: "account".into(), on_delete: OnDelete::SetNull };
    let odd = Entity { relationships: vec![relationship], ..super::sample::entity(1, "account", attributes) };
    let mut sample = Sample::with(&Metadata { entities: vec![odd.clone()], ..super::sample::metadata() });
    sample.store.begin_session(SESSION, 1, &[]).expect("a session");
    sample.load(&rows_of(&odd, 1, &[vec![key(1), text("A")]])).expect("a load");
    sample.store.finish_session(SESSION).expect("indexes");
    sample.store.connection.execute_batch("UPDATE sojourn_session SET finished = 0").expect("it goes on");
    sample.foreign().execute_batch(&format!("INSERT INTO account (id) VALUES ({})", id(2))).expect("a write");
    let rows = [vec![key(1), text("B"), key(1)], vec![key(2), text("C")]];
    let loaded = sample.load(&rows_of(&odd, 2, &rows)).expect("a load");
    assert_eq!((loaded.rows, loaded.rebased), (1, 1));
    let names: Vec<String> = {
        let foreign = sample.foreign();
        let mut statement = foreign.prepare("SELECT coalesce(c0, '-') FROM account ORDER BY id").expect("a query");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names")
    };
    assert_eq!(names, ["B", "C"]);
}

#[test]
fn an_entity_of_nothing_but_ids_loads() {
    let bare = super::sample::entity(1, "account", vec![]);
    let metadata = sojourn_metadata::Metadata { entities: vec![bare.clone()], ..super::sample::metadata() };
    let mut sample = Sample::with(&metadata);
    sample.store.begin_session(SESSION, 1, &[]).expect("a session");
    let file = |number| super::batches::rows_of(&bare, number, &[vec![super::batches::key(1)]]);
    sample.load(&file(1)).expect("a load");
    sample.load(&file(2)).expect("a load");
    assert_eq!(sample.store.count_rows("account").expect("a count"), 1);
}

#[test]
fn another_program_may_write_between_batches() {
    let mut sample = Sample::in_session();
    let foreign = sample.foreign();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    foreign.execute_batch(&format!("INSERT INTO account (id, name) VALUES ({}, 'mine')", id(5))).expect("a write");
    sample.load(&accounts(2, &[(2, "B")])).expect("a load");
    assert_eq!(sample.accounts(), ["1 A", "2 B", "5 mine"]);
    assert_eq!(sample.queue(), [r#"create 5 {"name":"mine"}"#]);
}
