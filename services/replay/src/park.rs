//! Dependencies: what must wait because something before it was refused. Pure.
//!
//! An operation that was not carried out *blocks* until it is settled: later operations on the same object wait, and so do
//! those that refer to an object which it would have created. They are parked with a pointer to the cause. What waits
//! blocks in turn, with the same cause. Later means later in the order of capture: an operation that comes again keeps
//! its place (its *origin*), so that it does not wait for what once waited for it.

use std::collections::HashMap;

use sojourn_metadata::Metadata;
use sojourn_wire::message::operation::{Command, FieldValue, Operation, Verdict};
use uuid::Uuid;

/// An object: its entity, because tables may share their keys, and its id.
pub type Object = (i32, Uuid);

/// The object of an operation.
#[must_use]
pub fn object_of(operation: &Operation) -> Object {
    (operation.object_type_code, operation.object_id)
}

/// An operation that was not carried out and is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub sequence: u64,
    /// The first number it had.
    pub origin: u64,
    /// Its object.
    pub object: Object,
    /// It would have created its object.
    pub creates: bool,
    /// The operation that must be settled first: another, or itself.
    pub cause: u64,
}

/// Everything that blocks, as far as the operations at hand are concerned.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    open: HashMap<Object, Vec<Open>>,
    origins: HashMap<u64, u64>,
}

impl Blocks {
    /// What is stored: open operations, and for each number that is settled by an operation at hand the first one that
    /// it had.
    #[must_use]
    pub fn new(open: impl IntoIterator<Item = Open>, origins: HashMap<u64, u64>) -> Self {
        let mut blocks = Self { open: HashMap::new(), origins };
        open.into_iter().for_each(|open| blocks.add(open));
        blocks
    }

    /// The place of an operation in the order of capture.
    #[must_use]
    pub fn origin(&self, operation: &Operation) -> u64 {
        let settled = operation.settles.and_then(|settled| self.origins.get(&settled));
        settled.copied().unwrap_or(operation.sequence)
    }

    /// An operation comes again, or is given up: it no longer blocks under its old number.
    pub fn settle(&mut self, operation: &Operation) {
        let Some(settled) = operation.settles else { return };
        for open in self.open.values_mut() {
            open.retain(|open| open.sequence != settled);
        }
    }

    /// The cause for which an operation must wait, if there is one.
    #[must_use]
    pub fn cause(&self, operation: &Operation, metadata: &Metadata) -> Option<u64> {
        if self.open.is_empty() || operation.command == Command::Discard {
            return None;
        }
        let origin = self.origin(operation);
        let of = |object: &Object| self.open.get(object).into_iter().flatten().filter(|open| open.origin < origin);
        let same = of(&object_of(operation)).min_by_key(|open| open.origin);
        let referred = || {
            let created = references(operation, metadata);
            created.iter().flat_map(of).filter(|open| open.creates).min_by_key(|open| open.origin)
        };
        same.or_else(referred).map(|open| open.cause)
    }

    /// Notes what became of an operation.
    pub fn note(&mut self, operation: &Operation, verdict: &Verdict) {
        if verdict.verdict.is_done() || operation.command == Command::Discard {
            return;
        }
        self.add(Open {
            sequence: operation.sequence,
            origin: self.origin(operation),
            object: object_of(operation),
            creates: operation.command == Command::Create,
            cause: verdict.cause.unwrap_or(operation.sequence),
        });
        // What comes again within the same chunk under another number keeps its place.
        self.origins.insert(operation.sequence, self.origin(operation));
    }

    fn add(&mut self, open: Open) {
        self.open.entry(open.object).or_default().push(open);
    }
}

/// The objects that an operation's data refers to.
#[must_use]
pub fn references(operation: &Operation, metadata: &Metadata) -> Vec<Object> {
    let Some(entity) = metadata.entity_of(operation.object_type_code) else { return Vec::new() };
    let referred = entity.relationships.iter().filter_map(|relationship| {
        let FieldValue::Text(text) = operation.data.get(&relationship.attribute)? else { return None };
        Some((metadata.entity(&relationship.target)?.object_type_code, text.parse().ok()?))
    });
    referred.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CONTACT, create, text};
    use proptest::prelude::*;
    use sojourn_metadata::model::OnDelete;
    use sojourn_metadata::{Entity, Relationship};
    use sojourn_wire::message::operation::VerdictKind;

    /// Contacts that refer to contacts.
    fn line() -> Metadata {
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

    fn on(sequence: u64, command: Command, object: u128) -> Operation {
        Operation { command, object_id: Uuid::from_u128(object), ..create(sequence) }
    }

    fn referring(sequence: u64, object: u128, to: u128) -> Operation {
        let mut operation = on(sequence, Command::Create, object);
        operation.data.insert("parent".into(), text(&Uuid::from_u128(to).to_string()));
        operation
    }

    fn refused(sequence: u64) -> Verdict {
        Verdict::new(sequence, VerdictKind::Rejected, "t")
    }

    #[test]
    fn what_builds_on_a_refusal_waits_for_its_cause() {
        let (mut blocks, line) = (Blocks::default(), line());
        let first = on(1, Command::Create, 1);
        assert_eq!(blocks.cause(&first, &line), None);
        blocks.note(&first, &refused(1));
        let same = on(2, Command::Update, 1);
        assert_eq!(blocks.cause(&same, &line), Some(1));
        blocks.note(&same, &Verdict { cause: Some(1), ..Verdict::new(2, VerdictKind::Parked, "t") });
        assert_eq!(blocks.cause(&on(3, Command::Delete, 1), &line), Some(1), "never a parked one");
        let refers = referring(4, 2, 1);
        assert_eq!(blocks.cause(&refers, &line), Some(1));
        blocks.note(&refers, &Verdict { cause: Some(1), ..Verdict::new(4, VerdictKind::Parked, "t") });
        assert_eq!(blocks.cause(&referring(5, 3, 2), &line), Some(1), "through what waits");
        assert_eq!(blocks.cause(&on(6, Command::Update, 9), &line), None);
    }

    #[test]
    fn an_update_that_was_refused_does_not_keep_others_from_referring_to_its_object() {
        let (mut blocks, line) = (Blocks::default(), line());
        blocks.note(&on(1, Command::Update, 1), &refused(1));
        assert_eq!(blocks.cause(&referring(2, 2, 1), &line), None);
    }

    #[test]
    fn what_comes_again_keeps_its_place() {
        let open = |sequence, origin, cause| Open {
            sequence,
            origin,
            object: (CONTACT, Uuid::from_u128(1)),
            creates: false,
            cause,
        };
        let stored = [open(1, 1, 1), open(2, 2, 1), open(3, 3, 1)];
        let mut blocks = Blocks::new(stored, HashMap::from([(1, 1), (2, 2), (3, 3)]));
        let again = |sequence, settles| Operation { settles: Some(settles), ..on(sequence, Command::Update, 1) };
        for (sequence, settles) in [(4, 1), (5, 2), (6, 3)] {
            let operation = again(sequence, settles);
            blocks.settle(&operation);
            assert_eq!(blocks.cause(&operation, &line()), None, "{sequence} does not wait for what came later");
        }
        assert_eq!(blocks.cause(&on(7, Command::Update, 1), &line()), None);
        let mut blocks = Blocks::new(stored, HashMap::from([(1, 1), (2, 2)]));
        blocks.settle(&again(4, 1));
        blocks.note(&again(4, 1), &refused(4));
        blocks.settle(&again(5, 2));
        assert_eq!(blocks.cause(&again(5, 2), &line()), Some(4), "the cause has a new number");
        assert_eq!(blocks.cause(&on(7, Command::Update, 1), &line()), Some(4));
    }

    proptest! {
        /// Whatever is refused: an operation is parked exactly when something before it that it builds on is open, and its
        /// cause is never itself parked.
        #[test]
        fn parked_is_what_builds_on_something_open(steps in proptest::collection::vec((0..4u128, any::<bool>()), 1..40)) {
            let mut blocks = Blocks::default();
            let mut open: HashMap<u128, u64> = HashMap::new();
            for (sequence, (object, fails)) in (1..).zip(steps) {
                let operation = on(sequence, Command::Update, object);
                let cause = blocks.cause(&operation, &line());
                prop_assert_eq!(cause, open.get(&object).copied());
                match cause {
                    Some(cause) => blocks.note(&operation, &Verdict { cause: Some(cause), ..Verdict::new(sequence, VerdictKind::Parked, "t") }),
                    None if fails => {
                        blocks.note(&operation, &refused(sequence));
                        open.insert(object, sequence);
                    }
                    None => blocks.note(&operation, &Verdict::new(sequence, VerdictKind::Applied, "t")),
                }
            }
        }
    }
}
