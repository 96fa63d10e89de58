//! A full disk is an error that says so, and changes nothing.

use super::batches::{SESSION, key, rows_of, text};
use super::sample::{Sample, device, metadata};
use super::take_up::{CHUNK, WIDE};
use crate::store::{Store, StoreError};

/// No page can be added any more.
fn fill_disk(store: &Store) {
    let pages: i64 = store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("a count");
    store.connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).expect("a limit");
}

fn make_room(store: &Store) {
    store.connection.pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(())).expect("no limit");
}

fn many_rows() -> Vec<u8> {
    let rows: Vec<_> =
        (1..=2000).map(|number| vec![key(number), text(&format!("name {number} {}", "x".repeat(200)))]).collect();
    rows_of(&metadata().entities[0], 1, &rows)
}

#[test]
fn a_load_is_undone_and_works_when_there_is_room() {
    let mut sample = Sample::in_session();
    fill_disk(&sample.store);
    let error = sample.load(&many_rows()).expect_err("full");
    assert!(matches!(error, StoreError::DiskFull { doing: "loading a batch", .. }), "{error}");
    assert_eq!(sample.store.count_rows("account").expect("a count"), 0);
    assert_eq!(sample.store.session().expect("readable").expect("a session").last_batch, 0);
    make_room(&sample.store);
    assert_eq!(sample.load(&many_rows()).expect("room").rows, 2000);
}

#[test]
fn what_is_spooled_stays_spooled_and_is_applied_when_there_is_room() {
    let mut sample = Sample::in_session();
    let proven = sample.store.fitting().expect("tables").prove(many_rows()).expect("whole");
    sample.store.spool(&proven).expect("spooled");
    fill_disk(&sample.store);
    let error = sample.store.apply_spool(SESSION, |_| ()).expect_err("full");
    assert!(matches!(error, StoreError::DiskFull { doing: "applying what is spooled", .. }), "{error}");
    assert_eq!(sample.store.count_rows("account").expect("a count"), 0);
    assert_eq!(sample.store.spooled().expect("a count"), 1);
    make_room(&sample.store);
    assert_eq!(sample.store.apply_spool(SESSION, |_| ()).expect("room").applied.len(), 1);
    assert_eq!(sample.store.count_rows("account").expect("a count"), 2000);
}

#[test]
fn making_tables_is_undone() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut store = Store::create(&folder.path().join("sojourn.db"), &device()).expect("a database");
    fill_disk(&store);
    let error = store.adopt_metadata(1, &metadata()).expect_err("full");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(store.metadata().is_none());
    make_room(&store);
    store.adopt_metadata(1, &metadata()).expect("room");
    store.begin_session(SESSION, 1, &[]).expect("a session");
}

#[test]
fn taking_up_numbers_nothing() {
    let mut sample = Sample::new();
    let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
        INSERT INTO account (name) SELECT 'A' FROM n";
    sample.foreign().execute_batch(sql).expect("writes");
    fill_disk(&sample.store);
    let all = crate::store::Ceilings { operations: 3000, ..WIDE };
    let error = sample.store.take_up(CHUNK, all).expect_err("full");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    make_room(&sample.store);
    let summary = sample.store.queue_summary().expect("a summary");
    assert_eq!((summary.waiting, summary.sent), (3000, 0));
    assert_eq!(sample.store.take_up(CHUNK, all).expect("room").expect("operations").chunk.first, 1);
}
