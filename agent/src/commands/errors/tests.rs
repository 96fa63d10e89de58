//! What the error centre shows of each verdict.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sojourn_wire::message::operation::{Candidate, Conflict, FieldValue, Side, Verdict, VerdictKind};
use uuid::Uuid;

use super::fitting::home_option;
use super::refused::{ErrorCounts, Refused, all};
use super::{Changed, Listed, Settled};
use crate::store::{EntryCommand, EntryState, QueueEntry};

/// An entry that was refused under its own number.
fn entry(row_number: u64, command: EntryCommand, verdict: &Verdict) -> QueueEntry {
    QueueEntry {
        row_number,
        sequence: Some(row_number + 100),
        command,
        entity: Some("contact".to_owned()),
        object_type_code: Some(2),
        object_id: Some(Uuid::from_u128(9).to_string()),
        captured_at: "2026-11-22T10:00:00.000Z".to_owned(),
        data: Some(json!({"city": "Graz", "photo": {"blob": true}})),
        base: Some(json!({"city": null})),
        group: None,
        state: EntryState::Refused,
        verdict: Some(verdict.verdict.word().to_owned()),
        reason: verdict.reason.clone(),
        attribute: verdict.attribute.clone(),
        trace_id: Some(verdict.trace_id.clone()),
        name: None,
        rule: verdict.rule.clone(),
        cause: verdict.cause,
        waits_for: None,
        detail: serde_json::to_value(verdict).ok(),
        settles: None,
        given_up: false,
    }
}

fn verdict(kind: VerdictKind) -> Verdict {
    Verdict::new(107, kind, "trace-1")
}

fn shown(entries: Vec<QueueEntry>) -> Vec<Refused> {
    all(entries, None, "")
}

fn one(command: EntryCommand, verdict: &Verdict) -> Refused {
    shown(vec![entry(7, command, verdict)]).remove(0)
}

/// The settlements that fit, by their words and numbers.
fn fits(refused: &Refused) -> Vec<String> {
    let words = |command: &str| command.trim_start_matches("sojourn-agent errors ").to_owned();
    refused.settlements.iter().map(|fitting| words(&fitting.command)).collect()
}

fn conflict() -> Verdict {
    let conflicts = vec![Conflict {
        attribute: "city".to_owned(),
        mine: FieldValue::Text("Graz".to_owned()),
        base: None,
        theirs: FieldValue::Null,
        cut: false,
    }];
    Verdict { reason: Some("somebody else changed it".to_owned()), conflicts, ..verdict(VerdictKind::Conflict) }
}

fn duplicate(candidates: &[u128]) -> Verdict {
    let candidate = |id: &u128| Candidate {
        object_type_code: 2,
        object_id: Uuid::from_u128(*id),
        values: BTreeMap::from([("email".to_owned(), FieldValue::Text("a@b.c".to_owned()))]),
    };
    let candidates = candidates.iter().map(candidate).collect();
    Verdict { rule: Some("same email".to_owned()), candidates, ..verdict(VerdictKind::Duplicate) }
}

#[test]
fn everything_about_a_conflict_is_shown() {
    let text = one(EntryCommand::Update, &conflict()).to_string();
    for words in [
        "Entry 7 (operation 107): update contact 00000000-0000-0000-0000-000000000009, captured 2026-11-22T10:00:00.000Z",
        "Verdict    conflict: somebody else changed it",
        "Trace id   trace-1",
        "attribute  mine  base       theirs",
        "city       Graz  not known  nothing",
        "photo      bytes",
        "sojourn-agent errors keep-mine 7",
        "sojourn-agent sync",
    ] {
        assert!(text.contains(words), "{words:?} is missing:\n{text}");
    }
}

#[test]
fn each_verdict_has_the_settlements_that_fit() {
    let rejected = Verdict { attribute: Some("city".to_owned()), ..verdict(VerdictKind::Rejected) };
    let cases = [
        (EntryCommand::Update, rejected.clone(), vec!["fix 7 --set city=VALUE", "retry 7", "discard 7"]),
        (EntryCommand::Delete, rejected, vec!["retry 7", "discard 7"]),
        (
            EntryCommand::Update,
            conflict(),
            vec!["keep-mine 7", "take-theirs 7", "fix 7 --set ATTRIBUTE=VALUE", "discard 7"],
        ),
        (
            EntryCommand::Create,
            duplicate(&[1]),
            vec!["use-existing 7", "create-anyway 7", "fix 7 --set ATTRIBUTE=VALUE", "discard 7"],
        ),
        (EntryCommand::Update, verdict(VerdictKind::Cancelled), vec!["retry 7", "discard 7"]),
    ];
    for (command, verdict, expected) in cases {
        assert_eq!(fits(&one(command, &verdict)), expected, "{verdict:?}");
    }
    let several = fits(&one(EntryCommand::Create, &duplicate(&[1, 2])));
    assert!(several[1].ends_with("--candidate 00000000-0000-0000-0000-000000000002"), "{several:?}");
}

#[test]
fn deleted_rows_have_words_of_their_own() {
    for (side, words) in [(Side::Theirs, "make the row again"), (Side::Mine, "delete the row all the same")] {
        let text = one(EntryCommand::Update, &Verdict { deleted: Some(side), ..conflict() }).to_string();
        assert!(text.contains(words) && text.contains("Deleted    "), "{text}");
    }
}

#[test]
fn a_delete_shows_what_somebody_else_has_changed() {
    let verdict = Verdict { deleted: Some(Side::Mine), ..verdict(VerdictKind::Conflict) };
    let mut refused = one(EntryCommand::Delete, &verdict);
    assert!(refused.to_string().contains("by you, but somebody else has changed the server's row since"), "{refused}");
    refused.changed = vec![Changed { attribute: "city".to_owned(), yours: json!("Graz"), theirs: json!("Linz") }];
    let text = refused.to_string();
    assert!(text.contains("yours  theirs") && text.contains("Graz   Linz"), "{text}");
    let gone = one(EntryCommand::Update, &Verdict { deleted: Some(Side::Theirs), ..conflict() }).to_string();
    assert!(gone.contains("the server has deleted it"), "{gone}");
}

#[test]
fn the_list_tells_rows_apart_and_names_every_attribute_in_conflict() {
    let second = Conflict { attribute: "street".to_owned(), ..conflict().conflicts.remove(0) };
    let both = Verdict { conflicts: [conflict().conflicts, vec![second]].concat(), ..conflict() };
    let entries = vec![
        QueueEntry { object_id: Some(Uuid::from_u128(0xab).to_string()), ..entry(7, EntryCommand::Update, &both) },
        QueueEntry { data: None, base: None, ..entry(8, EntryCommand::Delete, &both) },
    ];
    let list = Listed { counts: ErrorCounts::of(&entries), errors: shown(entries), home: String::new() }.to_string();
    for words in ["…000000ab Graz", "…00000009 ", "city, street"] {
        assert!(list.contains(words), "{words:?} is missing:\n{list}");
    }
}

#[test]
fn what_waits_names_the_entry_to_settle_first() {
    let parked = Verdict { cause: Some(107), ..verdict(VerdictKind::Parked) };
    let parked = QueueEntry { waits_for: Some(7), ..entry(8, EntryCommand::Update, &parked) };
    let entries = vec![entry(7, EntryCommand::Create, &duplicate(&[1])), parked];
    let counts = ErrorCounts::of(&entries);
    assert_eq!(counts, ErrorCounts { refused: 1, parked: 1 });
    let errors = shown(entries);
    assert_eq!((errors[0].waits_for, errors[1].waits_for), (None, Some(7)));
    assert_eq!(fits(&errors[1]), ["show 7", "discard 8"]);
    assert!(errors[1].to_string().contains("Cause      settle entry 7 first"), "{}", errors[1]);
    let list = Listed { counts, errors, home: " --home x".to_owned() }.to_string();
    for words in ["same email", "1 operation is refused, 1 parked", "sojourn-agent errors show 7 --home x"] {
        assert!(list.contains(words), "{words:?} is missing:\n{list}");
    }
}

#[test]
fn nothing_refused_is_said() {
    let list = Listed { counts: ErrorCounts::default(), errors: Vec::new(), home: String::new() };
    assert_eq!(list.to_string(), "Nothing is refused: there is nothing to settle.");
}

#[test]
fn a_settlement_tells_what_else_it_did() {
    let mut settled = Settled {
        settlement: "fix",
        meaning: "sent again with its new values",
        entries: vec![7],
        released: vec![8, 9],
        given_up: vec![],
        left: ErrorCounts { refused: 2, parked: 0 },
        home: String::new(),
    };
    let text = settled.to_string();
    for words in [
        "Entry 7 is settled: sent again with its new values.",
        "These go on with it: 8, 9.",
        "2 operations are refused; see `sojourn-agent errors`.",
        "Next: sojourn-agent sync or go-online sends it.",
    ] {
        assert!(text.contains(words), "{words:?} is missing:\n{text}");
    }
    (settled.released, settled.given_up) = (vec![], vec![8]);
    assert!(settled.to_string().contains("These were given up with it: 8."), "{settled}");
}

#[test]
fn json_has_what_scripts_need() {
    let value = serde_json::to_value(one(EntryCommand::Update, &conflict())).expect("plain data");
    assert_eq!(value["number"], 7);
    assert_eq!(value["conflicts"], json!([{"attribute": "city", "mine": "Graz", "theirs": null}]));
    assert_eq!(value["settlements"][0]["command"], "sojourn-agent errors keep-mine 7");
    assert_eq!(value["waits_for"], Value::Null);
}

#[test]
fn commands_can_be_copied_whatever_the_folder_is_called() {
    assert_eq!(home_option(Path::new(".sojourn")), "");
    assert_eq!(home_option(Path::new("/home/ada/laptop")), " --home /home/ada/laptop");
    assert_eq!(home_option(Path::new("Ada's laptop")), r" --home 'Ada'\''s laptop'");
}
