//! The user settles what was refused: the entry, its row, and what builds upon them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sojourn_wire::message::operation::{
    Candidate, Command, Conflict, FieldValue, Operation, Side, Verdict, VerdictKind,
};
use uuid::Uuid;

use super::batches::{accounts, deletes};
use super::sample::{Sample, id};
use super::take_up::{CHUNK, WIDE};
use crate::store::size::wire_bytes;
use crate::store::{EntryState, SettledError, Settlement};

pub(super) fn verdict(sequence: u64, kind: VerdictKind) -> Verdict {
    Verdict::new(sequence, kind, "t")
}

pub(super) fn parked(sequence: u64, cause: u64) -> Verdict {
    Verdict { cause: Some(cause), ..verdict(sequence, VerdictKind::Parked) }
}

impl Sample {
    /// Accounts 1 and 2 are loaded, then these statements are run, as any other program would.
    pub(super) fn edited(statements: &[String]) -> Self {
        let mut sample = Self::in_session();
        sample.load(&accounts(1, &[(1, "A"), (2, "B")])).expect("a load");
        sample.edit(statements);
        sample
    }

    pub(super) fn edit(&self, statements: &[String]) {
        self.foreign().execute_batch(&statements.join("; ")).expect("writes");
    }

    pub(super) fn taken(&mut self) -> Vec<Operation> {
        let taken = self.store.take_up(CHUNK, WIDE).expect("readable");
        taken.map(|taken| taken.chunk.operations).unwrap_or_default()
    }

    /// Sends what waits, and stores these verdicts on it.
    pub(super) fn answer(&mut self, verdicts: &[Verdict]) -> Vec<Operation> {
        let sent = self.taken();
        self.store.settle(verdicts).expect("stored");
        sent
    }

    pub(super) fn settled(&mut self, row_number: u64, settlement: &Settlement) -> SettledError {
        self.store.settle_error(row_number, settlement).expect("settled")
    }

    pub(super) fn refusal(&mut self, row_number: u64, settlement: &Settlement) -> String {
        self.store.settle_error(row_number, settlement).expect_err("no sense").to_string()
    }

    /// One value of an account.
    pub(super) fn value(&self, digit: u128, attribute: &str) -> rusqlite::types::Value {
        let sql = format!("SELECT {attribute} FROM account WHERE id = {}", id(digit));
        self.foreign().query_row(&sql, [], |row| row.get(0)).expect("a row")
    }

    pub(super) fn states(&self) -> Vec<EntryState> {
        self.store.queue_entries(100).expect("a queue").iter().map(|entry| entry.state).collect()
    }

    pub(super) fn image(&self, digit: u128) -> Option<Value> {
        let sql = format!("SELECT image FROM sojourn_image WHERE object_id = {}", id(digit));
        let image: Option<Option<String>> = self.foreign().query_row(&sql, [], |row| row.get(0)).ok();
        image.map(|image| image.map_or(Value::Null, |image| serde_json::from_str(&image).expect("json")))
    }
}

pub(super) fn rename(digit: u128, name: &str) -> String {
    format!("UPDATE account SET name = '{name}' WHERE id = {}", id(digit))
}

pub(super) fn create(digit: u128, name: &str) -> String {
    format!("INSERT INTO account (id, name) VALUES ({}, '{name}')", id(digit))
}

pub(super) fn remove(digit: u128) -> String {
    format!("DELETE FROM account WHERE id = {}", id(digit))
}

pub(super) fn text(text: &str) -> rusqlite::types::Value {
    rusqlite::types::Value::Text(text.into())
}

pub(super) fn field(text: &str) -> FieldValue {
    FieldValue::Text(text.into())
}

pub(super) fn fix(values: &[(&str, Value)]) -> Settlement {
    Settlement::Fix(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

pub(super) fn conflict(sequence: u64, theirs: &[(&str, &str)]) -> Verdict {
    let conflicts = theirs
        .iter()
        .map(|(attribute, theirs)| Conflict {
            attribute: (*attribute).to_owned(),
            mine: FieldValue::Null,
            base: None,
            theirs: field(theirs),
            cut: false,
        })
        .collect();
    Verdict { conflicts, version: Some(731), ..verdict(sequence, VerdictKind::Conflict) }
}

#[test]
fn a_refusal_is_kept_whole_and_sent_again() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    let refused = Verdict { rule: Some("account_name_key".into()), ..verdict(1, VerdictKind::Rejected) };
    sample.answer(std::slice::from_ref(&refused));
    let error = sample.store.errors().expect("errors").remove(0);
    assert_eq!((error.row_number, error.sequence, error.rule.as_deref()), (1, Some(1), Some("account_name_key")));
    assert_eq!(error.detail, Some(serde_json::to_value(&refused).expect("json")));
    assert_eq!(sample.accounts(), ["1 mine", "2 B"], "the user's value stays");
    let settled = sample.settled(1, &Settlement::Retry);
    assert_eq!(settled, SettledError { row_number: 1, released: vec![], given_up: vec![] });
    assert!(sample.store.errors().expect("errors").is_empty());
    let entry = sample.store.queue_entries(1).expect("a queue").remove(0);
    assert_eq!((entry.sequence, entry.settles, entry.verdict, entry.detail), (None, Some(1), None, None));
    let again = sample.answer(&[verdict(2, VerdictKind::Applied)]).remove(0);
    assert_eq!((again.sequence, again.settles, again.command), (2, Some(1), Command::Update));
    assert_eq!(sample.states(), [EntryState::PlayedBack]);
    assert!(sample.refusal(1, &Settlement::Retry).contains("it was not refused"));
    assert!(sample.refusal(9, &Settlement::Retry).contains("no such entry"));
}

#[test]
fn everything_can_be_sent_again_at_once() {
    let mut sample = Sample::edited(&[rename(1, "x"), rename(1, "y"), rename(2, "z")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), parked(2, 1), verdict(3, VerdictKind::Duplicate)]);
    assert_eq!(sample.store.retry_errors().expect("released"), 3);
    let again: Vec<_> = sample.taken().iter().map(|operation| (operation.sequence, operation.settles)).collect();
    assert_eq!(again, [(4, Some(1)), (5, Some(2)), (6, Some(3))]);
}

#[test]
fn a_fix_changes_the_row_and_what_builds_upon_it() {
    let mut sample = Sample::edited(&[rename(1, "mine"), rename(2, "x"), rename(2, "y")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), verdict(2, VerdictKind::Rejected), parked(3, 2)]);
    sample.settled(1, &fix(&[("name", json!("better")), ("revenue", json!("1.5"))]));
    assert_eq!(
        (sample.value(1, "name"), sample.value(1, "revenue")),
        (text("better"), rusqlite::types::Value::Real(1.5))
    );
    let settled = sample.settled(2, &fix(&[("name", json!("z"))]));
    assert_eq!(settled.released, [3]);
    assert_eq!(sample.value(2, "name"), text("y"), "the later entry still counts");
    let sent = sample.taken();
    assert_eq!((&sent[0].data["name"], &sent[0].data["revenue"]), (&field("better"), &field("1.5")));
    assert_eq!((&sent[0].base["name"], &sent[0].base["revenue"]), (&field("A"), &FieldValue::Null));
    assert_eq!((&sent[1].data["name"], &sent[2].base["name"]), (&field("z"), &field("z")));
}

#[test]
fn a_fix_obeys_the_rules_and_changes_nothing_otherwise() {
    let mut sample = Sample::edited(&[rename(1, "mine"), remove(2)]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), verdict(2, VerdictKind::Rejected)]);
    let words = sample.refusal(1, &fix(&[("revenue", json!(1)), ("name", json!("x".repeat(21)))]));
    assert_eq!(words, "entry 1 of the queue cannot be settled like this: account.name has at most 20 characters");
    assert_eq!((sample.value(1, "name"), sample.value(1, "revenue")), (text("mine"), rusqlite::types::Value::Null));
    assert!(sample.refusal(2, &fix(&[("name", json!("x"))])).contains("a delete sets no values"));
    assert_eq!(sample.states(), [EntryState::Refused; 2]);
}

#[test]
fn a_fix_of_a_conflict_builds_upon_what_the_server_has() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    sample.answer(&[conflict(1, &[("name", "theirs")])]);
    sample.settled(1, &fix(&[("name", json!("ours"))]));
    let sent = sample.taken().remove(0);
    assert_eq!((&sent.data["name"], &sent.base["name"]), (&field("ours"), &field("theirs")));
}

#[test]
fn bytes_can_be_fixed() {
    let mut sample = Sample::edited(&[format!("UPDATE account SET logo = x'01' WHERE id = {}", id(1))]);
    sample.answer(&[verdict(1, VerdictKind::Rejected)]);
    sample.settled(1, &fix(&[("logo", json!({"base64": "AgM="}))]));
    assert_eq!(sample.value(1, "logo"), rusqlite::types::Value::Blob(vec![2, 3]));
    assert_eq!(sample.taken().remove(0).data["logo"], FieldValue::Bytes(vec![2, 3]));
}

#[test]
fn the_user_overrules_the_version_that_was_seen() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    sample.answer(&[conflict(1, &[("name", "theirs")])]);
    sample.settled(1, &Settlement::KeepMine);
    let sent = sample.taken().remove(0);
    assert_eq!((sent.seen, sent.settles, &sent.base["name"]), (Some(731), Some(1), &field("A")));
}

#[test]
fn a_kept_row_that_the_server_deleted_is_created_whole() {
    let logo = format!("UPDATE account SET logo = x'07' WHERE id = {}", id(1));
    let mut sample = Sample::edited(&[logo, rename(1, "mine"), rename(1, "later")]);
    sample.answer(&[
        verdict(1, VerdictKind::Applied),
        Verdict { deleted: Some(Side::Theirs), ..verdict(2, VerdictKind::Conflict) },
        parked(3, 2),
    ]);
    assert_eq!(sample.settled(2, &Settlement::KeepMine).released, [3]);
    let sent = sample.taken();
    assert_eq!((sent[0].command, sent[0].settles, sent[0].base.len()), (Command::Create, Some(2), 0));
    let expected =
        BTreeMap::from([("name".to_owned(), field("mine")), ("logo".to_owned(), FieldValue::Bytes(vec![7]))]);
    assert_eq!(sent[0].data, expected);
    assert_eq!((sent[1].command, &sent[1].data["name"]), (Command::Update, &field("later")));
}

#[test]
fn their_values_replace_only_what_conflicts() {
    let both = format!("UPDATE account SET name = 'mine', industry = 'retail' WHERE id = {}", id(1));
    let mut sample = Sample::edited(&[both]);
    sample.answer(&[conflict(1, &[("name", "theirs")])]);
    sample.settled(1, &Settlement::TakeTheirs);
    assert_eq!((sample.value(1, "name"), sample.value(1, "industry")), (text("theirs"), text("retail")));
    let sent = sample.taken().remove(0);
    assert_eq!(
        (sent.command, sent.data.keys().map(String::as_str).collect::<Vec<_>>()),
        (Command::Update, vec!["industry"])
    );
}

#[test]
fn an_entry_of_which_nothing_is_left_is_given_up() {
    let mut sample = Sample::edited(&[rename(1, "mine"), rename(1, "later")]);
    sample.answer(&[conflict(1, &[("name", "theirs")]), parked(2, 1)]);
    assert_eq!(sample.settled(1, &Settlement::TakeTheirs).released, [2]);
    let sent = sample.answer(&[verdict(3, VerdictKind::Applied), verdict(4, VerdictKind::Applied)]);
    assert_eq!((sent[0].command, sent[0].settles, sent[0].data.len()), (Command::Discard, Some(1), 0));
    assert_eq!((&sent[1].base["name"], sent[1].settles), (&field("theirs"), Some(2)));
    assert_eq!(sample.states(), [EntryState::GivenUp, EntryState::PlayedBack]);
    let mut alone = Sample::edited(&[rename(1, "mine")]);
    alone.answer(&[conflict(1, &[("name", "theirs")])]);
    alone.settled(1, &Settlement::TakeTheirs);
    assert_eq!(alone.value(1, "name"), text("theirs"));
}

#[test]
fn a_row_that_they_deleted_goes_when_the_user_agrees() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    sample.answer(&[Verdict { deleted: Some(Side::Theirs), ..verdict(1, VerdictKind::Conflict) }]);
    sample.settled(1, &Settlement::TakeTheirs);
    assert_eq!(sample.accounts(), ["2 B"]);
    assert_eq!(sample.taken().remove(0).command, Command::Discard);
}

#[test]
fn what_was_done_since_they_deleted_the_row_says_so() {
    let mut sample = Sample::edited(&[rename(1, "mine")]);
    sample.answer(&[Verdict { deleted: Some(Side::Theirs), ..verdict(1, VerdictKind::Conflict) }]);
    sample.load(&deletes(2, &[1])).expect("a load");
    sample.edit(&[rename(1, "later")]);
    sample.settled(1, &Settlement::Discard);
    let sent = sample.taken();
    assert_eq!((sent[0].command, sent[1].command), (Command::Discard, Command::Update));
    assert!(sent[1].overtaken, "the server does not know that the row is still here");
}

#[test]
fn a_duplicate_is_created_anyway() {
    let mut sample = Sample::edited(&[create(3, "C")]);
    sample.answer(&[verdict(1, VerdictKind::Duplicate)]);
    assert!(sample.refusal(1, &Settlement::KeepMine).contains("there is no conflict, it is a duplicate"));
    sample.settled(1, &Settlement::CreateAnyway);
    let sent = sample.taken().remove(0);
    assert_eq!((sent.command, sent.create_anyway, sent.settles), (Command::Create, true, Some(1)));
}

#[test]
fn the_row_that_is_there_takes_its_place() {
    let child = |digit, parent| format!("UPDATE account SET parent_id = {} WHERE id = {}", id(parent), id(digit));
    let mut sample =
        Sample::edited(&[create(3, "C"), rename(3, "C2"), child(1, 3), remove(3), create(4, "D"), child(4, 3)]);
    let candidate = Candidate { object_type_code: 1, object_id: Uuid::from_u128(2), values: BTreeMap::new() };
    let duplicate = Verdict { candidates: vec![candidate], ..verdict(1, VerdictKind::Duplicate) };
    sample.answer(&[
        duplicate,
        parked(2, 1),
        parked(3, 1),
        parked(4, 1),
        verdict(5, VerdictKind::Applied),
        parked(6, 1),
    ]);
    let settled = sample.settled(1, &Settlement::UseExisting(None));
    assert_eq!((settled.released, settled.given_up), (vec![2, 3, 6], vec![4]));
    assert_eq!(sample.accounts(), ["1 A", "2 C2", "4 D"]);
    let two = text(&Uuid::from_u128(2).to_string());
    assert_eq!((sample.value(1, "parent_id"), sample.value(4, "parent_id")), (two.clone(), two));
    let sent = sample.taken();
    let outline: Vec<_> = sent.iter().map(|o| (o.command, o.object_id.as_u128(), o.settles)).collect();
    use Command::{Discard, Update};
    assert_eq!(
        outline,
        [
            (Discard, 3, Some(1)),
            (Update, 2, Some(2)),
            (Update, 1, Some(3)),
            (Discard, 3, Some(4)),
            (Update, 4, Some(6))
        ]
    );
    assert_eq!(sent[2].data["parent_id"], field(&Uuid::from_u128(2).to_string()));
    assert_eq!(sample.image(2), Some(json!({"name": "B"})), "what the server has beneath the moved update");
}

#[test]
fn a_discarded_update_gives_the_base_back() {
    let mut sample = Sample::edited(&[rename(1, "x"), rename(1, "y"), rename(2, "z")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), parked(2, 1), verdict(3, VerdictKind::Rejected)]);
    sample.settled(1, &Settlement::Discard);
    assert_eq!(sample.accounts(), ["1 y", "2 z"]);
    sample.settled(3, &Settlement::Discard);
    assert_eq!(sample.accounts(), ["1 y", "2 B"]);
    let sent = sample.answer(&[
        verdict(4, VerdictKind::Applied),
        verdict(5, VerdictKind::Applied),
        verdict(6, VerdictKind::Applied),
    ]);
    assert_eq!(
        (sent[0].command, sent[1].command, &sent[1].base["name"]),
        (Command::Discard, Command::Update, &field("A"))
    );
    assert_eq!(sample.states(), [EntryState::GivenUp, EntryState::PlayedBack, EntryState::GivenUp]);
    let asked: Vec<_> = sample.store.refresh_list(9).expect("a list").iter().map(|o| o.object_id.as_u128()).collect();
    assert_eq!(asked, [1, 2]);
}

#[test]
fn a_discarded_update_gives_way_to_what_the_server_has_sent() {
    let mut sample = Sample::edited(&[rename(1, "mine"), rename(2, "mine too")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), verdict(2, VerdictKind::Rejected)]);
    sample.load(&accounts(2, &[(1, "server")])).expect("a load");
    sample.load(&deletes(3, &[2])).expect("a load");
    assert_eq!(sample.accounts(), ["1 mine", "2 mine too"]);
    sample.settled(1, &Settlement::Discard);
    sample.settled(2, &Settlement::Discard);
    assert_eq!(sample.accounts(), ["1 server"]);
    assert_eq!((sample.image(1), sample.image(2)), (None, None));
}

#[test]
fn a_discarded_create_takes_its_row_along() {
    let mut sample = Sample::edited(&[create(3, "C"), rename(3, "C2")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), parked(2, 1)]);
    sample.edit(&[rename(3, "C3")]);
    let settled = sample.settled(1, &Settlement::Discard);
    assert_eq!((settled.released, settled.given_up), (vec![], vec![2, 3]));
    assert_eq!(sample.accounts(), ["1 A", "2 B"]);
    use EntryState::{GivenUp, Waiting};
    assert_eq!(sample.states(), [Waiting, Waiting, GivenUp], "the server knows nothing of the last one");
    assert_eq!(
        sample.taken().iter().map(|o| (o.command, o.settles)).collect::<Vec<_>>(),
        [(Command::Discard, Some(1)), (Command::Discard, Some(2))]
    );
}

#[test]
fn a_discarded_delete_brings_the_row_back() {
    let mut sample = Sample::edited(&[remove(1), remove(2)]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), verdict(2, VerdictKind::Rejected)]);
    sample.load(&accounts(2, &[(2, "server")])).expect("a load");
    assert!(sample.accounts().is_empty());
    sample.settled(1, &Settlement::Discard);
    sample.settled(2, &Settlement::Discard);
    assert_eq!(sample.accounts(), ["1 A", "2 server"]);
}

#[test]
fn what_was_never_sent_is_settled_here() {
    let spoil = "UPDATE sojourn_queue SET data = '{\"industry\":true}' WHERE row_number < 3".to_owned();
    let mut sample = Sample::edited(&[create(3, "C"), create(4, "D"), create(5, "E"), spoil]);
    assert_eq!(sample.taken().len(), 1);
    assert_eq!(sample.store.queue_refused_here().expect("a list").len(), 2);
    sample.settled(1, &Settlement::Discard);
    assert_eq!(sample.accounts(), ["1 A", "2 B", "4 D", "5 E"]);
    sample.settled(2, &fix(&[("name", json!("D2")), ("industry", json!("retail"))]));
    use EntryState::{GivenUp, Sent, Waiting};
    assert_eq!(sample.states(), [GivenUp, Waiting, Sent]);
    sample.store.settle(&[verdict(1, VerdictKind::Applied)]).expect("stored");
    let sent = sample.taken().remove(0);
    assert_eq!((sent.sequence, sent.settles, &sent.data["industry"]), (2, None, &field("retail")));
}

#[test]
fn a_restored_server_judges_anew_what_it_has_forgotten() {
    let mut sample = Sample::edited(&[rename(1, "x"), rename(2, "y"), create(3, "C")]);
    let refused: Vec<_> = (1..=3).map(|sequence| verdict(sequence, VerdictKind::Rejected)).collect();
    sample.answer(&refused);
    sample.settled(1, &Settlement::Retry);
    sample.settled(3, &Settlement::Discard);
    sample.taken();
    sample.store.number_again_from(2).expect("numbered");
    use EntryState::{GivenUp, Waiting};
    assert_eq!(sample.states(), [Waiting, Waiting, GivenUp]);
    let sent: Vec<_> = sample.taken().iter().map(|o| (o.sequence, o.settles, o.object_id.as_u128())).collect();
    assert_eq!(sent, [(2, Some(1), 1), (3, None, 2)]);
}

#[test]
fn a_dry_run_stores_nothing() {
    let mut sample = Sample::edited(&[rename(1, "x"), create(3, "C"), create(4, "D")]);
    let before = sample.store.queue_entries(9).expect("a queue");
    let (taken, left) = sample.store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations");
    assert_eq!((taken.chunk.first, taken.chunk.last(), taken.chunk.dry_run, left), (1, 3, true, 0));
    let bytes = taken.chunk.operations[..2].iter().map(wire_bytes).sum();
    let (taken, left) = sample.store.dry_take_up(CHUNK, bytes).expect("readable").expect("operations");
    assert_eq!((taken.chunk.operations.len(), left), (2, 1));
    assert_eq!(sample.store.queue_entries(9).expect("a queue"), before);
    sample.taken();
    sample.edit(&[create(5, "E")]);
    let (taken, _) = sample.store.dry_take_up(CHUNK, WIDE.bytes).expect("readable").expect("operations");
    assert_eq!((taken.chunk.first, taken.chunk.last()), (1, 4));
}

#[test]
fn what_waits_for_an_entry_goes_on_although_the_agent_refused_that_in_between() {
    let mut sample = Sample::edited(&[create(3, "C"), rename(1, "D")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected), parked(2, 1)]);
    // It cannot be sent again: on the server it is still open under its first number.
    sample.settled(1, &Settlement::Retry);
    sample.edit(&["UPDATE sojourn_queue SET state = 3, verdict = 'rejected' WHERE row_number = 1".to_owned()]);
    sample.answer(&[parked(3, 1)]);
    let errors = sample.store.errors().expect("errors");
    assert_eq!(
        errors.iter().map(|error| (error.row_number, error.sequence, error.waits_for)).collect::<Vec<_>>(),
        [(1, None, None), (2, Some(3), Some(1))]
    );
    let settled = sample.settled(1, &fix(&[("name", "C".into())]));
    assert_eq!(settled.released, [2]);
    let sent: Vec<_> = sample.taken().iter().map(|o| (o.sequence, o.settles)).collect();
    assert_eq!(sent, [(4, Some(1)), (5, Some(3))]);
}

#[test]
fn fixed_values_are_looked_at_for_duplicates_again() {
    let mut sample = Sample::edited(&[create(3, "C")]);
    sample.answer(&[verdict(1, VerdictKind::Duplicate)]);
    sample.settled(1, &Settlement::CreateAnyway);
    assert!(sample.answer(&[verdict(2, VerdictKind::Rejected)])[0].create_anyway);
    sample.settled(1, &Settlement::Retry);
    assert!(sample.answer(&[verdict(3, VerdictKind::Rejected)])[0].create_anyway, "its values are the same");
    sample.settled(1, &fix(&[("name", "D".into())]));
    assert!(!sample.taken()[0].create_anyway);
}

#[test]
fn what_is_fixed_is_done_when_it_is_fixed() {
    const LONG_AGO: &str = "2026-01-01T00:00:00.000Z";
    let mut sample = Sample::edited(&[create(3, "C")]);
    sample.edit(&[format!("UPDATE sojourn_queue SET action_date = '{LONG_AGO}'")]);
    sample.answer(&[verdict(1, VerdictKind::Rejected)]);
    sample.settled(1, &Settlement::Retry);
    let again = sample.answer(&[verdict(2, VerdictKind::Rejected)]);
    assert_eq!(again[0].captured_at, LONG_AGO, "it is what was done then");
    sample.settled(1, &fix(&[("name", "D".into())]));
    assert_ne!(sample.taken()[0].captured_at, LONG_AGO);
}
