//! Later sessions: batches wait in files and become visible together. The device is killed at every step.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use sojourn_wire::batch::{Compression, HeaderFields};
use sojourn_wire::message::prepare::ObjectRef;
use tempfile::TempDir;
use uuid::Uuid;

use super::batches::{SESSION, accounts, deletes, key, rows_with, text};
use super::rebase::{asked_again, images};
use super::sample::{Sample, id, metadata};
use crate::store::{Loaded, Proven, Store, StoreError, Unspooled, VERIFICATION_DUE};

const OTHER: Uuid = Uuid::from_u128(0x07e4);

/// Accounts as a batch of another session.
fn accounts_of(session: Uuid, number: u32, rows: &[(u128, &str)]) -> Vec<u8> {
    let fields = HeaderFields {
        session,
        batch_number: number,
        object_type_code: 1,
        metadata_version: 1,
        compression: Compression::Zstd,
    };
    let rows: Vec<_> = rows.iter().map(|(digit, name)| vec![key(*digit), text(name)]).collect();
    rows_with(&metadata().entities[0], fields, &rows)
}

fn spool(store: &mut Store, file: &[u8]) -> Result<(), StoreError> {
    let proven = store.fitting()?.prove(file.to_vec())?;
    store.spool(&proven)
}

/// A batch as it stands in the spool, whatever is in it.
fn unproven(sample: &Sample, file: Vec<u8>) -> Proven {
    let header = sample.store.fitting().expect("tables").open(&file).expect("whole").header().clone();
    Proven { header, file }
}

fn apply(store: &mut Store) -> Unspooled {
    store.apply_spool(SESSION, |_| ()).expect("applied")
}

fn last_batch(store: &Store) -> u32 {
    store.session().expect("readable").expect("a session").last_batch
}

fn folder(store: &Store) -> PathBuf {
    store.path().with_file_name("spool")
}

fn files(store: &Store) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder(store)) else { return Vec::new() };
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<_> = entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The device's files as they are at this moment, as a loss of power would leave them.
fn crash_image(of: &Path) -> (TempDir, PathBuf) {
    let image = TempDir::new().expect("a folder");
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_file() && entry.extension().is_none_or(|end| end != "db-shm") {
                fs::copy(&entry, to.join(entry.file_name().expect("a name"))).expect("a copy");
            }
        }
    };
    let home = of.parent().expect("a folder");
    copy(home, image.path());
    copy(&home.join("spool"), &image.path().join("spool"));
    let database = image.path().join("sojourn.db");
    (image, database)
}

/// Account 1 is there; a session has spooled a change of it, a new one, and a delete of that.
fn spooled() -> Sample {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A"), (2, "B")])).expect("a load");
    spool(&mut sample.store, &accounts(2, &[(1, "A2"), (3, "C")])).expect("spooled");
    spool(&mut sample.store, &deletes(3, &[2])).expect("spooled");
    sample
}

#[test]
fn what_is_spooled_becomes_visible_together() {
    let mut sample = spooled();
    assert_eq!((sample.accounts(), last_batch(&sample.store)), (vec!["1 A".into(), "2 B".into()], 3));
    assert_eq!((sample.store.spooled().expect("a count"), files(&sample.store).len()), (2, 2));
    let foreign = sample.foreign();
    let seen = RefCell::new(Vec::new());
    let look = || -> String {
        let sql = "SELECT group_concat(name, ' ') FROM (SELECT name FROM account ORDER BY id)";
        foreign.query_row(sql, [], |row| row.get(0)).expect("names")
    };
    let applied = sample.store.apply_spool(SESSION, |_| seen.borrow_mut().push(look())).expect("applied");
    assert_eq!(*seen.borrow(), ["A B", "A B"], "a reader never sees half a session");
    assert_eq!(look(), "A2 C");
    let counts: Vec<_> = applied.applied.iter().map(|a| (a.session, a.object_type_code, a.loaded)).collect();
    let loaded = |batch, rows, deletes| Loaded { batch, rows, deletes, rebased: 0, repeated: false };
    assert_eq!(counts, [(SESSION, 1, loaded(2, 2, 0)), (SESSION, 1, loaded(3, 0, 1))]);
    let session = sample.store.session().expect("readable").expect("a session");
    assert_eq!((session.rows, session.deletes), (4, 1));
    assert_eq!((sample.store.spooled().expect("a count"), files(&sample.store).len()), (0, 0));
    assert_eq!(apply(&mut sample.store), Unspooled::default(), "nothing is left");
}

#[test]
fn sessions_are_spooled_once_one_was_finished() {
    let mut sample = Sample::in_session();
    assert!(!sample.store.has_loaded().expect("readable"));
    sample.store.finish_session(SESSION).expect("finished");
    assert!(sample.store.has_loaded().expect("readable"));
    sample.store.begin_session(OTHER, 2, &[]).expect("the next");
    assert!(sample.store.has_loaded().expect("readable"), "it stays so");
}

#[test]
fn killed_between_file_and_note_the_file_is_nothing() {
    let sample = Sample::in_session();
    let file = accounts(1, &[(1, "A")]);
    sample.store.spool_files().write(SESSION, 1, &file).expect("written");
    let half = folder(&sample.store).join(format!("{SESSION}-2.new"));
    fs::write(&half, &file[..50]).expect("half a file");
    let stranger = folder(&sample.store).join("notes.txt");
    fs::write(&stranger, "not ours").expect("a file");
    let (_image, database) = crash_image(sample.store.path());
    let mut store = Store::open(&database).expect("it opens");
    assert_eq!((last_batch(&store), store.spooled().expect("a count")), (0, 0));
    store.tidy_spool().expect("tidied");
    assert_eq!(files(&store), ["notes.txt"], "and what is not ours is left alone");
    spool(&mut store, &file).expect("it comes again");
    assert_eq!((last_batch(&store), apply(&mut store).applied.len()), (1, 1));
}

#[test]
fn killed_between_note_and_post_sync_the_batch_is_there() {
    let mut sample = Sample::in_session();
    let file = accounts(1, &[(1, "A")]);
    spool(&mut sample.store, &file).expect("spooled");
    let (_image, database) = crash_image(sample.store.path());
    let mut store = Store::open(&database).expect("it opens");
    store.tidy_spool().expect("tidied");
    assert_eq!(last_batch(&store), 1);
    spool(&mut store, &file).expect("the same batch again is answered");
    assert_eq!((store.spooled().expect("a count"), files(&store).len()), (1, 1));
    assert_eq!(apply(&mut store).applied.len(), 1);
}

#[test]
fn killed_in_mid_apply_nothing_was_applied_and_nothing_is_lost() {
    let mut sample = spooled();
    let path = sample.store.path().to_path_buf();
    let images = RefCell::new(Vec::new());
    sample.store.apply_spool(SESSION, |_| images.borrow_mut().push(crash_image(&path))).expect("applied");
    images.borrow_mut().push(crash_image(&path));
    for (place, (_image, database)) in images.into_inner().iter().enumerate() {
        let mut store = Store::open(database).expect("it opens");
        store.tidy_spool().expect("tidied");
        let left = if place < 2 { 2 } else { 0 };
        assert_eq!((store.spooled().expect("a count"), files(&store).len()), (left, left as usize), "image {place}");
        let applied = apply(&mut store);
        assert_eq!((applied.applied.len() as u64, applied.lost.len()), (left, 0), "image {place}");
        let names: Vec<String> = {
            let connection = rusqlite::Connection::open(database).expect("a connection");
            let mut statement = connection.prepare("SELECT name FROM account ORDER BY id").expect("a query");
            statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names")
        };
        assert_eq!(names, ["A2", "C"], "image {place}");
    }
}

#[test]
fn a_session_that_was_cut_short_is_applied_with_the_next_one_that_completes() {
    let mut sample = spooled();
    sample.store.begin_session(OTHER, 2, &[]).expect("the next session");
    assert_eq!(last_batch(&sample.store), 0);
    // The server sends what is newer, and the rest.
    spool(&mut sample.store, &accounts_of(OTHER, 1, &[(1, "A3"), (4, "D")])).expect("spooled");
    let error = sample.store.apply_spool(SESSION, |_| ()).expect_err("that one will not be complete any more");
    assert!(matches!(error, StoreError::OtherSession { .. }), "{error}");
    let applied = sample.store.apply_spool(OTHER, |_| ()).expect("applied");
    let order: Vec<_> = applied.applied.iter().map(|a| (a.session, a.loaded.batch)).collect();
    assert_eq!(order, [(SESSION, 2), (SESSION, 3), (OTHER, 1)]);
    assert_eq!(sample.accounts(), ["1 A3", "3 C", "4 D"]);
}

#[test]
fn what_an_older_version_of_the_metadata_brought_is_applied_too() {
    let mut sample = spooled();
    sample.store.adopt_metadata(2, &metadata()).expect("the same tables");
    sample.store.begin_session(OTHER, 2, &[]).expect("the next session");
    let error = spool(&mut sample.store, &accounts_of(OTHER, 1, &[])).expect_err("its version is old");
    assert!(matches!(error, StoreError::Unfit { .. }), "{error}");
    assert_eq!(sample.store.apply_spool(OTHER, |_| ()).expect("applied").lost, [""; 0]);
    assert_eq!(sample.accounts(), ["1 A2", "3 C"]);
}

#[test]
fn rows_land_beneath_unsettled_work_when_it_is_applied() {
    let mut sample = spooled();
    let write = format!("UPDATE account SET name = 'mine' WHERE id IN ({}, {})", id(1), id(2));
    sample.foreign().execute_batch(&write).expect("a write");
    let applied = apply(&mut sample.store).applied;
    let rebased: Vec<u64> = applied.iter().map(|a| a.loaded.rebased).collect();
    assert_eq!((rebased, sample.accounts()), (vec![1, 1], vec!["1 mine".into(), "2 mine".into(), "3 C".into()]));
    assert_eq!((images(&sample), asked_again(&sample)), (vec![r#"1 {"name":"A2"}"#.into(), "2 gone".into()], vec![]));
}

/// What a session that was cut short had brought may be older than the wish to have it again.
#[test]
fn only_the_session_under_way_answers_what_was_asked_for() {
    let mut sample = spooled();
    let object = |digit| ObjectRef { object_type_code: 1, object_id: Uuid::from_u128(digit) };
    sample.store.refresh_add(&[object(3), object(4)]).expect("noted");
    sample.store.begin_session(OTHER, 2, &[]).expect("the next session");
    spool(&mut sample.store, &accounts_of(OTHER, 1, &[(4, "D")])).expect("spooled");
    sample.store.apply_spool(OTHER, |_| ()).expect("applied");
    assert_eq!(sample.store.refresh_list(9).expect("a list"), [object(3)]);
}

/// A device on which one of three batches is made unusable.
#[track_caller]
fn with_second_lost(lose: impl FnOnce(&Path, &Path), words: &str) {
    let mut sample = Sample::in_session();
    for (number, digit) in [(1, 1), (2, 2), (3, 3)] {
        spool(&mut sample.store, &accounts(number, &[(digit, "A")])).expect("spooled");
    }
    let path = |batch| sample.store.spool_files().path(SESSION, batch);
    lose(&path(2), &path(3));
    let unspooled = apply(&mut sample.store);
    assert_eq!(unspooled.applied.len(), 2, "{unspooled:?}");
    let [lost] = &unspooled.lost[..] else { panic!("{unspooled:?}") };
    assert!(lost.starts_with(&format!("batch 2 of session {SESSION}: ")) && lost.contains(words), "{lost}");
    assert_eq!(sample.accounts(), ["1 A", "3 A"]);
    assert_eq!(sample.store.setting(VERIFICATION_DUE).expect("readable").as_deref(), Some("1"));
    assert_eq!((sample.store.spooled().expect("a count"), files(&sample.store).len()), (0, 0));
}

#[test]
fn a_batch_that_is_lost_is_given_up_and_a_comparison_is_due() {
    with_second_lost(|second, _| fs::remove_file(second).expect("gone"), "cannot be used for applying");
    let cut = |second: &Path, _: &Path| {
        let bytes = fs::read(second).expect("bytes");
        fs::write(second, &bytes[..bytes.len() - 1]).expect("cut");
    };
    with_second_lost(cut, "a batch file cannot be used");
    let flip = |second: &Path, _: &Path| {
        let mut bytes = fs::read(second).expect("bytes");
        *bytes.last_mut().expect("a byte") ^= 1;
        fs::write(second, bytes).expect("flipped");
    };
    with_second_lost(flip, "digest");
    let exchange = |second: &Path, third: &Path| {
        fs::copy(third, second).expect("copied");
    };
    with_second_lost(exchange, "is another batch than its name says");
}

#[test]
fn a_value_that_no_check_has_found_is_lost_with_its_batch_alone() {
    let mut sample = Sample::in_session();
    spool(&mut sample.store, &accounts(1, &[(1, "A")])).expect("spooled");
    let rows = [vec![key(2), text("B")], vec![key(3), Some(vec![0xff])]];
    let wrong = super::batches::rows_of(&metadata().entities[0], 2, &rows);
    let error = spool(&mut sample.store, &wrong).expect_err("it is checked to the last value");
    assert!(matches!(error, StoreError::Unfit { batch: 2, .. }), "{error}");
    let proven = unproven(&sample, wrong);
    sample.store.spool(&proven).expect("spooled all the same");
    spool(&mut sample.store, &accounts(3, &[(4, "D")])).expect("spooled");
    let unspooled = apply(&mut sample.store);
    assert_eq!((unspooled.applied.len(), unspooled.lost.len()), (2, 1));
    assert!(unspooled.lost[0].contains("account.name of"), "{unspooled:?}");
    assert_eq!(sample.accounts(), ["1 A", "4 D"]);
}

#[test]
fn a_damaged_file_never_reaches_the_spool() {
    let mut sample = Sample::in_session();
    let file = accounts(1, &[(1, "A"), (2, "B")]);
    for position in 0..file.len() {
        let mut damaged = file.clone();
        damaged[position] ^= 0x10;
        spool(&mut sample.store, &damaged).expect_err("damaged");
    }
    let error = spool(&mut sample.store, &accounts(2, &[])).expect_err("batch 1 is missing");
    assert!(matches!(error, StoreError::Gap { expected: 1, got: 2 }), "{error}");
    let error = spool(&mut sample.store, &accounts_of(OTHER, 1, &[])).expect_err("not the session under way");
    assert!(matches!(error, StoreError::OtherSession { .. }), "{error}");
    assert_eq!((sample.store.spooled().expect("a count"), files(&sample.store).len()), (0, 0));
}

#[cfg(unix)]
#[test]
fn only_the_user_may_read_what_is_spooled() {
    use std::os::unix::fs::PermissionsExt as _;
    let sample = spooled();
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder(&sample.store)), 0o700);
    assert_eq!(mode(&sample.store.spool_files().path(SESSION, 2)), 0o600);
}
