//! Taking operations up: numbered without gaps, in order of capture, groups whole, and the same again after a crash.

use sojourn_wire::message::attachment::MAX_ATTACHMENT_BYTES;
use sojourn_wire::message::operation::{Command, FieldValue, OperationChunk};

use uuid::Uuid;

use super::sample::{Sample, id};
use crate::store::size::wire_bytes;
use crate::store::{Ceilings, Store};

pub(super) const CHUNK: Uuid = Uuid::from_u128(0xc);
/// Ceilings that nothing here comes near.
pub(super) const WIDE: Ceilings =
    Ceilings { operations: 1000, bytes: 1 << 20, hard_bytes: 1 << 22, attachment_bytes: MAX_ATTACHMENT_BYTES };

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";

fn account(digit: u128) -> String {
    format!("INSERT INTO account (id, name) VALUES ({}, 'A{digit}')", id(digit))
}

fn device(statements: &[&str]) -> Sample {
    let sample = Sample::new();
    sample.foreign().execute_batch(&statements.join("; ")).expect("writes");
    sample
}

fn take(sample: &mut Sample, ceilings: Ceilings) -> Option<OperationChunk> {
    sample.store.take_up(CHUNK, ceilings).expect("readable").map(|taken| taken.chunk)
}

/// (sequence, last digit of the object)
fn outline(chunk: &OperationChunk) -> Vec<(u64, u128)> {
    chunk.operations.iter().map(|operation| (operation.sequence, operation.object_id.as_u128())).collect()
}

/// Settles nothing but says so: the chunk's operations leave the queue.
fn forget(sample: &Sample) {
    sample.store.connection.execute_batch("UPDATE sojourn_queue SET state = 2 WHERE state = 1").expect("done");
}

#[test]
fn an_operation_says_what_was_captured() {
    let mut sample = device(&[
        &account(1),
        "UPDATE account SET name = 'B', revenue = 0.1, logo = x'0102', state_code = 3",
        "DELETE FROM account",
    ]);
    let chunk = take(&mut sample, WIDE).expect("operations");
    assert_eq!((chunk.first, chunk.metadata_version, chunk.operations.len()), (1, 1, 3));
    let [create, update, delete] = chunk.operations.try_into().expect("three");
    assert_eq!((create.command, update.command, delete.command), (Command::Create, Command::Update, Command::Delete));
    assert_eq!(create.data.get("name"), Some(&FieldValue::Text("A1".into())));
    assert_eq!((create.data.len(), create.base.len(), create.group), (1, 0, None));
    assert_eq!(update.data["revenue"], FieldValue::Text("0.1".into()));
    assert_eq!(update.data["state_code"], FieldValue::Number(3.into()));
    assert_eq!(update.base["name"], FieldValue::Text("A1".into()));
    assert_eq!(update.base["logo"], FieldValue::Null);
    assert_eq!((delete.data.len(), delete.base.len()), (0, 0));
    assert!(update.captured_at.ends_with('Z'));
}

#[test]
fn bytes_are_sent_as_they_were_captured() {
    let insert = format!("INSERT INTO account (id, name, logo) VALUES ({}, 'A', x'01')", id(1));
    let replace = format!("INSERT OR REPLACE INTO account (id, name, logo) VALUES ({}, 'A', x'04')", id(1));
    let mut sample = device(&[&insert, "UPDATE account SET logo = x'0203'", "UPDATE account SET name = 'B'", &replace]);
    let logos = |sample: &mut Sample| -> Vec<Option<FieldValue>> {
        let chunk = take(sample, WIDE).expect("operations");
        chunk.operations.into_iter().map(|mut operation| operation.data.remove("logo")).collect()
    };
    let bytes = |bytes: &[u8]| Some(FieldValue::Bytes(bytes.to_vec()));
    let captured = vec![bytes(&[1]), bytes(&[2, 3]), None, bytes(&[4])];
    assert_eq!(logos(&mut sample), captured);
    // Whatever becomes of the row, what was sent before is sent again as it was.
    sample.foreign().execute_batch("UPDATE account SET logo = NULL; DELETE FROM account").expect("writes");
    assert_eq!(logos(&mut sample), captured);
}

#[test]
fn numbers_go_on_without_gaps() {
    let mut sample = device(&[&account(1), &account(2), &account(3)]);
    let two = Ceilings { operations: 2, ..WIDE };
    assert_eq!(outline(&take(&mut sample, two).expect("two")), [(1, 1), (2, 2)]);
    forget(&sample);
    assert_eq!(outline(&take(&mut sample, two).expect("one")), [(3, 3)]);
    forget(&sample);
    assert_eq!(take(&mut sample, two), None);
    sample.foreign().execute_batch(&account(4)).expect("a write");
    assert_eq!(outline(&take(&mut sample, two).expect("one")), [(4, 4)]);
}

#[test]
fn what_is_on_its_way_is_numbered_again_for_a_restored_server() {
    let mut sample = device(&[&account(1), &account(2), &account(3), &account(4)]);
    let two = Ceilings { operations: 2, ..WIDE };
    take(&mut sample, two).expect("two");
    forget(&sample);
    assert_eq!(outline(&take(&mut sample, two).expect("two")), [(3, 3), (4, 4)]);
    sample.store.number_again_from(2).expect("writable");
    assert_eq!(outline(&take(&mut sample, two).expect("the same two")), [(2, 3), (3, 4)]);
    forget(&sample);
    sample.foreign().execute_batch(&account(5)).expect("a write");
    assert_eq!(outline(&take(&mut sample, two).expect("one")), [(4, 5)]);
}

#[test]
fn a_crash_before_the_verdict_gives_the_same_chunk_again() {
    let mut sample = device(&[&account(1), &account(2), START, &account(3), STOP]);
    let two = Ceilings { operations: 2, ..WIDE };
    let chunk = take(&mut sample, two).expect("two");
    sample.foreign().execute_batch(&account(4)).expect("a write");
    let mut reopened = Store::open(sample.store.path()).expect("the database");
    assert_eq!(reopened.take_up(CHUNK, WIDE).expect("readable").map(|taken| taken.chunk), Some(chunk));
}

#[test]
fn a_group_is_never_cut() {
    let mut sample = device(&[&account(1), START, &account(2), &account(3), &account(4), STOP, &account(5)]);
    let two = Ceilings { operations: 2, ..WIDE };
    let sizes: Vec<Vec<(u64, u128)>> = std::iter::from_fn(|| {
        let chunk = take(&mut sample, two).map(|chunk| outline(&chunk));
        forget(&sample);
        chunk
    })
    .collect();
    assert_eq!(sizes, [vec![(1, 1)], vec![(2, 2), (3, 3), (4, 4)], vec![(5, 5)]]);
}

#[test]
fn operations_name_their_group() {
    let mut sample = device(&[&account(1), START, &account(2), STOP, START, STOP, &account(3)]);
    let chunk = take(&mut sample, WIDE).expect("operations");
    let groups: Vec<_> = chunk.operations.iter().map(|operation| operation.group).collect();
    assert_eq!(groups, [None, Some(2), None]);
}

#[test]
fn an_open_group_and_what_follows_wait() {
    let mut sample = device(&[&account(1), START, &account(2)]);
    assert_eq!(outline(&take(&mut sample, WIDE).expect("one")), [(1, 1)]);
    forget(&sample);
    assert_eq!(take(&mut sample, WIDE), None);
    sample.foreign().execute_batch(STOP).expect("closed");
    assert_eq!(outline(&take(&mut sample, WIDE).expect("the group")), [(2, 2)]);
}

#[test]
fn a_chunk_ends_before_its_bytes_are_too_many() {
    let mut sample = device(&[&account(1), &account(2), &account(3)]);
    let one = take(&mut sample, Ceilings { bytes: 1, ..WIDE }).expect("at least one");
    assert_eq!(outline(&one), [(1, 1)]);
    forget(&sample);
    let size = wire_bytes(&one.operations[0]);
    let two = take(&mut sample, Ceilings { bytes: size * 2, ..WIDE }).expect("two");
    assert_eq!(two.operations.len(), 2);
}

#[test]
fn what_is_too_large_is_refused_here_and_the_rest_goes_on() {
    let big = |digit| format!("INSERT INTO everything (id, a_text) VALUES ({}, '{}')", id(digit), "x".repeat(5000));
    let blob = format!("INSERT INTO account (id, name, logo) VALUES ({}, 'A', zeroblob(4000))", id(5));
    let mut sample = device(&[&account(1), &big(2), START, &account(3), &big(4), STOP, &blob, &account(6)]);
    let hard = Ceilings { hard_bytes: 5000, ..WIDE };
    let chunk = take(&mut sample, hard).expect("the rest");
    assert_eq!(outline(&chunk), [(1, 1), (2, 5), (3, 6)], "long bytes go ahead");
    let entries = sample.store.queue_entries(20).expect("a queue");
    let refused: Vec<_> = entries.iter().filter(|e| e.state == crate::store::EntryState::Refused).collect();
    assert_eq!(refused.len(), 3);
    let reason = |index: usize| refused[index].reason.clone().expect("a reason");
    assert!(reason(0).starts_with("this change cannot be sent: it has 50") && reason(0).contains("limit is 5000"));
    assert!(reason(1).starts_with("this group of changes cannot be sent: it has"), "{}", reason(1));
    assert_eq!(reason(1), reason(2));
    let refresh: Vec<_> = sample.store.refresh_list(9).expect("a list").iter().map(|o| o.object_id.as_u128()).collect();
    assert_eq!(refresh, [3, 2, 4]);
    forget(&sample);
    assert_eq!(take(&mut sample, hard), None);
}

#[test]
fn what_a_program_spoilt_is_refused_and_does_not_stop_the_queue() {
    let mut sample = device(&[&account(1), &account(2), &account(3), &account(4), &account(5)]);
    let spoil = |set: &str, row: u8| format!("UPDATE sojourn_queue SET {set} WHERE row_number = {row}");
    let spoilt = [
        spoil("data = '{'", 1),
        spoil("data = CAST(x'7b2261ff223a317d' AS TEXT)", 2),
        spoil("object_id = 'none'", 3),
        spoil("data = '{\"no such\":1}'", 4),
    ];
    sample.foreign().execute_batch(&spoilt.join("; ")).expect("spoilt");
    assert_eq!(outline(&take(&mut sample, WIDE).expect("the rest")), [(1, 5)]);
    assert_eq!(sample.store.queue_summary().expect("a summary").refused, 4);
}

#[test]
fn text_that_is_not_utf8_is_refused_in_words() {
    let mut sample = device(&["INSERT INTO account (name) VALUES (CAST(x'61ff' AS TEXT))"]);
    assert_eq!(take(&mut sample, WIDE), None);
    let entry = sample.store.queue_entries(1).expect("a queue").remove(0);
    assert!(entry.reason.is_some_and(|reason| reason.contains("cannot be read")));
}

#[test]
fn a_device_without_tables_has_nothing_to_send() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let mut store = Store::create(&folder.path().join("sojourn.db"), &super::sample::device()).expect("a database");
    assert_eq!(store.take_up(CHUNK, WIDE).expect("readable"), None);
}
