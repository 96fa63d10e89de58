//! What unsettled work holds of a row against the server's. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::IgnoredAny;
use sojourn_metadata::Attribute;

use super::queue::EntryCommand;

/// What unsettled work holds of a row against the server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// These attributes.
    Attributes(BTreeSet<String>),
    /// Every attribute: the user has deleted the row and made it anew.
    Values,
    /// The row itself: the user has deleted it, and it stays away.
    Row,
}

impl Hold {
    /// Adds an entry, in order of capture, that sets these attributes; none where they cannot be read.
    pub(super) fn with(self, command: Option<EntryCommand>, sets: Option<BTreeSet<String>>) -> Self {
        match (self, command, sets) {
            (_, Some(EntryCommand::Delete), _) => Self::Row,
            (Self::Row, Some(EntryCommand::Create), _) => Self::Values,
            (Self::Attributes(mut held), Some(EntryCommand::Create | EntryCommand::Update), Some(sets)) => {
                held.extend(sets);
                Self::Attributes(held)
            }
            (Self::Attributes(_), Some(EntryCommand::Create | EntryCommand::Update), None) => Self::Values,
            (held, ..) => held,
        }
    }

    pub(super) fn holds(&self, attribute: &Attribute) -> bool {
        match self {
            Self::Attributes(held) => held.contains(&attribute.name),
            Self::Values | Self::Row => true,
        }
    }
}

/// The members of a JSON object; any program may have written it.
pub(super) fn names(data: &[u8]) -> Option<BTreeSet<String>> {
    let members: BTreeMap<String, IgnoredAny> = serde_json::from_slice(data).ok()?;
    Some(members.into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(entries: &[(EntryCommand, &str)]) -> Hold {
        let none = Hold::Attributes(BTreeSet::new());
        entries.iter().fold(none, |hold, (command, data)| hold.with(Some(*command), names(data.as_bytes())))
    }

    fn attributes(held: &[&str]) -> Hold {
        Hold::Attributes(held.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn what_entries_set_is_held() {
        use EntryCommand::{Create, Delete, Update};
        assert_eq!(hold(&[]), attributes(&[]));
        assert_eq!(hold(&[(Create, r#"{"a":1}"#), (Update, r#"{"b":null,"a":2}"#)]), attributes(&["a", "b"]));
        assert_eq!(hold(&[(Update, r#"{"a":1}"#), (Delete, "")]), Hold::Row);
        assert_eq!(hold(&[(Delete, ""), (Create, r#"{"a":1}"#)]), Hold::Values);
        assert_eq!(hold(&[(Delete, ""), (Create, "{}"), (Update, r#"{"a":1}"#)]), Hold::Values);
        assert_eq!(hold(&[(Update, "{")]), Hold::Values, "nobody knows what it sets");
    }
}
