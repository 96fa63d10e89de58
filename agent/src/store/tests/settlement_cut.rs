//! Conflicts whose values are not told whole: the server's value is taken from the image, or waited for.

use rusqlite::types::Value as Sqlite;
use serde_json::json;
use sojourn_wire::message::operation::{Command, Conflict, FieldValue, Verdict};

use super::batches::{Raw, key, rows_of, text as raw};
use super::sample::{Sample, id, metadata};
use super::settlement::{conflict, field, fix, parked, rename, text};
use crate::store::Settlement;

fn cut(sequence: u64, theirs: &[(&str, &str)]) -> Verdict {
    let verdict = conflict(sequence, theirs);
    let conflicts = verdict.conflicts.into_iter().map(|conflict| Conflict { cut: true, ..conflict }).collect();
    Verdict { conflicts, ..verdict }
}

fn both(digit: u128) -> String {
    format!("UPDATE account SET name = 'mine', industry = 'retail' WHERE id = {}", id(digit))
}

/// The server's row of account 1 arrives.
fn arrives(sample: &mut Sample, number: u32, values: Vec<Raw>) {
    let row = std::iter::once(key(1)).chain(values).collect();
    sample.load(&rows_of(&metadata().entities[0], number, &[row])).expect("a load");
}

fn asked(sample: &Sample) -> Vec<u128> {
    sample.store.refresh_list(9).expect("a list").iter().map(|object| object.object_id.as_u128()).collect()
}

#[test]
fn a_cut_value_enters_neither_the_row_nor_a_base() {
    let mut sample = Sample::edited(&[both(1), rename(1, "later")]);
    sample.answer(&[cut(1, &[("name", "thei")]), parked(2, 1)]);
    sample.settled(1, &Settlement::TakeTheirs);
    assert_eq!((sample.value(1, "name"), asked(&sample)), (text("later"), vec![1]));
    let sent = sample.taken();
    assert_eq!((sent[0].command, sent[0].data.contains_key("name")), (Command::Update, false));
    assert_eq!((&sent[0].data["industry"], &sent[1].base["name"]), (&field("retail"), &field("mine")));
}

#[test]
fn the_row_waits_for_the_servers_value() {
    for statement in [both(1), rename(1, "mine")] {
        let mut sample = Sample::edited(&[statement]);
        sample.answer(&[cut(1, &[("name", "thei")])]);
        sample.settled(1, &Settlement::TakeTheirs);
        assert_eq!((sample.value(1, "name"), asked(&sample)), (text("mine"), vec![1]));
        arrives(&mut sample, 2, vec![raw("theirs")]);
        assert_eq!(sample.value(1, "name"), text("theirs"));
    }
}

#[test]
fn the_image_comes_before_what_the_verdict_says() {
    for statement in [both(1), rename(1, "mine")] {
        let mut sample = Sample::edited(&[statement, rename(1, "later")]);
        sample.answer(&[cut(1, &[("name", "thei")]), parked(2, 1)]);
        arrives(&mut sample, 2, vec![raw("theirs")]);
        sample.settled(1, &Settlement::TakeTheirs);
        let base = |sample: &mut Sample| sample.taken().pop().expect("operations").base.remove("name");
        assert_eq!((base(&mut sample), sample.value(1, "name")), (Some(field("theirs")), text("later")));
        assert_eq!(sample.image(1).expect("the later one hides it")["name"], json!("theirs"));
    }
    let mut sample = Sample::edited(&[format!("UPDATE account SET revenue = 5, name = 'x' WHERE id = {}", id(1))]);
    sample.answer(&[conflict(1, &[("revenue", "7.00")])]);
    let seven = [1_i16, 0, 0, 2, 7].iter().flat_map(|word| word.to_be_bytes()).collect();
    arrives(&mut sample, 2, vec![raw("A"), None, None, Some(seven)]);
    sample.settled(1, &Settlement::TakeTheirs);
    assert_eq!(sample.value(1, "revenue"), Sqlite::Integer(7), "in the device's own spelling");
    assert_eq!(sample.image(1), Some(json!({"name": "A"})));
}

#[test]
fn bytes_are_not_told() {
    let bytes = |also: &str| format!("UPDATE account SET logo = x'01'{also} WHERE id = {}", id(1));
    for statement in [bytes(""), bytes(", name = 'mine'")] {
        let mut sample = Sample::edited(&[statement]);
        let mut refused = conflict(1, &[("logo", "")]);
        refused.conflicts[0].theirs = FieldValue::Null;
        sample.answer(&[refused]);
        sample.settled(1, &Settlement::TakeTheirs);
        assert_eq!(sample.value(1, "logo"), Sqlite::Blob(vec![1]));
        assert!(!sample.taken().remove(0).data.contains_key("logo"));
    }
}

#[test]
fn a_fix_does_not_build_upon_a_cut_value() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    sample.answer(&[cut(1, &[("name", "thei")])]);
    sample.settled(1, &fix(&[("name", json!("ours"))]));
    assert_eq!(sample.taken().remove(0).base["name"], field("A"));
    let mut seen = Sample::edited(&[rename(1, "mine")]);
    seen.answer(&[cut(1, &[("name", "thei")])]);
    arrives(&mut seen, 2, vec![raw("theirs")]);
    seen.settled(1, &fix(&[("name", json!("ours"))]));
    assert_eq!(seen.taken().remove(0).base["name"], field("theirs"));
}
