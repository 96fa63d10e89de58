//! A session from begin to end.

use sojourn_wire::message::operation::{Verdict, VerdictKind};
use sojourn_wire::message::prepare::EntityCounts;
use uuid::Uuid;

use super::batches::{SESSION, accounts};
use super::sample::{Sample, id};
use super::take_up::{CHUNK, WIDE};
use crate::store::{Mode, StoreError};

fn totals() -> Vec<EntityCounts> {
    vec![EntityCounts { entity: "account".into(), object_type_code: 1, insert: 3, update: 2, delete: 1 }]
}

fn applied(sequence: u64) -> Verdict {
    Verdict::new(sequence, VerdictKind::Applied, "t")
}

#[test]
fn it_begins_goes_on_and_ends() {
    let mut sample = Sample::new();
    assert_eq!(sample.store.session().expect("readable"), None);
    sample.store.begin_session(SESSION, 1, &totals()).expect("begun");
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    sample.store.begin_session(SESSION, 1, &totals()).expect("goes on");
    let session = sample.store.session().expect("readable").expect("a session");
    assert_eq!((session.id, session.prepare_seq, session.last_batch, session.finished), (SESSION, 1, 1, false));
    assert_eq!(session.totals, totals());
    sample.store.finish_session(SESSION).expect("ended");
    sample.store.finish_session(SESSION).expect("harmless");
    assert!(sample.store.session().expect("readable").expect("a session").finished);
}

#[test]
fn another_session_takes_its_place() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    let other = Uuid::from_u128(1);
    sample.store.begin_session(other, 1, &[]).expect("begun");
    let session = sample.store.session().expect("readable").expect("a session");
    assert_eq!((session.id, session.last_batch, session.rows), (other, 0, 0));
    let error = sample.store.finish_session(SESSION).expect_err("it was replaced");
    assert!(matches!(error, StoreError::OtherSession { current: Some(id), .. } if id == other), "{error}");
}

#[test]
fn indexes_are_there_when_the_first_session_is_finished() {
    let mut sample = Sample::in_session();
    let foreign = sample.foreign();
    let indexes = || -> Vec<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'account' AND sql IS NOT NULL";
        let mut statement = foreign.prepare(sql).expect("a query");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("names")
    };
    assert!(indexes().is_empty());
    sample.store.finish_session(SESSION).expect("ended");
    assert_eq!(indexes(), ["sojourn_account.parent_id"]);
}

#[test]
fn what_was_played_back_before_it_began_leaves_the_queue_when_it_ends() {
    let mut sample = Sample::new();
    let write = |sample: &Sample, digit| {
        let sql = format!(
            "INSERT INTO sojourn_group (marker) VALUES ('start'); INSERT INTO account (id, name) VALUES ({}, 'A');
             INSERT INTO sojourn_group (marker) VALUES ('stop')",
            id(digit)
        );
        sample.foreign().execute_batch(&sql).expect("writes");
    };
    let play = |sample: &mut Sample, sequence| {
        sample.store.take_up(CHUNK, WIDE).expect("taken").expect("an operation");
        sample.store.settle(&[applied(sequence)]).expect("settled");
    };
    write(&sample, 1);
    play(&mut sample, 1);
    sample.store.begin_session(SESSION, 1, &[]).expect("begun");
    write(&sample, 2);
    play(&mut sample, 2);
    write(&sample, 3);
    assert_eq!(sample.store.queue_summary().expect("a summary").played_back, 2);
    sample.store.finish_session(SESSION).expect("ended");
    let data = r#"{"name":"A"}"#;
    assert_eq!(sample.queue(), [format!("create 2 {data}"), "start".into(), format!("create 3 {data}"), "stop".into()]);
}

#[test]
fn modes_and_settings_are_remembered() {
    let mut sample = Sample::new();
    assert_eq!(sample.store.mode().expect("a mode"), Mode::Online);
    for mode in [Mode::GoingOffline, Mode::Offline, Mode::GoingOnline, Mode::Online] {
        sample.store.set_mode(mode).expect("stored");
        assert_eq!(sample.store.mode().expect("a mode"), mode);
    }
    assert_eq!(sample.store.setting("interval").expect("readable"), None);
    sample.store.set_setting("interval", Some("15")).expect("stored");
    assert_eq!(sample.store.setting("interval").expect("readable").as_deref(), Some("15"));
    sample.store.set_setting("interval", None).expect("forgotten");
    assert_eq!(sample.store.setting("interval").expect("readable"), None);
}
