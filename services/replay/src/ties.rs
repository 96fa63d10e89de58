//! What an operation builds on: the objects that it writes, names, deletes and leaves. Pure.

use sojourn_metadata::Metadata;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, RowCommand};
use uuid::Uuid;

use crate::validate::Write;
use crate::value::Parameter;

/// An object: its entity, because tables may share their keys, and its id.
pub type Object = (i32, Uuid);

/// The object of an operation.
#[must_use]
pub fn object_of(operation: &Operation) -> Object {
    (operation.object_type_code, operation.object_id)
}

/// The object of a write.
#[must_use]
pub fn object_written(write: &Write<'_>) -> Object {
    (write.table.object_type_code, write.object_id)
}

/// What one operation builds on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ties {
    /// Its own object, and what a plug-in writes for it.
    pub writes: Vec<Object>,
    /// Those that its values refer to, or a plug-in's. Of a named command's parameters nobody knows the entity: every one
    /// is meant.
    pub refers: Vec<Object>,
    /// Those among the written that it deletes.
    pub deletes: Vec<Object>,
    /// Those that its row referred to before, and then no longer: until it is carried out they still have the row.
    pub leaves: Vec<Object>,
}

impl Ties {
    /// The ties of an operation that comes to these writes.
    #[must_use]
    pub fn of(operation: &Operation, writes: &[Write<'_>], metadata: &Metadata) -> Self {
        let written = writes.iter().map(object_written);
        let deleted = writes.iter().filter(|write| write.command == RowCommand::Delete).map(object_written);
        let own = (operation.command == Command::Delete).then(|| object_of(operation));
        let amended = writes.iter().flat_map(|write| referred_by_write(write, metadata));
        Self {
            writes: set(std::iter::once(object_of(operation)).chain(written)),
            refers: set(referred(operation, metadata).into_iter().chain(amended)),
            deletes: set(own.into_iter().chain(deleted)),
            leaves: set(left(operation, metadata)),
        }
    }

    /// Every object that must be looked up.
    pub fn all(&self) -> impl Iterator<Item = Object> {
        self.writes.iter().chain(&self.refers).copied()
    }
}

/// The references of an entity: attribute, and the object type code that it refers to.
fn references(metadata: &Metadata, object_type_code: i32) -> impl Iterator<Item = (&str, i32)> {
    let entity = metadata.entity_of(object_type_code);
    entity.into_iter().flat_map(|entity| &entity.relationships).filter_map(|relationship| {
        Some((relationship.attribute.as_str(), metadata.entity(&relationship.target)?.object_type_code))
    })
}

fn referred(operation: &Operation, metadata: &Metadata) -> Vec<Object> {
    if operation.command == Command::Invoke {
        let ids: Vec<Uuid> = operation.data.values().filter_map(id).collect();
        return metadata.entities.iter().flat_map(|e| ids.iter().map(|id| (e.object_type_code, *id))).collect();
    }
    references(metadata, operation.object_type_code)
        .filter_map(|(attribute, code)| Some((code, operation.data.get(attribute).and_then(id)?)))
        .collect()
}

fn referred_by_write(write: &Write<'_>, metadata: &Metadata) -> Vec<Object> {
    let value = |attribute: &str| {
        let (_, parameter) = write.values.iter().find(|(column, _)| column.attribute.name == attribute)?;
        let Parameter::Text(Some(text)) = parameter else { return None };
        text.parse().ok()
    };
    references(metadata, write.table.object_type_code)
        .filter_map(|(attribute, code)| Some((code, value(attribute)?)))
        .collect()
}

fn left(operation: &Operation, metadata: &Metadata) -> Vec<Object> {
    references(metadata, operation.object_type_code)
        .filter_map(|(attribute, code)| {
            let (before, after) = (operation.base.get(attribute).and_then(id)?, operation.data.get(attribute)?);
            (id(after) != Some(before)).then_some((code, before))
        })
        .collect()
}

fn id(value: &FieldValue) -> Option<Uuid> {
    let FieldValue::Text(text) = value else { return None };
    text.parse().ok()
}

fn set(objects: impl IntoIterator<Item = Object>) -> Vec<Object> {
    let mut objects: Vec<Object> = objects.into_iter().collect();
    objects.sort_unstable();
    objects.dedup();
    objects
}

#[cfg(test)]
pub(crate) mod tests {
    use sojourn_metadata::model::OnDelete;
    use sojourn_metadata::{Entity, Relationship};
    use sojourn_platform::entities::Published;

    use super::*;
    use crate::testing::{CONTACT, checked, create, metadata, text};

    /// Contacts that refer to contacts.
    pub(crate) fn line() -> Metadata {
        let relationship =
            Relationship { attribute: "parent".into(), target: "contact".into(), on_delete: OnDelete::Restrict };
        let contact = Entity {
            name: "contact".into(),
            object_type_code: CONTACT,
            schema: "public".into(),
            table: "contact".into(),
            attributes: vec![],
            relationships: vec![relationship],
            commands: vec![],
        };
        Metadata { dataset: "test".into(), acting_role: "user".into(), entities: vec![contact] }
    }

    fn object(id: u128) -> Object {
        (CONTACT, Uuid::from_u128(id))
    }

    fn naming(attribute: &str, id: u128) -> (String, FieldValue) {
        (attribute.to_owned(), text(&Uuid::from_u128(id).to_string()))
    }

    #[test]
    fn an_update_leaves_what_it_no_longer_refers_to() {
        let (data, base) = ([naming("parent", 2)].into(), [naming("parent", 1)].into());
        let moved = Operation { command: Command::Update, data, base, ..create(9) };
        let ties = Ties::of(&moved, &[], &line());
        assert_eq!((ties.writes, ties.refers), (vec![object(9)], vec![object(2)]));
        assert_eq!((ties.leaves, ties.deletes), (vec![object(1)], vec![]));
        let same = Operation { data: moved.base.clone(), ..moved };
        assert_eq!(Ties::of(&same, &[], &line()).leaves, []);
    }

    #[test]
    fn parameters_and_the_writes_of_plug_ins_count() {
        let data = [naming("anything", 4)].into();
        let invoked = Operation { command: Command::Invoke, data, ..create(9) };
        let published: Published = metadata();
        let of_plugin = Operation { command: Command::Delete, ..create(5) };
        let write = checked(&published, &of_plugin).expect("a good write");
        let ties = Ties::of(&invoked, &[write], &line());
        assert_eq!((ties.writes, ties.refers), (vec![object(5), object(9)], vec![object(4)]));
        assert_eq!(ties.deletes, [object(5)]);
    }
}
