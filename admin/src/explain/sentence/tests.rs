use super::*;
use crate::explain::facts::{EntryFound, FilterDecided, PolicyDecided, Standing};
use uuid::Uuid;

const VERSION: i64 = 700;

/// A row that is on the device as it is on the server.
fn facts() -> Explained {
    let standing =
        Standing { status: "active".to_owned(), primary: Some("laptop".to_owned()), go_offline: true, prepared: true };
    Explained {
        subscription: "s1".to_owned(),
        user_id: Uuid::from_u128(1),
        entity: "contact".to_owned(),
        table: "crm.contact".to_owned(),
        object_id: Uuid::from_u128(2),
        conclusion: String::new(),
        version: Some(VERSION),
        visible: Some(Decided::Yes),
        policies: Some(vec![policy("may_read", true, Decided::Yes)]),
        filter: Some(FilterDecided { filter: "TRUE".to_owned(), lets_through: Decided::Yes }),
        groups: vec![],
        entry: entry(EntryState::Synchronised, VERSION),
        next: Next::NotLookedAt,
        standing,
    }
}

fn policy(name: &str, permissive: bool, lets_through: Decided) -> PolicyDecided {
    PolicyDecided { name: name.to_owned(), permissive, lets_through: Some(lets_through) }
}

fn entry(state: EntryState, version: i64) -> Option<EntryFound> {
    Some(EntryFound { state, version })
}

fn group(name: &str, kind: Kind, lets_through: Decided) -> GroupDecided {
    let (name, filter) = (name.to_owned(), "city = 'Oslo'".to_owned());
    GroupDecided { id: None, name, kind, filter, not_in_force: None, lets_through: Some(lets_through) }
}

fn hidden_by(policies: Vec<PolicyDecided>) -> String {
    sentence(&Explained { visible: Some(Decided::No), policies: Some(policies), entry: None, ..facts() })
}

fn kept_away_by(groups: Vec<GroupDecided>) -> String {
    let filter = Some(FilterDecided { filter: "FALSE".to_owned(), lets_through: Decided::No });
    sentence(&Explained { filter, groups, entry: None, ..facts() })
}

#[test]
fn a_row_that_belongs_there_is_somewhere_on_its_way() {
    let (current, moving) = (facts(), Next::Candidate);
    assert_eq!(sentence(&current), "The row is on the device, as it is on the server.");
    let told = |entry, next: &Next| sentence(&Explained { entry, next: next.clone(), ..facts() });
    let older = entry(EntryState::Synchronised, VERSION - 1);
    assert_eq!(
        told(older, &moving),
        "The row is on the device in another version, and a sync brings the one of the server."
    );
    let waiting = told(entry(EntryState::ToMove, VERSION), &Next::NotLookedAt);
    assert_eq!(waiting, "The row belongs on the device, and waits to be moved there.");
    assert!(told(None, &moving).ends_with("is not there yet, and a sync brings it."));
    assert!(told(None, &Next::NotLookedAt).ends_with("`sojourn-admin subscriptions full s1 --entity contact`."));
}

#[test]
fn a_deleted_row_is_taken_off() {
    let gone = || Explained { version: None, visible: None, filter: None, ..facts() };
    let told = |entry| sentence(&Explained { entry, next: Next::Candidate, ..gone() });
    assert_eq!(told(None), "There is no such row, neither on the server nor on the device.");
    let synchronised = told(entry(EntryState::Synchronised, VERSION));
    assert_eq!(synchronised, "The row was deleted on the server, and a sync takes it off the device.");
    assert!(told(entry(EntryState::ToDelete, VERSION)).contains("waits to be deleted on the device."));
}

#[test]
fn the_policy_that_decides_is_named() {
    assert_eq!(
        hidden_by(vec![policy("may_read", true, Decided::No)]),
        "The row is not on the device, because the user does not see it: the policy \"may_read\" does not let it through."
    );
    let two = hidden_by(vec![policy("a", true, Decided::No), policy("b", true, Decided::Failed("x".into()))]);
    assert!(two.contains("none of the policies \"a\", \"b\" lets it through"), "{two}");
    let fence = [policy("a", true, Decided::Yes), policy("fence", false, Decided::No)];
    assert!(hidden_by(fence.to_vec()).contains("the restrictive policy \"fence\" stops it."));
    let fences = [policy("fence", false, Decided::No), policy("wall", false, Decided::No)];
    assert!(hidden_by(fences.to_vec()).contains("the restrictive policies \"fence\", \"wall\" stop it."));
    assert!(hidden_by(vec![]).contains("no policy lets anybody of the acting role read the table"));
}

#[test]
fn the_group_that_decides_is_named() {
    let own = || group("mine", Kind::Own, Decided::No);
    let fence = kept_away_by(vec![own(), group("fence", Kind::Enforced, Decided::No)]);
    assert_eq!(fence, "The row is not on the device, because the enforced local data group \"fence\" keeps it away.");
    let out = GroupDecided { not_in_force: Some("it is for others"), ..group("theirs", Kind::Enforced, Decided::No) };
    let chosen = kept_away_by(vec![out, group("fence", Kind::Enforced, Decided::Yes), own()]);
    assert!(chosen.ends_with("it is in none of the local data groups in force: \"mine\"."), "{chosen}");
    let two = vec![group("a", Kind::Enforced, Decided::No), group("b", Kind::Enforced, Decided::No)];
    assert!(kept_away_by(two).contains("the enforced local data groups \"a\", \"b\" keep it away"));
}

#[test]
fn what_cannot_be_known_is_said() {
    let visible = Some(Decided::Failed("permission denied for table contact".to_owned()));
    let told = sentence(&Explained { visible, ..facts() });
    assert!(told.contains("cannot be said: reading it as the user fails (permission denied"), "{told}");
}

#[test]
fn a_refused_sync_is_told_with_the_answer() {
    let refused = Next::Refused("the subscription is revoked".to_owned());
    let told = sentence(&Explained { next: refused, entry: None, ..facts() });
    assert!(told.ends_with("a sync brings it; but no sync takes place: the subscription is revoked."), "{told}");
}
