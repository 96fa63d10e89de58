//! Binary values: stored once, in the row; beside the entry only when the row gets others. Long ones go ahead in parts.

use sojourn_wire::message::attachment::{INLINE_BYTES, MAX_ATTACHMENT_BYTES, PART_BYTES};
use sojourn_wire::message::operation::FieldValue;

use super::batches::{accounts, deletes};
use super::sample::{Sample, id};
use super::take_up::{CHUNK, WIDE};
use crate::store::{Ceilings, Taken, attachment};

/// What is kept beside entries: row number and bytes.
fn kept(sample: &Sample) -> Vec<String> {
    let foreign = sample.foreign();
    let sql = "SELECT row_number || ' ' || hex(bytes) FROM sojourn_blob ORDER BY row_number, attribute";
    let mut statement = foreign.prepare(sql).expect("a query");
    statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
}

fn write(sample: &Sample, sql: &str) {
    sample.foreign().execute_batch(sql).expect("writes");
}

fn insert(digit: u128, logo: &str) -> String {
    format!("INSERT INTO account (id, name, logo) VALUES ({}, 'A', {logo})", id(digit))
}

fn take(sample: &mut Sample, ceilings: Ceilings) -> Taken {
    sample.store.take_up(CHUNK, ceilings).expect("readable").expect("operations")
}

fn logos(sample: &mut Sample) -> Vec<Option<FieldValue>> {
    take(sample, WIDE).chunk.operations.into_iter().map(|mut operation| operation.data.remove("logo")).collect()
}

fn bytes(bytes: &[u8]) -> Option<FieldValue> {
    Some(FieldValue::Bytes(bytes.to_vec()))
}

#[test]
fn bytes_are_stored_once() {
    let mut sample = Sample::new();
    write(&sample, &format!("{}; UPDATE account SET name = 'B'; UPDATE account SET logo = logo", insert(1, "x'01'")));
    assert!(kept(&sample).is_empty());
    assert_eq!(logos(&mut sample), [bytes(&[1]), None]);
}

#[test]
fn they_are_kept_when_the_row_gets_others_or_goes() {
    let mut sample = Sample::new();
    write(&sample, &insert(1, "x'01'"));
    write(&sample, "UPDATE account SET logo = x'02'");
    assert_eq!(kept(&sample), ["1 01"]);
    write(&sample, "UPDATE account SET logo = NULL; UPDATE account SET logo = x'03'; DELETE FROM account");
    assert_eq!(kept(&sample), ["1 01", "2 02", "4 03"]);
    write(&sample, &insert(1, "x'05'"));
    assert_eq!(logos(&mut sample), [bytes(&[1]), bytes(&[2]), Some(FieldValue::Null), bytes(&[3]), None, bytes(&[5])]);
}

#[test]
fn a_replace_keeps_what_it_changes() {
    for recursive_triggers in ["OFF", "ON"] {
        let mut sample = Sample::new();
        let foreign = sample.foreign();
        foreign.pragma_update(None, "recursive_triggers", recursive_triggers).expect("a setting");
        let run = |sql: &str| foreign.execute_batch(sql).expect("a write");
        run(&insert(1, "x'01'"));
        run(&insert(1, "x'02'").replace("INSERT", "REPLACE"));
        run(&insert(1, "x'09'").replace("INSERT", "INSERT OR IGNORE"));
        run(&format!("{} ON CONFLICT (id) DO UPDATE SET logo = excluded.logo", insert(1, "x'03'")));
        let bytes_kept: Vec<String> = kept(&sample).iter().map(|line| line[2..].to_owned()).collect();
        assert_eq!(bytes_kept, ["01", "02"], "{recursive_triggers}");
        assert_eq!(logos(&mut sample), [bytes(&[1]), bytes(&[2]), bytes(&[3])]);
    }
}

#[test]
fn what_is_settled_needs_no_bytes_and_what_is_refused_does() {
    for (state, expected) in [(2, vec![]), (4, vec![]), (1, vec!["1 01"]), (3, vec!["1 01"])] {
        let sample = Sample::new();
        write(&sample, &insert(1, "x'01'"));
        write(&sample, &format!("UPDATE sojourn_queue SET state = {state}"));
        write(&sample, "UPDATE account SET logo = x'02'");
        assert_eq!(kept(&sample), expected, "{state}");
    }
}

#[test]
fn loads_and_the_agents_own_writes_lose_no_bytes() {
    let mut sample = Sample::in_session();
    sample.load(&accounts(1, &[(1, "A")])).expect("a load");
    write(&sample, "UPDATE account SET logo = x'01'");
    sample.load(&accounts(2, &[(1, "B")])).expect("a load");
    sample.load(&deletes(3, &[1])).expect("a load");
    assert_eq!(logos(&mut sample), [bytes(&[1])]);
    let entity = super::sample::metadata().entities.remove(0);
    let key = uuid::Uuid::from_u128(1).to_string();
    for _ in 0..2 {
        attachment::keep(&sample.store.connection, &entity, &key).expect("kept");
    }
    sample.store.connection.execute_batch("DELETE FROM account").expect("the row goes");
    assert_eq!((kept(&sample), logos(&mut sample)), (vec!["1 01".to_owned()], vec![bytes(&[1])]));
}

#[test]
fn a_parameter_of_a_command_is_no_attribute() {
    let sample = Sample::new();
    write(&sample, &insert(1, "x'01'"));
    let parameters = r#"{"logo":{"blob":true}}"#;
    let command = format!(
        "INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, data)
         SELECT object_id, 1, action_date, 4, '{parameters}' FROM sojourn_queue"
    );
    write(&sample, &format!("{command}; UPDATE account SET logo = x'02'"));
    assert_eq!(kept(&sample), ["1 01"]);
}

#[test]
fn long_values_go_ahead() {
    let mut sample = Sample::new();
    write(&sample, &insert(1, &format!("zeroblob({INLINE_BYTES})")));
    write(&sample, &insert(2, "zeroblob(50000000)"));
    let taken = take(&mut sample, WIDE);
    let [short, long] = &taken.chunk.operations[..] else { panic!("{}", taken.chunk.operations.len()) };
    assert_eq!(short.data["logo"], FieldValue::Bytes(vec![0; INLINE_BYTES]));
    let [ahead] = &taken.attachments[..] else { panic!("{:?}", taken.attachments) };
    assert_eq!(long.data["logo"], FieldValue::Attachment { attachment: ahead.id, bytes: 50_000_000 });
    assert_eq!((ahead.row_number, ahead.attribute.as_str(), ahead.bytes), (2, "logo", 50_000_000));
    let again = take(&mut sample, WIDE);
    assert_ne!(again.attachments[0].id, ahead.id, "what the server has of the first try is not in the way");
}

#[test]
fn parts_are_read_from_the_row_and_later_from_beside_the_entry() {
    let mut sample = Sample::new();
    let value: Vec<u8> = (0..PART_BYTES + 1000).map(|place| (place % 251) as u8).collect();
    let sql = "INSERT INTO account (id, name, logo) VALUES (?1, 'A', ?2)";
    sample.foreign().execute(sql, (uuid::Uuid::from_u128(1).to_string(), &value)).expect("a write");
    let ahead = take(&mut sample, WIDE).attachments.remove(0);
    for change in ["", "UPDATE account SET logo = x'00'", "DELETE FROM account"] {
        write(&sample, change);
        let part = |offset| {
            let part = sample.store.attachment_part(ahead.row_number, &ahead.attribute, offset, PART_BYTES);
            part.expect("a part")
        };
        let last = PART_BYTES as u64;
        assert!(part(0) == value[..PART_BYTES] && part(last) == value[PART_BYTES..], "{change:?}");
        assert!(part(value.len() as u64).is_empty() && part(u64::MAX).is_empty());
    }
    write(&sample, "DELETE FROM sojourn_blob");
    let error = sample.store.attachment_part(ahead.row_number, &ahead.attribute, 0, 1).expect_err("gone");
    assert!(error.to_string().contains("the bytes of queue entry 1 are gone"), "{error}");
}

#[test]
fn many_short_values_fit_into_a_group() {
    let mut sample = Sample::new();
    let inserts: Vec<String> = (1..=9).map(|digit| insert(digit, "randomblob(60000)")).collect();
    let group = |marker| format!("INSERT INTO sojourn_group (marker) VALUES ('{marker}')");
    write(&sample, &format!("{}; {}; {}", group("start"), inserts.join("; "), group("stop")));
    let taken = take(&mut sample, Ceilings { hard_bytes: 250_000, ..WIDE });
    assert_eq!((taken.chunk.operations.len(), taken.attachments.len()), (9, 6));
}

#[test]
fn a_value_beyond_the_limit_is_refused_in_words() {
    let mut sample = Sample::new();
    write(&sample, &insert(1, "x'01'"));
    write(&sample, &insert(2, &format!("zeroblob({})", MAX_ATTACHMENT_BYTES + 1)));
    assert_eq!(take(&mut sample, WIDE).chunk.operations.len(), 1);
    let entries = sample.store.queue_entries(9).expect("a queue");
    let reason = entries[1].reason.clone().expect("a reason");
    let words = "this change cannot be sent: logo has 268435457 bytes, the limit for one value is 268435456";
    assert!(reason.starts_with(words), "{reason}");
}

#[test]
fn a_chunk_ends_before_its_attachments_are_too_many() {
    let mut sample = Sample::new();
    (1..=3).for_each(|digit| write(&sample, &insert(digit, "zeroblob(70000)")));
    let two = Ceilings { attachment_bytes: 2 * 70_000, ..WIDE };
    assert_eq!(take(&mut sample, two).attachments.len(), 2);
    write(&sample, "UPDATE sojourn_queue SET state = 2 WHERE state = 1");
    assert_eq!(take(&mut sample, two).attachments.len(), 1);
}

#[test]
fn what_has_more_bytes_than_a_chunk_may_send_ahead_is_refused_in_words() {
    let mut sample = Sample::new();
    let group = |marker| format!("INSERT INTO sojourn_group (marker) VALUES ('{marker}')");
    let long = |digit| insert(digit, "zeroblob(70000)");
    write(&sample, &[group("start"), long(1), long(2), group("stop"), long(3)].join("; "));
    let taken = take(&mut sample, Ceilings { attachment_bytes: 100_000, ..WIDE });
    assert_eq!(taken.chunk.operations[0].object_id.as_u128(), 3);
    let errors = sample.store.errors().expect("errors");
    let reason = errors[0].reason.clone().expect("a reason");
    let words =
        "this group of changes cannot be sent: its long binary values have 140000 bytes in all, the limit is 100000";
    assert!(errors.len() == 2 && reason.starts_with(words), "{reason}");
}
