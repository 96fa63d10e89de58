//! Another row takes the place of one that was created here.

use std::collections::BTreeSet;

use serde_json::Value;

use super::chain::Link;
use crate::store::image::Values;
use crate::store::queue::EntryCommand;

/// What becomes of the entries after the create of a row that another one replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repointed {
    /// These are about the other row now.
    pub(super) moved: BTreeSet<i64>,
    /// This one would delete the row that is not made: it is given up.
    pub(super) given_up: Option<i64>,
    /// The row is made again by a later entry: it stays.
    pub(super) made_again: bool,
}

/// Follows the entries after the create, up to the one that deletes the row.
pub(super) fn follow(later: &[Link]) -> Repointed {
    let mut repointed = Repointed::default();
    let mut later = later.iter().filter(|link| !link.withdrawn);
    for link in later.by_ref() {
        match link.command {
            EntryCommand::Delete => {
                repointed.given_up = Some(link.row_number);
                break;
            }
            _ => {
                repointed.moved.insert(link.row_number);
            }
        }
    }
    repointed.made_again = later.any(|link| link.command == EntryCommand::Create);
    repointed
}

/// The values with every reference to `from` replaced; nothing when there is none.
pub(super) fn references(values: &Values, attributes: &BTreeSet<&str>, from: &str, to: &str) -> Option<Values> {
    let mut replaced = values.clone();
    for (name, value) in &mut replaced {
        if attributes.contains(name.as_str()) && value.as_str() == Some(from) {
            *value = Value::from(to);
        }
    }
    (&replaced != values).then_some(replaced)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn link(row_number: i64, command: EntryCommand) -> Link {
        Link { row_number, command, data: Values::new(), base: Values::new(), withdrawn: false }
    }

    #[test]
    fn updates_move_and_a_delete_is_given_up() {
        use EntryCommand::{Create, Delete, Invoke, Update};
        let later = [link(2, Update), link(3, Invoke), link(4, Delete), link(5, Create), link(6, Update)];
        let repointed = follow(&later);
        assert_eq!(repointed, Repointed { moved: [2, 3].into(), given_up: Some(4), made_again: true });
    }

    #[test]
    fn only_references_are_replaced() {
        let values = |json: Value| json.as_object().cloned().unwrap_or_default();
        let data = values(json!({"parent_id": "old", "name": "old", "n": 1}));
        let replaced = references(&data, &BTreeSet::from(["parent_id"]), "old", "new");
        assert_eq!(replaced, Some(values(json!({"parent_id": "new", "name": "old", "n": 1}))));
        assert_eq!(references(&data, &BTreeSet::from(["parent_id"]), "other", "new"), None);
    }
}
