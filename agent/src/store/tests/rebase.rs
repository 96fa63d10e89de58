//! Invariant: the user's unsettled work is never overwritten by a download, and what it hides of the server is kept.

use sojourn_wire::message::operation::{Verdict, VerdictKind};
use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::batches::{Raw, accounts, deletes, key, rows_of, text};
use super::sample::{Sample, id, metadata};
use super::take_up::{CHUNK, WIDE};
use crate::store::rebase::forget_images;

/// What the next prepare will ask for.
pub(super) fn asked_again(sample: &Sample) -> Vec<u128> {
    let list = sample.store.refresh_list(100).expect("a list");
    list.iter().map(|object| object.object_id.as_u128()).collect()
}

/// The images: the last digit of the id, and the values.
pub(super) fn images(sample: &Sample) -> Vec<String> {
    texts(sample, "SELECT substr(object_id, -1) || ' ' || coalesce(image, 'gone') FROM sojourn_image ORDER BY 1")
}

fn texts(sample: &Sample, sql: &str) -> Vec<String> {
    let foreign = sample.foreign();
    let mut statement = foreign.prepare(sql).expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
}

fn account(digit: u128, name: &str, industry: &str, logo: &[u8]) -> Vec<Raw> {
    vec![key(digit), text(name), text(industry), None, None, Some(logo.to_vec())]
}

/// Name, industry and logo of the accounts.
fn rows(sample: &Sample) -> Vec<String> {
    texts(sample, "SELECT name || ' ' || coalesce(industry, '-') || ' ' || hex(logo) FROM account ORDER BY id")
}

fn load(sample: &mut Sample, number: u32, rows: &[Vec<Raw>]) -> u64 {
    sample.load(&rows_of(&metadata().entities[0], number, rows)).expect("a load").rebased
}

fn write(sample: &Sample, sql: &str) {
    sample.foreign().execute_batch(sql).expect("writes");
}

fn settle_all(sample: &Sample, state: u8) {
    let sql = format!("UPDATE sojourn_queue SET state = {state}");
    sample.store.connection.execute_batch(&sql).expect("settled");
    forget_images(&sample.store.connection).expect("writable");
}

/// Accounts 1 to 3 are loaded; 1 was changed, 2 deleted.
fn changed_device() -> Sample {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A"), (2, "B"), (3, "C")])).expect("a load");
    write(
        &sample,
        &format!("UPDATE account SET name = 'mine' WHERE id = {}; DELETE FROM account WHERE id = {}", id(1), id(2)),
    );
    sample
}

#[test]
fn rows_land_beneath_what_the_user_has_changed() {
    let mut sample = changed_device();
    let second = [account(1, "A2", "retail", &[1]), account(2, "B2", "retail", &[2]), account(3, "C2", "it's", &[3])];
    assert_eq!(load(&mut sample, 2, &second), 2);
    assert_eq!(rows(&sample), ["mine retail 01", "C2 it's 03"]);
    let whole = r#"2 {"industry":"retail","name":"B2","parent_id":null,"revenue":null,"state_code":null}"#;
    assert_eq!(images(&sample), [r#"1 {"name":"A2"}"#, whole]);
    assert_eq!(texts(&sample, "SELECT CAST(overtaken AS TEXT) FROM sojourn_queue"), ["1", "1"]);
    assert_eq!(asked_again(&sample), [0; 0]);
    let session = sample.store.session().expect("readable").expect("a session");
    assert_eq!((session.rows, session.set_aside), (4, 2));
}

#[test]
fn work_is_overtaken_by_what_the_user_did_not_know() {
    let overtaken = |sample: &Sample| texts(sample, "SELECT group_concat(overtaken, '') FROM sojourn_queue").remove(0);
    let mut sample = changed_device();
    load(&mut sample, 2, &[vec![key(1), text("A")], vec![key(2), text("B")]]);
    assert_eq!(overtaken(&sample), "00", "the same again");
    load(&mut sample, 3, &[vec![key(1), text("A"), text("retail")], vec![key(2), text("B"), text("retail")]]);
    assert_eq!(overtaken(&sample), "11");
    write(&sample, "UPDATE sojourn_queue SET overtaken = 0");
    load(&mut sample, 4, &[vec![key(1), text("A"), text("retail")], vec![key(2), text("B"), text("retail")]]);
    assert_eq!(overtaken(&sample), "00");
    sample.load(&deletes(5, &[1])).expect("a load");
    load(&mut sample, 6, &[vec![key(2), text("B2"), text("retail")]]);
    assert_eq!(overtaken(&sample), "11");
    write(&sample, "UPDATE sojourn_queue SET overtaken = 0");
    sample.load(&deletes(7, &[1])).expect("a load");
    assert_eq!(overtaken(&sample), "00");
}

#[test]
fn a_later_row_takes_the_place_of_the_image() {
    let mut sample = changed_device();
    load(&mut sample, 2, &[account(1, "A2", "retail", &[])]);
    write(&sample, "UPDATE account SET industry = NULL WHERE name = 'mine'");
    load(&mut sample, 3, &[account(1, "A3", "it's", &[])]);
    assert_eq!(rows(&sample)[0], "mine - ");
    assert_eq!(images(&sample), [r#"1 {"industry":"it's","name":"A3"}"#]);
}

#[test]
fn a_row_that_the_server_deletes_stays_until_the_work_on_it_is_settled() {
    let mut sample = changed_device();
    let loaded = sample.load(&deletes(2, &[1, 2, 3])).expect("a load");
    assert_eq!((loaded.deletes, loaded.rebased), (1, 2));
    assert_eq!(
        (sample.accounts(), images(&sample)),
        (vec!["1 mine".to_owned()], vec!["1 gone".into(), "2 gone".into()])
    );
    settle_all(&sample, 3);
    assert_eq!(images(&sample).len(), 2, "what was refused is not settled");
    settle_all(&sample, 4);
    assert_eq!((sample.accounts(), images(&sample)), (vec![], vec![]));
}

#[test]
fn what_was_applied_keeps_its_row_and_loses_its_image() {
    let mut sample = changed_device();
    sample.load(&deletes(2, &[1])).expect("a load");
    load(&mut sample, 3, &[account(2, "B2", "retail", &[])]);
    settle_all(&sample, 2);
    assert_eq!((sample.accounts(), images(&sample)), (vec!["1 mine".to_owned(), "3 C".into()], vec![]));
}

#[test]
fn a_row_that_comes_back_is_not_gone_any_more() {
    let mut sample = changed_device();
    sample.load(&deletes(2, &[1])).expect("a load");
    load(&mut sample, 3, &[account(1, "A3", "retail", &[])]);
    assert_eq!((rows(&sample)[0].as_str(), images(&sample)[0].as_str()), ("mine retail ", r#"1 {"name":"A3"}"#));
}

#[test]
fn a_row_that_was_created_here_gets_what_the_server_added() {
    let mut sample = Sample::in_session();
    write(&sample, &format!("INSERT INTO account (id, name) VALUES ({}, 'mine')", id(1)));
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    assert_eq!(load(&mut sample, 1, &[account(1, "theirs", "retail", &[7])]), 1);
    assert_eq!(
        (rows(&sample), images(&sample)),
        (vec!["mine retail 07".to_owned()], vec![r#"1 {"name":"theirs"}"#.into()])
    );
}

#[test]
fn a_row_that_was_deleted_and_made_anew_is_the_users() {
    let mut sample = changed_device();
    write(&sample, &format!("INSERT INTO account (id, name) VALUES ({}, 'new')", id(2)));
    load(&mut sample, 2, &[account(2, "B2", "retail", &[7])]);
    assert_eq!(rows(&sample)[1], "new - ");
    assert!(images(&sample)[0].starts_with(r#"2 {"industry":"retail","name":"B2""#), "{:?}", images(&sample));
}

#[test]
fn refused_work_is_held_and_what_is_given_up_is_not() {
    let mut sample = changed_device();
    sample.store.take_up(CHUNK, WIDE).expect("taken").expect("operations");
    let refused = |sequence| Verdict::new(sequence, VerdictKind::Rejected, "t");
    sample.store.settle(&[refused(1), refused(2)]).expect("settled");
    assert_eq!(asked_again(&sample), [1, 2], "how it is there now goes beneath");
    assert_eq!(load(&mut sample, 2, &[account(1, "A2", "retail", &[]), account(2, "B2", "retail", &[])]), 2);
    assert_eq!((sample.accounts(), asked_again(&sample)), (vec!["1 mine".to_owned(), "3 C".into()], vec![]));
    write(&sample, "UPDATE sojourn_queue SET state = 0, given_up = 1");
    assert_eq!(load(&mut sample, 3, &[account(1, "A3", "retail", &[]), account(2, "B3", "retail", &[])]), 0);
    assert_eq!(sample.accounts(), ["1 A3", "2 B3", "3 C"]);
}

#[test]
fn bytes_that_the_user_has_written_stay() {
    let mut sample = Sample::in_session();
    load(&mut sample, 1, &[account(1, "A", "retail", &[1])]);
    write(&sample, "UPDATE account SET logo = x'AA'");
    load(&mut sample, 2, &[account(1, "A2", "it's", &[2])]);
    assert_eq!((rows(&sample), images(&sample)), (vec!["A2 it's AA".to_owned()], vec!["1 {}".into()]));
    let chunk = sample.store.take_up(CHUNK, WIDE).expect("taken").expect("an operation");
    assert!(format!("{chunk:?}").contains("170"), "{chunk:?}");
}

#[test]
fn an_image_is_spelt_as_the_queue_is() {
    let mut sample = Sample::in_session();
    let numeric = |words: &[i16]| -> Raw { Some(words.iter().flat_map(|word| word.to_be_bytes()).collect()) };
    let number = |raw: Raw| vec![key(1), text("A"), None, Some(3_i16.to_be_bytes().to_vec()), raw];
    load(&mut sample, 1, &[number(numeric(&[1, 0, 0, 0, 1]))]);
    write(&sample, "UPDATE account SET name = 'mine', revenue = 5, state_code = 4");
    for (came, image) in [
        (numeric(&[2, 0, 0, 2, 12, 5000]), "12.5"),
        (numeric(&[1, 0, 0, 2, 7]), "7"),
        (numeric(&[0, 0, 0xc000_u16 as i16, 0]), r#""NaN""#),
        (None, "null"),
    ] {
        let number_of_batch = sample.store.session().expect("readable").expect("a session").last_batch + 1;
        load(&mut sample, number_of_batch, &[number(came)]);
        assert_eq!(images(&sample), [format!(r#"1 {{"name":"A","revenue":{image},"state_code":3}}"#)]);
    }
}

#[test]
fn another_object_of_the_same_id_is_another() {
    let mut sample = Sample::in_session();
    write(&sample, &format!("INSERT INTO everything (id, a_text) VALUES ({}, 'mine')", id(1)));
    assert_eq!(load(&mut sample, 1, &[account(1, "A", "retail", &[])]), 0);
    assert!(images(&sample).is_empty());
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
fn a_load_that_fails_changes_no_image() {
    let mut sample = changed_device();
    let mut file = accounts(2, &[(1, "A2")]);
    file.pop();
    sample.load(&file).expect_err("cut");
    assert!(images(&sample).is_empty());
}

#[test]
fn what_has_come_is_not_asked_for_again() {
    let mut sample = Sample::in_session();
    let object = |digit| ObjectRef { object_type_code: 1, object_id: Uuid::from_u128(digit) };
    let other_entity = || ObjectRef { object_type_code: 99, ..object(1) };
    sample.load(&accounts(1, &[(3, "C")])).expect("a load");
    let asked = [object(1), object(2), object(3), object(4), other_entity()];
    sample.store.refresh_add(&asked).expect("noted");
    write(&sample, &format!("UPDATE account SET name = 'mine' WHERE id = {}", id(3)));
    sample.load(&accounts(2, &[(1, "A"), (3, "C")])).expect("a load");
    sample.load(&deletes(3, &[4])).expect("a load");
    let left = [object(2), other_entity()];
    assert_eq!(sample.store.refresh_list(9).expect("a list"), left, "another entity's, and what has not come");
}

#[test]
fn a_row_whose_id_is_no_uuid_is_not_asked_for() {
    let sample = Sample::new();
    crate::store::refresh::add(&sample.store.connection, 1, "weird").expect("writable");
    assert!(sample.store.refresh_list(9).expect("a list").is_empty());
}
