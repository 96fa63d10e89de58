//! Making and opening the file; other programs' files stay byte for byte what they are.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use sojourn_wire::message::operation::VerdictKind;
use tempfile::TempDir;
use uuid::Uuid;

use super::sample::{Sample, device};
use super::settlement::{create, parked, rename, verdict};
use crate::store::{Store, StoreError, Writer};

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = entries
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("bytes")))
        .collect();
    files.sort();
    files
}

/// Opens a file and says why not; the folder is what it was.
#[track_caller]
fn refusal(path: &Path) -> StoreError {
    let folder = path.parent().expect("a folder");
    let before = files(folder);
    let error = Store::open(path).expect_err("not ours");
    Writer::open(path).expect_err("not ours");
    assert!(files(folder) == before, "{} was touched", path.display());
    error
}

#[test]
fn a_new_database_remembers_whose_it_is() {
    let sample = Sample::new();
    let reopened = Store::open(sample.store.path()).expect("the database");
    assert_eq!(reopened.device().expect("a device"), device());
    assert_eq!(
        reopened.metadata().map(|(version, metadata)| (version, metadata.clone())),
        Some((1, super::sample::metadata()))
    );
    let names: Vec<String> = files(sample.store.path().parent().expect("a folder")).into_iter().map(|f| f.0).collect();
    assert!(names.iter().all(|name| name.starts_with("sojourn.db") && !name.contains("new")), "{names:?}");
}

#[test]
fn settings_of_the_file_and_of_the_connection() {
    let sample = Sample::new();
    let number = |pragma: &str| -> i64 {
        sample.store.connection.pragma_query_value(None, pragma, |row| row.get(0)).expect("a number")
    };
    assert_eq!(number("page_size"), 16_384);
    assert_eq!(number("application_id"), 0x534a_524e);
    assert_eq!(number("user_version"), 5);
    assert_eq!(number("foreign_keys"), 0);
    assert_eq!(number("synchronous"), 2);
    assert_eq!(number("cache_size"), -4_096);
    assert_eq!(number("wal_autocheckpoint"), 4_000);
    assert_eq!(number("busy_timeout"), 10_000);
    let journal: String = sample.foreign().pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("a mode");
    assert_eq!(journal, "wal");
}

#[test]
fn a_missing_file_is_said_to_be_missing() {
    let folder = TempDir::new().expect("a folder");
    let error = refusal(&folder.path().join("sojourn.db"));
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    assert!(error.to_string().contains("sojourn-agent init"));
}

#[test]
fn a_file_that_is_there_is_not_made_again() {
    let sample = Sample::new();
    let error = Store::create(sample.store.path(), &device()).expect_err("it is there");
    assert!(matches!(error, StoreError::Exists { .. }), "{error}");
}

#[test]
fn what_a_crash_left_of_making_it_is_cleared_away() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("sojourn.db.new"), "half").expect("a file");
    fs::write(folder.path().join("sojourn.db.new-journal"), "half").expect("a file");
    Store::create(&folder.path().join("sojourn.db"), &device()).expect("a database");
}

#[test]
fn other_programs_files_are_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("sojourn.db");
    for garbage in [&b""[..], b"short", &[0; 5000], b"SQLite format 3\0 and no more"] {
        fs::write(&path, garbage).expect("a file");
        assert!(matches!(refusal(&path), StoreError::NotOurs { .. }));
    }
    fs::remove_file(&path).expect("gone");
    let other = Connection::open(&path).expect("a database");
    other.execute_batch("CREATE TABLE mine (a); INSERT INTO mine VALUES (1)").expect("a table");
    assert!(matches!(refusal(&path), StoreError::NotOurs { why: "another program made it", .. }));
    other.pragma_update(None, "journal_mode", "WAL").expect("a mode");
    other.execute_batch("INSERT INTO mine VALUES (2)").expect("a row");
    assert!(matches!(refusal(&path), StoreError::NotOurs { .. }));
    drop(other);
    assert!(matches!(refusal(&path), StoreError::NotOurs { .. }));
}

#[test]
fn a_newer_programs_database_is_left_alone() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("sojourn.db");
    drop(Store::create(&path, &device()).expect("a database"));
    let newer = Connection::open(&path).expect("a connection");
    newer.pragma_update(None, "user_version", 6).expect("a version");
    drop(newer);
    let error = refusal(&path);
    assert!(matches!(error, StoreError::Newer { format: 6, newest: 5, .. }), "{error}");
}

/// Makes a file of format 5 one of format 4.
const TO_FORMAT_4: &str = "UPDATE sojourn_queue SET cause = let_go_for WHERE let_go_for IS NOT NULL;
    DROP INDEX sojourn_queue_refused_here;
    ALTER TABLE sojourn_queue DROP COLUMN waits_for;
    ALTER TABLE sojourn_queue DROP COLUMN let_go_for;
    PRAGMA user_version = 4;";

#[test]
fn what_waits_in_an_older_programs_database_goes_on_waiting() {
    let mut sample = Sample::edited(&[create(3, "C"), rename(3, "D"), rename(1, "x")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), parked(2, 1), parked(3, 9)]);
    let waits = |store: &Store| {
        let entries = store.queue_entries(9).expect("a queue");
        entries.into_iter().map(|entry| (entry.state, entry.cause, entry.waits_for)).collect::<Vec<_>>()
    };
    use crate::store::EntryState::{Refused, Waiting};
    let before = [(Refused, None, None), (Refused, Some(1), Some(1)), (Waiting, None, None)];
    assert_eq!(waits(&sample.store), before);
    sample.foreign().execute_batch(TO_FORMAT_4).expect("an older format");
    sample.store = Store::open(sample.store.path()).expect("it opens");
    assert_eq!(waits(&sample.store), before);
    sample.answer(&[parked(3, 9)]);
    sample.answer(&[parked(4, 9)]);
    assert_eq!(waits(&sample.store)[2], (Refused, Some(9), None), "it was let go once");
}

#[test]
fn an_older_programs_database_is_brought_up_with_all_it_holds() {
    let added = ["name", "rule", "cause", "detail", "settles", "given_up", "seen", "create_anyway", "overtaken"];
    let drop_added: String =
        added.iter().map(|column| format!("ALTER TABLE sojourn_queue DROP COLUMN {column};")).collect();
    let to_format_3 = format!(
        "{TO_FORMAT_4} DROP VIEW sojourn_command; DROP TABLE sojourn_entity_command; DROP TABLE sojourn_image; {drop_added}
        PRAGMA user_version = 3;"
    );
    let to_format_2 = "DROP TABLE sojourn_spool; DROP TABLE sojourn_sync_info;
        DELETE FROM sojourn_state WHERE key = 'loaded'; PRAGMA user_version = 2;";
    let to_format_1 = "ALTER TABLE sojourn_session DROP COLUMN prepare_seq; PRAGMA user_version = 1;";
    let older = [(String::new(), 7), (to_format_2.to_owned(), 7), (format!("{to_format_2}{to_format_1}"), 0)];
    for (older, prepare_seq) in older {
        let older = format!("{to_format_3}{older}");
        for finished in [false, true] {
            let folder = TempDir::new().expect("a folder");
            let path = folder.path().join("sojourn.db");
            let mut store = Store::create(&path, &device()).expect("a database");
            store.begin_session(Uuid::from_u128(1), 7, &[]).expect("a session");
            if finished {
                store.finish_session(Uuid::from_u128(1)).expect("finished");
            }
            drop(store);
            Connection::open(&path).expect("a connection").execute_batch(&older).expect("an older format");
            for _ in 0..2 {
                let store = Store::open(&path).expect("it opens");
                let session = store.session().expect("readable").expect("a session");
                assert_eq!((session.id, session.prepare_seq), (Uuid::from_u128(1), prepare_seq));
                assert_eq!(store.has_loaded().expect("readable"), finished, "the next session is a later one");
                assert_eq!(store.spooled().expect("a count"), 0);
            }
        }
    }
}

#[test]
fn a_damaged_database_is_said_to_be_damaged() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("sojourn.db");
    drop(Store::create(&path, &device()).expect("a database"));
    let mut bytes = fs::read(&path).expect("bytes");
    bytes[100..4096].fill(0xaa);
    fs::write(&path, bytes).expect("damage");
    let error = Store::open(&path).expect_err("damaged");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

#[test]
fn a_locked_database_is_said_to_be_locked() {
    let mut sample = Sample::new();
    sample.store.connection.busy_timeout(std::time::Duration::ZERO).expect("a timeout");
    let foreign = sample.foreign();
    foreign.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let error = sample.store.set_mode(crate::store::Mode::Offline).expect_err("locked");
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(error.to_string().contains("while storing the mode"), "{error}");
}

#[test]
fn metadata_of_the_same_structure_only_change_the_version() {
    let mut sample = Sample::new();
    let metadata = super::sample::metadata();
    sample.store.adopt_metadata(1, &metadata).expect("the same");
    sample.store.adopt_metadata(5, &metadata).expect("another version");
    assert_eq!(Store::open(sample.store.path()).expect("open").metadata().map(|(version, _)| version), Some(5));
    let mut other = metadata.clone();
    other.entities[0].attributes.pop();
    let error = sample.store.adopt_metadata(6, &other).expect_err("another structure");
    assert!(matches!(error, StoreError::SchemaChanged { device: 5, server: 6, .. }), "{error}");
    assert_eq!(sample.store.metadata().map(|(version, metadata)| (version, metadata.clone())), Some((5, metadata)));
}

#[test]
fn the_agents_own_writer_is_captured_like_any_other() {
    let sample = Sample::new();
    let mut writer = Writer::open(sample.store.path()).expect("a writer");
    writer.run("INSERT INTO account (name) VALUES ('A')").expect("a write");
    let half = "INSERT INTO account (name) VALUES ('B'); INSERT INTO account (name) VALUES (NULL)";
    let error = writer.run(half).expect_err("refused");
    assert!(error.to_string().ends_with("refuses a write: account.name is required: it must have a value"), "{error}");
    assert_eq!(sample.queue().len(), 1);
}
