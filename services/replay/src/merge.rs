//! Conflicts: what is done when the server's row is no longer what the device saw. Pure.
//!
//! The three-way merge needs no history: an operation brings, for each attribute it sets, what the attribute held when the
//! user changed it (its *base*), and the row says what it holds now. What the device's own earlier operations did to the row is
//! nobody's conflict, even where a trigger of the server made something else of it.

mod known;
#[cfg(test)]
mod tests;

use sojourn_metadata::replay::{ConflictPolicy, ReplayRules};
use sojourn_wire::message::operation::{Conflict, FieldValue, Operation, Side};

use crate::refusal::{Clash, Kind, Refusal};

pub use known::{Known, Left, Own};

/// The server's row, as the user sees it now, in view of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// The version of the row: the transaction that wrote it.
    pub version: u32,
    /// The attributes that the operation sets, of those that can be compared.
    pub attributes: Vec<Seen>,
}

/// One attribute of the server's row.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// It is what the user changed it from; none when that is not known.
    pub is_base: Option<bool>,
    /// It is what the user changes it to.
    pub is_mine: bool,
    /// What it holds.
    pub theirs: FieldValue,
}

/// An operation may be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// It is done beside somebody else's changes.
    pub merged: bool,
    /// What it leaves.
    pub left: Left,
}

/// Whether an update may be written, and whether it is written beside somebody else's changes.
///
/// # Errors
/// [`Refusal`]: the conflict.
pub fn update(
    operation: &Operation,
    look: &Look,
    known: &Known,
    rules: &ReplayRules,
    entity: &str,
) -> Result<Judged, Refusal> {
    let changed = known.is_changed(operation, look.version);
    let told = known.told(look.version);
    let names = look.attributes.iter().map(|seen| seen.name.clone());
    let left = known.after(names, Some((look.version, changed)));
    if operation.seen == Some(told) {
        // Nothing that lies beneath is unseen any more.
        return Ok(Judged { merged: true, left: Left { unseen: false, ..left } });
    }
    let mut merged = changed && rules.row_policy(entity) != ConflictPolicy::LastWins;
    let mut conflicts = Vec::new();
    for seen in &look.attributes {
        let policy = rules.policy(entity, &seen.name);
        // What it was is not always known: then any change of the row may have been one of it.
        let is_same = seen.is_base.unwrap_or(!changed);
        if policy == ConflictPolicy::LastWins || is_same || known.is_own(&seen.name, look.version) {
            continue;
        }
        if policy == ConflictPolicy::Merge && seen.is_mine {
            merged = true;
            continue;
        }
        conflicts.push(Conflict {
            attribute: seen.name.clone(),
            mine: operation.data.get(&seen.name).map_or(FieldValue::Null, storable),
            base: operation.base.get(&seen.name).filter(|base| can_be_stored(base)).cloned(),
            theirs: seen.theirs.clone(),
            cut: false,
        });
    }
    let Some(first) = conflicts.first().map(|conflict| conflict.attribute.clone()) else {
        return Ok(Judged { merged, left });
    };
    let names: Vec<&str> = conflicts.iter().map(|conflict| conflict.attribute.as_str()).collect();
    let reason = format!("somebody else has changed {} of this {entity} meanwhile", names.join(", "));
    Err(clash(&reason, Clash { conflicts, deleted: None, version: Some(told) }).of_attribute(&first))
}

/// What the user wants, as it can be told: a plug-in may have put another value in place of one that nobody can store.
fn storable(value: &FieldValue) -> FieldValue {
    match value {
        FieldValue::Text(text) => FieldValue::Text(text.replace('\0', "")),
        value => value.clone(),
    }
}

/// Postgres stores no NUL, and verdicts are stored.
fn can_be_stored(value: &FieldValue) -> bool {
    !matches!(value, FieldValue::Text(text) if text.contains('\0'))
}

/// Whether a row of this version may be deleted; merged when somebody else has changed it and that does not matter.
///
/// # Errors
/// [`Refusal`]: the conflict.
pub fn delete(
    operation: &Operation,
    version: u32,
    known: &Known,
    rules: &ReplayRules,
    entity: &str,
) -> Result<bool, Refusal> {
    let told = known.told(version);
    if operation.seen == Some(told) {
        return Ok(true);
    }
    if rules.row_policy(entity) == ConflictPolicy::LastWins || !known.is_changed(operation, version) {
        return Ok(false);
    }
    let reason = format!("somebody else has changed this {entity} since you saw it");
    Err(clash(&reason, Clash { conflicts: Vec::new(), deleted: Some(Side::Mine), version: Some(told) }))
}

/// The words for an update of a row that was deleted on the server.
#[must_use]
pub fn deleted(rules: &ReplayRules, entity: &str) -> Refusal {
    let reason = format!("this {entity} was deleted on the server meanwhile");
    match rules.row_policy(entity) {
        ConflictPolicy::LastWins => Refusal::new(&reason),
        _ => clash(&reason, Clash { conflicts: Vec::new(), deleted: Some(Side::Theirs), version: None }),
    }
}

fn clash(reason: &str, clash: Clash) -> Refusal {
    Refusal { kind: Kind::Conflict(Box::new(clash)), ..Refusal::new(reason) }
}
