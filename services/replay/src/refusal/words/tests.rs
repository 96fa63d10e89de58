//! The words, case by case, as they are reviewed.

use super::*;
use crate::refusal::tidy;
use crate::testing::{CONTACT, metadata};

fn own() -> Option<(String, String)> {
    Some(("crm".into(), "contact".into()))
}

fn other(table: &str) -> Option<(String, String)> {
    Some(("crm".into(), table.into()))
}

fn rule(columns: &[&str], target: Option<(String, String)>) -> Rule {
    Rule { columns: columns.iter().map(|column| Some((*column).to_owned())).collect(), target }
}

fn failure(code: &str, constraint: &str) -> Failure {
    let constraint = (!constraint.is_empty()).then(|| constraint.to_owned());
    Failure { code: code.into(), message: "in Postgres' words".into(), table: own(), constraint, ..Failure::default() }
}

fn told(command: RowCommand, failure: &Failure, rule: Option<&Rule>) -> String {
    let metadata = metadata();
    let table = metadata.table_of(CONTACT).expect("there");
    let refusal = Attempted { metadata: &metadata, table, command }.refusal(failure, rule);
    format!("{:<10} {}", refusal.attribute.unwrap_or_default(), refusal.reason)
}

#[test]
fn every_refusal_says_what_to_act_on() {
    use RowCommand::{Create, Delete, Update};
    let null = |column: &str| Failure { column: Some(column.into()), ..failure("23502", "") };
    let at = |table, failure: Failure| Failure { table, ..failure };
    let nested = |failure: Failure| Failure { nested: true, ..failure };
    let raised = |column: Option<&str>| Failure {
        code: "P0001".into(),
        message: "A contact needs a phone or an address.".into(),
        column: column.map(str::to_owned),
        raised: true,
        nested: true,
        ..Failure::default()
    };
    let own_id = rule(&["id"], None);
    let two = rule(&["last_name", "code"], None);
    let owner = rule(&["owner_id"], other("app_user"));
    let account = rule(&["owner_id"], other("account"));
    let expression = Rule { columns: vec![None], target: None };
    let cases = [
        told(Create, &null("last_name"), None),
        told(Create, &null("secret"), None),
        told(Create, &nested(at(other("audit"), null("who"))), None),
        told(Create, &failure("23505", "contact_pkey"), Some(&own_id)),
        told(Create, &failure("23505", "contact_code_key"), Some(&rule(&["code"], None))),
        told(Update, &failure("23505", "contact_two_key"), Some(&two)),
        told(Update, &failure("23505", "contact_lower_idx"), Some(&expression)),
        told(
            Create,
            &at(other("contact_2026"), failure("23505", "contact_2026_code_key")),
            Some(&rule(&["code"], None)),
        ),
        told(Create, &failure("23503", "contact_owner_fkey"), Some(&owner)),
        told(Update, &failure("23503", "contact_account_fkey"), Some(&account)),
        told(Delete, &at(other("case"), failure("23503", "case_contact_fkey")), Some(&rule(&["contact_id"], own()))),
        told(Delete, &failure("23503", "contact_manager_fkey"), Some(&rule(&["owner_id"], own()))),
        told(Create, &failure("23514", "score_range"), Some(&rule(&["score"], None))),
        told(Update, &failure("23514", "dates_in_order"), Some(&rule(&["born", "seen_at"], None))),
        told(Create, &failure("23P01", "no_overlap"), None),
        told(Create, &failure("42501", ""), None),
        told(Update, &failure("42501", ""), None),
        told(Delete, &failure("42501", ""), None),
        told(Create, &Failure { column: Some("score".into()), ..failure("22003", "") }, None),
        told(Create, &failure("22001", ""), None),
        told(Create, &failure("22P02", ""), None),
        told(Create, &Failure { column: Some("born".into()), ..failure("22007", "") }, None),
        told(Update, &Failure { column: Some("last_name".into()), ..failure("22001", "") }, None),
        told(Create, &nested(failure("42501", "")), None),
        told(Create, &failure("42703", ""), None),
        told(Create, &failure("XX000", ""), None),
        told(Create, &raised(None), None),
        told(Create, &raised(Some("score")), None),
    ];
    insta::with_settings!({ snapshot_path => "../../../golden", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("refusals.txt", cases.join("\n"));
    });
}

#[test]
fn words_from_outside_are_storable_and_short() {
    assert_eq!(tidy("a\0b\u{7}\nc"), "ab\nc");
    assert_eq!(tidy(&"ü".repeat(2000)).chars().count(), 500);
}
