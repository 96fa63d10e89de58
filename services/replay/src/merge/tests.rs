//! Each policy in each case.

use super::*;
use crate::testing::{operation, text};
use sojourn_wire::message::operation::Command;

fn rules(policy: ConflictPolicy) -> ReplayRules {
    let rule = sojourn_metadata::replay::ConflictRule { policy, ..Default::default() };
    ReplayRules { conflicts: [("contact".to_owned(), rule)].into(), ..ReplayRules::default() }
}

fn look(is_base: Option<bool>, is_mine: bool) -> Look {
    let theirs = text("theirs");
    Look { version: 7, attributes: vec![Seen { name: "email".into(), is_base, is_mine, theirs }] }
}

fn change() -> Operation {
    operation(Command::Update, &[("email", text("mine"))])
}

fn updated(result: Result<Judged, Refusal>) -> &'static str {
    kind(result.map(|judged| judged.merged))
}

fn left(version: u32, names: &[&str], unseen: bool) -> Known {
    let attributes = names.iter().map(|name| (*name).to_owned()).collect();
    let own = Own { version, left: Left { attributes, unseen, ..Left::default() } };
    Known { own: Some(own), ..Known::default() }
}

fn kind(result: Result<bool, Refusal>) -> &'static str {
    match result {
        Ok(false) => "applied",
        Ok(true) => "merged",
        Err(refusal) => match refusal.kind {
            Kind::Conflict(_) => "conflict",
            _ => "rejected",
        },
    }
}

#[test]
fn each_policy_in_each_case() {
    let known = Known { device: Some(7), ..Known::default() };
    let moved = Known { device: Some(6), ..Known::default() };
    let cases = [
        // is_base, is_mine, known: merge, last wins, reject
        (Some(true), false, &known, ["applied", "applied", "applied"]),
        (Some(true), false, &moved, ["merged", "applied", "merged"]),
        (Some(false), false, &moved, ["conflict", "applied", "conflict"]),
        (Some(false), true, &moved, ["merged", "applied", "conflict"]),
        (None, false, &moved, ["conflict", "applied", "conflict"]),
        (None, false, &known, ["applied", "applied", "applied"]),
        (None, true, &moved, ["merged", "applied", "conflict"]),
    ];
    for (is_base, is_mine, known, expected) in cases {
        let policies = [ConflictPolicy::Merge, ConflictPolicy::LastWins, ConflictPolicy::Reject];
        let got = policies
            .map(|policy| updated(update(&change(), &look(is_base, is_mine), known, &rules(policy), "contact")));
        assert_eq!(got, expected, "{is_base:?} {is_mine} {known:?}");
    }
}

#[test]
fn what_the_device_itself_did_before_is_no_conflict() {
    let merge = rules(ConflictPolicy::Merge);
    let clashing = look(Some(false), false);
    let told = |known: &Known| updated(update(&change(), &clashing, known, &merge, "contact"));
    assert_eq!(told(&left(7, &["email"], false)), "applied", "a trigger made something else of it");
    assert_eq!(told(&left(7, &["phone"], false)), "conflict", "somebody changed it before");
    assert_eq!(told(&left(6, &["email"], false)), "conflict", "somebody changed it after");
    let here = Left { attributes: vec!["email".into()], ..Left::default() };
    assert_eq!(told(&Known { here: Some(here), ..Known::default() }), "applied");
}

#[test]
fn what_the_server_filled_belongs_to_whoever_created_the_row() {
    let merge = rules(ConflictPolicy::Merge);
    let told = |known: &Known, version| {
        let filled = Look { version, ..look(Some(false), false) };
        updated(update(&change(), &filled, known, &merge, "contact"))
    };
    let created = Known::default().created(["phone".to_owned()].into_iter());
    let own = Known { own: Some(Own { version: 7, left: created.clone() }), ..Known::default() };
    assert_eq!((told(&own, 7), told(&own, 8)), ("applied", "conflict"));
    let here = Known { here: Some(created), ..Known::default() };
    assert_eq!(told(&here, 7), "applied");
    assert!(here.after(std::iter::empty(), Some((7, false))).whole, "also after the next change");
    assert!(!own.after(std::iter::empty(), Some((8, true))).whole, "not after somebody else's");
}

#[test]
fn whoever_saw_the_row_may_overrule_it_and_nothing_newer() {
    let merge = rules(ConflictPolicy::Merge);
    let seen = |version| Operation { seen: Some(version), ..change() };
    let clashing = look(Some(false), false);
    assert_eq!(updated(update(&seen(7), &clashing, &Known::default(), &merge, "contact")), "merged");
    assert_eq!(updated(update(&seen(6), &clashing, &Known::default(), &merge, "contact")), "conflict");
    let gone = Operation { seen: Some(7), ..operation(Command::Delete, &[]) };
    assert_eq!(kind(delete(&gone, 7, &Known::default(), &merge, "contact")), "merged");
    assert_eq!(kind(delete(&gone, 8, &Known::default(), &merge, "contact")), "conflict");
}

#[test]
fn a_row_that_changed_is_not_deleted_unseen() {
    let gone = operation(Command::Delete, &[]);
    let told =
        |policy, known: &Known, operation: &Operation| kind(delete(operation, 7, known, &rules(policy), "contact"));
    let (same, other) = (Known { device: Some(7), ..Known::default() }, Known { device: Some(6), ..Known::default() });
    assert_eq!(told(ConflictPolicy::Merge, &same, &gone), "applied");
    assert_eq!(told(ConflictPolicy::Merge, &other, &gone), "conflict");
    assert_eq!(told(ConflictPolicy::LastWins, &other, &gone), "applied");
    let locked = |version| Known { device: Some(6), locked: Some(version), ..Known::default() };
    assert_eq!(told(ConflictPolicy::Merge, &locked(6), &gone), "applied", "a trigger has touched it since");
    assert_eq!(told(ConflictPolicy::Merge, &locked(5), &gone), "conflict");
    let beneath = Left { unseen: true, ..Left::default() };
    let written = Known { here: Some(beneath), ..locked(6) };
    assert_eq!(told(ConflictPolicy::Merge, &written, &gone), "conflict", "an operation before it has hidden a change");
    let overtaken = Operation { overtaken: true, ..gone };
    assert_eq!(told(ConflictPolicy::Reject, &same, &overtaken), "conflict");
    assert_eq!(told(ConflictPolicy::Merge, &left(7, &[], false), &overtaken), "applied", "an echo");
    assert_eq!(told(ConflictPolicy::Merge, &left(7, &[], true), &overtaken), "conflict", "over another's change");
}

#[test]
fn what_the_unit_itself_has_written_is_not_what_the_user_saw() {
    let merge = rules(ConflictPolicy::Merge);
    let written = Left { attributes: vec!["phone".into()], unseen: true, before: Some(5), ..Left::default() };
    let known = Known { here: Some(written), ..Known::default() };
    let clashing = look(Some(false), false);
    let refusal = update(&change(), &clashing, &known, &merge, "contact").expect_err("a conflict");
    assert_eq!(refusal.verdict(1, "t").version, Some(5));
    let seen = Operation { seen: Some(5), ..change() };
    let judged = update(&seen, &clashing, &known, &merge, "contact").expect("the user overrules");
    assert_eq!((judged.merged, judged.left.unseen), (true, false), "who overrules has seen it");
}

#[test]
fn what_operations_leave_grows_until_somebody_else_writes() {
    let after = |known: &Known, name: &str, version, changed| {
        known.after([name.to_owned()].into_iter(), Some((version, changed)))
    };
    let first = after(&Known { device: Some(6), ..Known::default() }, "email", 6, false);
    assert_eq!((first.attributes.as_slice(), first.unseen), (["email".to_owned()].as_slice(), false));
    let chain = after(&left(7, &["email"], false), "name", 7, false);
    assert_eq!(chain.attributes, ["email", "name"]);
    let interrupted = after(&left(7, &["email"], false), "name", 8, true);
    assert_eq!((interrupted.attributes.as_slice(), interrupted.unseen), (["name".to_owned()].as_slice(), true));
}

#[test]
fn a_value_that_cannot_be_stored_does_not_keep_its_conflict_from_being_told() {
    let change = operation(Command::Update, &[("email", text("a\0b"))]);
    let refusal =
        update(&change, &look(Some(false), false), &Known::default(), &rules(ConflictPolicy::Merge), "contact");
    let verdict = refusal.expect_err("a conflict").verdict(3, "t");
    assert_eq!(verdict.conflicts[0].mine, text("ab"));
}

#[test]
fn a_conflict_tells_all_three_values() {
    let mut operation = change();
    operation.base.insert("email".into(), text("base"));
    let refusal =
        update(&operation, &look(Some(false), false), &Known::default(), &rules(ConflictPolicy::Merge), "contact");
    let verdict = refusal.expect_err("a conflict").verdict(3, "t");
    let [conflict] = verdict.conflicts.as_slice() else { panic!("{verdict:?}") };
    assert_eq!((&conflict.mine, &conflict.theirs), (&text("mine"), &text("theirs")));
    assert_eq!((conflict.base.as_ref(), verdict.version), (Some(&text("base")), Some(7)));
    assert_eq!(verdict.attribute.as_deref(), Some("email"));
}
