//! Batches that are whole but not for this device, this session or these tables.

use sojourn_wire::batch::{BatchError, Compression, HeaderFields, Kind, ResultCode, refusal};
use uuid::Uuid;

use super::batches::{SESSION, accounts, key, load, rows_of, rows_with, text};
use super::sample::{Sample, attribute, entity, metadata};
use crate::store::StoreError;

fn fields() -> HeaderFields {
    HeaderFields {
        session: SESSION,
        batch_number: 1,
        object_type_code: 1,
        metadata_version: 1,
        compression: Compression::None,
    }
}

fn error_of(fields: HeaderFields) -> StoreError {
    let file = rows_with(&metadata().entities[0], fields, &[vec![key(1), text("A")]]);
    let mut sample = Sample::in_session();
    let error = sample.load(&file).expect_err("not for this device");
    assert!(sample.accounts().is_empty());
    error
}

#[test]
fn a_batch_of_another_session_is_refused() {
    let other = Uuid::from_u128(9);
    let error = error_of(HeaderFields { session: other, ..fields() });
    assert!(matches!(error, StoreError::OtherSession { asked, current: Some(SESSION) } if asked == other), "{error}");
    let error = Sample::new().load(&accounts(1, &[])).expect_err("no session");
    assert!(matches!(error, StoreError::OtherSession { current: None, .. }), "{error}");
}

#[test]
fn a_finished_session_takes_no_more_batches() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    sample.store.finish_session(SESSION).expect("finished");
    sample.load(&accounts(2, &[(2, "B")])).expect_err("over");
    assert!(sample.load(&accounts(1, &[(1, "A")])).expect("answered").repeated);
}

/// Invariant: a device whose schema is older than a batch's metadata version never loads it.
#[test]
fn a_batch_of_other_metadata_is_refused() {
    for version in [0, 2] {
        let error = error_of(HeaderFields { metadata_version: version, ..fields() }).to_string();
        assert!(error.contains(&format!("it has metadata version {version}, the tables 1")), "{error}");
    }
    let error = error_of(HeaderFields { object_type_code: 77, ..fields() }).to_string();
    assert!(error.contains("no entity has object type code 77"), "{error}");
    let narrow = entity(1, "account", vec![attribute(9, "name", sojourn_metadata::DataType::Text)]);
    let error = Sample::in_session().load(&rows_of(&narrow, 1, &[vec![key(1)]])).expect_err("too narrow");
    assert!(error.to_string().contains("its attributes are [1, 9], those of account [1, 2"), "{error}");
}

#[test]
fn a_servers_refusal_is_an_error() {
    let file = refusal(fields(), Kind::Rows, ResultCode::FORBIDDEN);
    let error = Sample::in_session().load(&file).expect_err("refused");
    assert!(matches!(error, StoreError::Batch(BatchError::Refused(ResultCode::FORBIDDEN))), "{error}");
}

#[test]
fn bytes_that_are_no_value_of_their_type_are_refused_whole() {
    let mut sample = Sample::in_session();
    let invalid = vec![key(2), Some(vec![0xff])];
    let file = rows_of(&metadata().entities[0], 1, &[vec![key(1), text("A")], invalid]);
    let error = sample.load(&file).expect_err("no text").to_string();
    assert!(error.contains("account.name of 00000000-0000-0000-0000-000000000002"), "{error}");
    assert!(error.contains("not UTF-8"), "{error}");
    assert!(sample.accounts().is_empty());
    assert_eq!(sample.store.session().expect("readable").expect("a session").last_batch, 0);
}

#[test]
fn a_device_without_tables_loads_nothing() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let path = folder.path().join("sojourn.db");
    let mut store = crate::store::Store::create(&path, &super::sample::device()).expect("a database");
    store.begin_session(SESSION, 1, &[]).expect("a session");
    let error = load(&mut store, &accounts(1, &[])).expect_err("no tables");
    assert!(matches!(error, StoreError::NoTables { .. }), "{error}");
}
