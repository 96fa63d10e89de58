//! The unfinished entries of one object, each on top of the one before: what becomes of the later ones and of the row
//! when one of them changes or is taken out.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::store::image::{Image, Values, blob, is_blob};
use crate::store::queue::EntryCommand;

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) row_number: i64,
    pub(super) command: EntryCommand,
    pub(super) data: Values,
    pub(super) base: Values,
    /// It is given up, now or before: nothing builds upon it.
    pub(super) withdrawn: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    Value(Value),
    /// The bytes that this entry sets.
    BytesOf(i64),
}

/// What becomes of the row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RowChange {
    /// These attributes get these values, where the row is there.
    Set(BTreeMap<String, Source>),
    /// The row comes back with these values.
    Put(BTreeMap<String, Source>),
    Gone,
}

/// The entries of one object in order of capture, the server's image beneath them, and what becomes of the row on top.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chain {
    pub(super) links: Vec<Link>,
    pub(super) image: Option<Image>,
    pub(super) row: RowChange,
}

impl Link {
    fn sets(&self, attribute: &str) -> bool {
        let writes = matches!(self.command, EntryCommand::Create | EntryCommand::Update);
        !self.withdrawn && writes && self.data.contains_key(attribute)
    }

    fn is_delete(&self) -> bool {
        !self.withdrawn && self.command == EntryCommand::Delete
    }
}

impl Chain {
    pub(super) fn new(links: Vec<Link>, image: Option<Image>) -> Self {
        Self { links, image, row: RowChange::Set(BTreeMap::new()) }
    }

    pub(super) fn position(&self, row_number: i64) -> Option<usize> {
        self.links.iter().position(|link| link.row_number == row_number)
    }

    /// What the attribute is after the entry, when a later one builds upon it.
    pub(super) fn before_next(&self, index: usize, attribute: &str) -> Option<Value> {
        self.next_of(index, attribute).and_then(|next| self.links[next].base.get(attribute).cloned())
    }

    /// The attribute has this value after the entry: the next one that sets it builds upon that, or else the row has it.
    pub(super) fn hand_on(&mut self, index: usize, attribute: &str, value: Source) {
        match self.next_of(index, attribute) {
            Some(next) => {
                let known = match value {
                    Source::Value(value) if !value.is_object() => value,
                    _ => blob(),
                };
                self.links[next].base.insert(attribute.to_owned(), known);
            }
            None => {
                if let RowChange::Set(values) | RowChange::Put(values) = &mut self.row {
                    values.insert(attribute.to_owned(), value);
                }
            }
        }
    }

    /// Takes entries out, the last one first.
    pub(super) fn give_up(&mut self, row_numbers: &BTreeSet<i64>) {
        for index in (0..self.links.len()).rev() {
            if row_numbers.contains(&self.links[index].row_number) {
                self.links[index].withdrawn = true;
                self.take_out(index);
            }
        }
        self.land();
    }

    fn take_out(&mut self, index: usize) {
        match self.links[index].command {
            EntryCommand::Create => self.row = RowChange::Gone,
            EntryCommand::Delete => self.row = RowChange::Put(self.sources(index)),
            EntryCommand::Update => {
                for (attribute, source) in self.sources(index) {
                    let source = self.uncovered(&attribute).unwrap_or(source);
                    self.hand_on(index, &attribute, source);
                }
            }
            EntryCommand::Invoke | EntryCommand::Start | EntryCommand::Stop => {}
        }
    }

    /// What the attributes were before the entry. Of bytes only those are known that an earlier entry sets.
    fn sources(&self, index: usize) -> BTreeMap<String, Source> {
        let source = |(attribute, value): (&String, &Value)| {
            let source = match is_blob(value) {
                false => Source::Value(value.clone()),
                true => {
                    let mut earlier = self.links[..index].iter().rev();
                    let setter = earlier.find(|link| is_blob(link.data.get(attribute).unwrap_or(&Value::Null)))?;
                    Source::BytesOf(setter.row_number)
                }
            };
            Some((attribute.clone(), source))
        };
        self.links[index].base.iter().filter_map(source).collect()
    }

    /// What the server has, when no entry hides it any more.
    fn uncovered(&self, attribute: &str) -> Option<Source> {
        let Some(Image::Hidden(values)) = &self.image else { return None };
        let hidden = self.links.iter().any(|link| link.sets(attribute));
        values.get(attribute).filter(|_| !hidden).map(|value| Source::Value(value.clone()))
    }

    /// Brings row and image to what the entries that are left allow.
    fn land(&mut self) {
        if let RowChange::Put(_) = &self.row {
            self.overlay();
        }
        self.uncover();
        if self.links.iter().all(|link| link.withdrawn) {
            if self.image == Some(Image::Gone) {
                self.row = RowChange::Gone;
            }
            self.image = None;
        }
    }

    /// Takes off the image what no entry hides any more.
    pub(super) fn uncover(&mut self) {
        if let Some(Image::Hidden(values)) = &mut self.image
            && !self.links.iter().any(Link::is_delete)
        {
            values.retain(|attribute, _| self.links.iter().any(|link| link.sets(attribute)));
        }
    }

    /// A row that comes back has the server's values where no entry sets others.
    fn overlay(&mut self) {
        let Some(Image::Hidden(values)) = &self.image else { return };
        let seen: Vec<(String, Source)> =
            values.keys().filter_map(|attribute| Some((attribute.clone(), self.uncovered(attribute)?))).collect();
        if let RowChange::Put(row) = &mut self.row {
            row.extend(seen);
        }
    }

    /// The next entry that builds upon the attribute's value: it sets it, or takes the row away.
    fn next_of(&self, index: usize, attribute: &str) -> Option<usize> {
        (index + 1..self.links.len()).find(|&later| self.links[later].sets(attribute) || self.links[later].is_delete())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(json: Value) -> Values {
        json.as_object().cloned().unwrap_or_default()
    }

    fn link(row_number: i64, command: EntryCommand, data: Value, base: Value) -> Link {
        Link { row_number, command, data: values(data), base: values(base), withdrawn: false }
    }

    fn update(row_number: i64, data: Value, base: Value) -> Link {
        link(row_number, EntryCommand::Update, data, base)
    }

    fn given_up(links: Vec<Link>, image: Option<Image>, rows: &[i64]) -> Chain {
        let mut chain = Chain::new(links, image);
        chain.give_up(&rows.iter().copied().collect());
        chain
    }

    fn set(json: Value) -> RowChange {
        RowChange::Set(sources(json))
    }

    fn sources(json: Value) -> BTreeMap<String, Source> {
        values(json).into_iter().map(|(name, value)| (name, Source::Value(value))).collect()
    }

    #[test]
    fn the_row_gets_its_base_back() {
        let chain = given_up(vec![update(1, json!({"a": 2, "b": 2}), json!({"a": 1, "b": null}))], None, &[1]);
        assert_eq!(chain.row, set(json!({"a": 1, "b": null})));
    }

    #[test]
    fn a_later_entry_builds_upon_what_was_before() {
        let links = vec![
            update(1, json!({"a": 2, "b": 2}), json!({"a": 1, "b": 1})),
            update(2, json!({"a": 3}), json!({"a": 2})),
        ];
        let chain = given_up(links, None, &[1]);
        assert_eq!((chain.row, &chain.links[1].base), (set(json!({"b": 1})), &values(json!({"a": 1}))));
        let links = vec![
            update(1, json!({"a": 2}), json!({"a": 1})),
            link(2, EntryCommand::Delete, json!({}), json!({"a": 2, "b": 5})),
        ];
        let chain = given_up(links, None, &[1]);
        assert_eq!((chain.row, &chain.links[1].base), (set(json!({})), &values(json!({"a": 1, "b": 5}))));
    }

    #[test]
    fn the_servers_value_comes_before_the_base() {
        let links = || {
            vec![
                update(1, json!({"a": 2}), json!({"a": 1})),
                update(2, json!({"a": 3, "b": 3}), json!({"a": 2, "b": 1})),
            ]
        };
        let image = || Some(Image::Hidden(values(json!({"a": 7, "b": 8}))));
        let chain = given_up(links(), image(), &[1, 2]);
        assert_eq!((chain.row, chain.image), (set(json!({"a": 7, "b": 8})), None));
        let chain = given_up(links(), image(), &[2]);
        assert_eq!(chain.row, set(json!({"a": 2, "b": 8})), "the first still hides a");
        assert_eq!(chain.image, Some(Image::Hidden(values(json!({"a": 7})))));
    }

    #[test]
    fn a_row_that_the_server_deleted_goes_with_the_last_entry() {
        let links = vec![update(1, json!({"a": 2}), json!({"a": 1})), update(2, json!({"b": 3}), json!({"b": 1}))];
        let chain = given_up(links.clone(), Some(Image::Gone), &[1]);
        assert_eq!((chain.row, chain.image), (set(json!({"a": 1})), Some(Image::Gone)));
        let chain = given_up(links, Some(Image::Gone), &[1, 2]);
        assert_eq!((chain.row, chain.image), (RowChange::Gone, None));
    }

    #[test]
    fn a_deleted_row_comes_back() {
        let delete = link(2, EntryCommand::Delete, json!({}), json!({"a": 2, "b": 1}));
        let links = vec![update(1, json!({"a": 2}), json!({"a": 1})), delete];
        let chain = given_up(links.clone(), None, &[2]);
        assert_eq!(chain.row, RowChange::Put(sources(json!({"a": 2, "b": 1}))));
        let image = Some(Image::Hidden(values(json!({"a": 7, "b": 8}))));
        let chain = given_up(links.clone(), image.clone(), &[2]);
        assert_eq!(chain.row, RowChange::Put(sources(json!({"a": 2, "b": 8}))));
        let chain = given_up(links, image, &[1, 2]);
        assert_eq!((chain.row, chain.image), (RowChange::Put(sources(json!({"a": 7, "b": 8}))), None));
    }

    #[test]
    fn bytes_come_from_the_entry_that_set_them() {
        let blob = json!({"blob": true});
        let links =
            vec![update(1, json!({"a": blob}), json!({"a": blob})), update(2, json!({"a": null}), json!({"a": blob}))];
        let chain = given_up(links.clone(), None, &[2]);
        assert_eq!(chain.row, RowChange::Set([("a".to_owned(), Source::BytesOf(1))].into()));
        let chain = given_up(links[..1].to_vec(), None, &[1]);
        assert_eq!(chain.row, set(json!({})), "nobody knows the bytes that were there before");
    }
}
