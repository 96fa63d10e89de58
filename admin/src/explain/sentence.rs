//! The answer in one sentence. Pure.

use super::facts::{Decided, EntryState, Explained, GroupDecided, Next};
use crate::filters::kind::Kind;

/// Whether the row belongs on the device.
enum Belongs {
    Yes,
    /// There is no such row.
    Gone,
    /// The reason.
    No(String),
    /// Why that cannot be said.
    Unknown(String),
}

/// What the device has of the row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// The row as it is on the server.
    Current,
    /// Another version of it.
    Older,
    /// It waits to be moved.
    Waiting,
    /// It waits to be deleted.
    Leaving,
}

/// Says it.
#[must_use]
pub fn sentence(facts: &Explained) -> String {
    // What is settled need not be looked at by the next prepare: it is so, or any sync moves it.
    let (words, settled) = match (belongs(facts), held(facts)) {
        (Belongs::Unknown(reason), _) => {
            (format!("Whether the row belongs on the device cannot be said: {reason}"), true)
        }
        (Belongs::Gone, Held::Nothing) => {
            ("There is no such row, neither on the server nor on the device".into(), true)
        }
        (Belongs::Gone, Held::Leaving) => {
            ("The row was deleted on the server, and waits to be deleted on the device".into(), true)
        }
        (Belongs::Gone, _) => ("The row was deleted on the server, and a sync takes it off the device".into(), false),
        (Belongs::No(reason), Held::Nothing) => (format!("The row is not on the device, because {reason}"), true),
        (Belongs::No(reason), Held::Leaving) => {
            (format!("The row waits to be deleted on the device, because {reason}"), true)
        }
        (Belongs::No(reason), _) => {
            (format!("The row is still kept for the device, and a sync takes it off, because {reason}"), false)
        }
        (Belongs::Yes, Held::Current) => ("The row is on the device, as it is on the server".into(), true),
        (Belongs::Yes, Held::Older) => {
            ("The row is on the device in another version, and a sync brings the one of the server".into(), false)
        }
        (Belongs::Yes, Held::Waiting) => ("The row belongs on the device, and waits to be moved there".into(), true),
        (Belongs::Yes, Held::Leaving) => {
            ("The row was to be deleted on the device, but belongs there again, and a sync sees to it".into(), false)
        }
        (Belongs::Yes, Held::Nothing) => {
            ("The row belongs on the device and is not there yet, and a sync brings it".into(), false)
        }
    };
    format!("{words}{}.", but(facts, settled))
}

/// What keeps it from coming about.
fn but(facts: &Explained, settled: bool) -> String {
    match &facts.next {
        Next::Refused(words) => format!("; but no sync takes place: {words}"),
        Next::NotLookedAt if !settled => format!(
            "; but the next one would not look at the row: ask for it with `sojourn-admin subscriptions full {} \
             --entity {}`",
            facts.subscription, facts.entity
        ),
        _ => String::new(),
    }
}

fn held(facts: &Explained) -> Held {
    let Some(entry) = facts.entry else { return Held::Nothing };
    match entry.state {
        EntryState::ToMove => Held::Waiting,
        EntryState::ToDelete => Held::Leaving,
        EntryState::Synchronised if Some(entry.version) == facts.version => Held::Current,
        EntryState::Synchronised => Held::Older,
    }
}

fn belongs(facts: &Explained) -> Belongs {
    let Some(visible) = &facts.visible else { return Belongs::Gone };
    match (visible, facts.filter.as_ref().map(|filter| &filter.lets_through)) {
        (Decided::Failed(words), _) => Belongs::Unknown(format!("reading it as the user fails ({words})")),
        (Decided::No, _) => Belongs::No(hidden(facts)),
        (Decided::Yes, Some(Decided::Failed(words))) => {
            Belongs::Unknown(format!("the filter in force fails ({words})"))
        }
        (Decided::Yes, Some(Decided::No)) => Belongs::No(filtered(facts)),
        (Decided::Yes, Some(Decided::Yes) | None) => Belongs::Yes,
    }
}

/// Why row-level security hides it.
fn hidden(facts: &Explained) -> String {
    let policies = facts.policies.as_deref().unwrap_or_default();
    let stops = |permissive: bool| policies.iter().filter(move |policy| policy.permissive == permissive);
    let restrictive: Vec<&str> = stops(false)
        .filter(|policy| policy.lets_through != Some(Decided::Yes))
        .map(|policy| policy.name.as_str())
        .collect();
    if !restrictive.is_empty() {
        return format!(
            "the user does not see it: {} it",
            many(&restrictive, "restrictive policy", "policies", "stop")
        );
    }
    let permissive: Vec<&str> = stops(true).map(|policy| policy.name.as_str()).collect();
    match permissive.as_slice() {
        [] => "the user does not see it: no policy lets anybody of the acting role read the table".to_owned(),
        _ if stops(true).any(|policy| policy.lets_through == Some(Decided::Yes)) => {
            "the user does not see it, although each policy by itself lets it through".to_owned()
        }
        [one] => format!("the user does not see it: the policy {one:?} does not let it through"),
        names => format!("the user does not see it: none of the policies {} lets it through", quoted(names)),
    }
}

/// Which local data groups keep it away.
fn filtered(facts: &Explained) -> String {
    let in_force = || facts.groups.iter().filter(|group| group.not_in_force.is_none());
    let stops = |group: &&GroupDecided| group.lets_through != Some(Decided::Yes);
    let names = |groups: Vec<&GroupDecided>| groups.iter().map(|group| group.name.clone()).collect::<Vec<_>>();
    let enforced = names(in_force().filter(|group| group.kind == Kind::Enforced).filter(stops).collect());
    let enforced: Vec<&str> = enforced.iter().map(String::as_str).collect();
    if !enforced.is_empty() {
        return format!("{} it away", many(&enforced, "enforced local data group", "groups", "keep"));
    }
    let chosen = names(in_force().filter(|group| group.kind != Kind::Enforced).collect());
    let chosen: Vec<&str> = chosen.iter().map(String::as_str).collect();
    format!("it is in none of the local data groups in force: {}", quoted(&chosen))
}

/// "the X "a" VERBs" or "the Xs "a", "b" VERB".
fn many(names: &[&str], one: &str, plural: &str, verb: &str) -> String {
    match names {
        [name] => format!("the {one} {name:?} {verb}s"),
        names => {
            let stem = one.rsplit_once(' ').map_or("", |(stem, _)| stem);
            format!("the {stem} {plural} {} {verb}", quoted(names))
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
