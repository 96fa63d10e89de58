//! The whole row as a create, for a row that the server has deleted and the user keeps.

use sojourn_metadata::Entity;

use super::chain::Link;
use crate::store::image::{Values, is_blob};
use crate::store::queue::EntryCommand;

/// The values of a row as it was after the first of `links`, as a create sets them; nothing when there is no row. `row`
/// is the row as it is now, with all the later entries in it. Bytes are named only where they are known: the first
/// entry's own, or the row's.
pub(super) fn as_created(entity: &Entity, links: &[Link], row: Option<Values>) -> Option<Values> {
    let (first, later) = links.split_first()?;
    let mut row = row;
    for link in later.iter().rev().filter(|link| !link.withdrawn) {
        match link.command {
            EntryCommand::Delete => row = Some(link.base.clone()),
            EntryCommand::Create => row = None,
            EntryCommand::Update => {
                if let Some(row) = &mut row {
                    row.extend(link.base.clone());
                }
            }
            EntryCommand::Invoke | EntryCommand::Start | EntryCommand::Stop => {}
        }
    }
    let mut row = row?;
    row.extend(first.data.clone());
    let settable = |name: &str| entity.attribute(name).is_some_and(|attribute| !attribute.generated);
    let overlaid = |name: &str| {
        later
            .iter()
            .any(|link| link.data.contains_key(name) || !link.base.is_empty() && link.command == EntryCommand::Delete)
    };
    row.retain(|name, value| {
        let known = !is_blob(value) || first.data.get(name).is_some_and(is_blob) || !overlaid(name);
        name != &entity.key().name && settable(name) && !value.is_null() && known
    });
    Some(row)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::tests::sample::metadata;

    fn values(json: Value) -> Values {
        json.as_object().cloned().unwrap_or_default()
    }

    fn link(command: EntryCommand, data: Value, base: Value) -> Link {
        Link { row_number: 1, command, data: values(data), base: values(base), withdrawn: false }
    }

    fn revived(links: &[Link], row: Option<Value>) -> Option<Value> {
        as_created(&metadata().entities[0], links, row.map(values)).map(Value::Object)
    }

    #[test]
    fn it_has_the_values_of_its_own_time() {
        let first = link(EntryCommand::Update, json!({"name": "B"}), json!({"name": "A"}));
        let later = link(EntryCommand::Update, json!({"name": "C"}), json!({"name": "B"}));
        let row =
            json!({"id": "x", "name": "C", "industry": null, "revenue": 1.5, "search": "s", "logo": {"blob": true}});
        let expected = json!({"name": "B", "revenue": 1.5, "logo": {"blob": true}});
        assert_eq!(revived(&[first.clone(), later], Some(row)), Some(expected));
        assert_eq!(revived(std::slice::from_ref(&first), None), None);
        let delete = link(EntryCommand::Delete, json!({}), json!({"name": "B", "revenue": 2}));
        assert_eq!(revived(&[first, delete], None), Some(json!({"name": "B", "revenue": 2})));
    }

    #[test]
    fn bytes_that_a_later_entry_set_are_not_its_own() {
        let first = link(EntryCommand::Update, json!({"name": "B"}), json!({"name": "A"}));
        let later = link(EntryCommand::Update, json!({"logo": {"blob": true}}), json!({"logo": {"blob": true}}));
        let row = json!({"name": "B", "logo": {"blob": true}});
        assert_eq!(revived(&[first, later], Some(row)), Some(json!({"name": "B"})));
    }
}
