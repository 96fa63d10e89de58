//! Dependencies: what must wait because something before it was refused. Pure.
//!
//! An operation that was not carried out *blocks* until it is settled. Later operations that write the same object wait,
//! and so do those that refer to an object which it would have created, and those that delete what its row was to leave: the
//! row is still there, and might go with it. They are parked with a pointer to the cause. What waits blocks in turn, with
//! the same cause. Later means later in the order of capture: an operation that comes again keeps its place (its *origin*),
//! so that it does not wait for what once waited for it.

use std::collections::HashMap;

use sojourn_wire::message::operation::{Command, Operation, Verdict};

use crate::ties::{Object, Ties, object_of};

/// An operation that was not carried out and is not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its number.
    pub sequence: u64,
    /// The first number it had.
    pub origin: u64,
    /// Its object.
    pub object: Object,
    /// It would have created its object.
    pub creates: bool,
    /// What its row was to leave ([`Ties::leaves`]).
    pub leaves: Vec<Object>,
    /// The operation that must be settled first: another, or itself.
    pub cause: u64,
}

/// Everything that blocks, as far as the operations at hand are concerned.
#[derive(Debug, Clone, Default)]
pub struct Blocks {
    /// By their object.
    open: HashMap<Object, Vec<Open>>,
    /// By what they leave.
    leaving: HashMap<Object, Vec<Open>>,
    origins: HashMap<u64, u64>,
}

impl Blocks {
    /// What is stored: open operations, and for each number that is settled by an operation at hand the first one that
    /// it had.
    #[must_use]
    pub fn new(open: impl IntoIterator<Item = Open>, origins: HashMap<u64, u64>) -> Self {
        let mut blocks = Self { origins, ..Self::default() };
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
        for open in self.open.values_mut().chain(self.leaving.values_mut()) {
            open.retain(|open| open.sequence != settled);
        }
    }

    /// The cause for which an operation must wait, if there is one.
    #[must_use]
    pub fn cause(&self, operation: &Operation, ties: &Ties) -> Option<u64> {
        if self.open.is_empty() || operation.command == Command::Discard {
            return None;
        }
        let origin = self.origin(operation);
        let first = |blocks: &HashMap<Object, Vec<Open>>, objects: &[Object], counts: fn(&Open) -> bool| {
            let open = objects.iter().flat_map(|object| blocks.get(object)).flatten();
            let earlier = open.filter(|open| open.origin < origin && counts(open));
            earlier.min_by_key(|open| open.origin).map(|open| open.cause)
        };
        first(&self.open, &ties.writes, |_| true)
            .or_else(|| first(&self.open, &ties.refers, |open| open.creates))
            .or_else(|| first(&self.leaving, &ties.deletes, |_| true))
    }

    /// Notes what became of an operation.
    pub fn note(&mut self, operation: &Operation, ties: &Ties, verdict: &Verdict) {
        if verdict.verdict.is_done() || operation.command == Command::Discard {
            return;
        }
        self.add(Open {
            sequence: operation.sequence,
            origin: self.origin(operation),
            object: object_of(operation),
            creates: operation.command == Command::Create,
            leaves: ties.leaves.clone(),
            cause: verdict.cause.unwrap_or(operation.sequence),
        });
        // What comes again within the same chunk under another number keeps its place.
        self.origins.insert(operation.sequence, self.origin(operation));
    }

    fn add(&mut self, open: Open) {
        for left in &open.leaves {
            self.leaving.entry(*left).or_default().push(open.clone());
        }
        self.open.entry(open.object).or_default().push(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CONTACT, create, text};
    use crate::ties::tests::line;
    use proptest::prelude::*;
    use sojourn_wire::message::operation::{FieldValue, VerdictKind};
    use uuid::Uuid;

    fn cause(blocks: &Blocks, operation: &Operation) -> Option<u64> {
        blocks.cause(operation, &Ties::of(operation, &[], &line()))
    }

    fn note(blocks: &mut Blocks, operation: &Operation, verdict: &Verdict) {
        blocks.note(operation, &Ties::of(operation, &[], &line()), verdict);
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
        let mut blocks = Blocks::default();
        let first = on(1, Command::Create, 1);
        assert_eq!(cause(&blocks, &first), None);
        note(&mut blocks, &first, &refused(1));
        let same = on(2, Command::Update, 1);
        assert_eq!(cause(&blocks, &same), Some(1));
        note(&mut blocks, &same, &Verdict { cause: Some(1), ..Verdict::new(2, VerdictKind::Parked, "t") });
        assert_eq!(cause(&blocks, &on(3, Command::Delete, 1)), Some(1), "never a parked one");
        let refers = referring(4, 2, 1);
        assert_eq!(cause(&blocks, &refers), Some(1));
        note(&mut blocks, &refers, &Verdict { cause: Some(1), ..Verdict::new(4, VerdictKind::Parked, "t") });
        assert_eq!(cause(&blocks, &referring(5, 3, 2)), Some(1), "through what waits");
        assert_eq!(cause(&blocks, &on(6, Command::Update, 9)), None);
    }

    #[test]
    fn an_update_that_was_refused_does_not_keep_others_from_referring_to_its_object() {
        let mut blocks = Blocks::default();
        note(&mut blocks, &on(1, Command::Update, 1), &refused(1));
        assert_eq!(cause(&blocks, &referring(2, 2, 1)), None);
    }

    #[test]
    fn what_a_row_was_to_leave_is_not_deleted() {
        let (parent, child) = (1, 2);
        let mut moved = on(1, Command::Update, child);
        moved.base.insert("parent".into(), text(&Uuid::from_u128(parent).to_string()));
        moved.data.insert("parent".into(), FieldValue::Null);
        let mut blocks = Blocks::default();
        note(&mut blocks, &moved, &refused(1));
        assert_eq!(cause(&blocks, &on(2, Command::Update, parent)), None);
        assert_eq!(cause(&blocks, &on(2, Command::Delete, parent)), Some(1));
        blocks.settle(&Operation { settles: Some(1), ..on(3, Command::Discard, child) });
        assert_eq!(cause(&blocks, &on(4, Command::Delete, parent)), None);
    }

    #[test]
    fn what_comes_again_keeps_its_place() {
        let open = |sequence, origin, cause| Open {
            sequence,
            origin,
            object: (CONTACT, Uuid::from_u128(1)),
            creates: false,
            leaves: Vec::new(),
            cause,
        };
        let stored = [open(1, 1, 1), open(2, 2, 1), open(3, 3, 1)];
        let mut blocks = Blocks::new(stored.clone(), HashMap::from([(1, 1), (2, 2), (3, 3)]));
        let again = |sequence, settles| Operation { settles: Some(settles), ..on(sequence, Command::Update, 1) };
        for (sequence, settles) in [(4, 1), (5, 2), (6, 3)] {
            let operation = again(sequence, settles);
            blocks.settle(&operation);
            assert_eq!(cause(&blocks, &operation), None, "{sequence} does not wait for what came later");
        }
        assert_eq!(cause(&blocks, &on(7, Command::Update, 1)), None);
        let mut blocks = Blocks::new(stored, HashMap::from([(1, 1), (2, 2)]));
        blocks.settle(&again(4, 1));
        note(&mut blocks, &again(4, 1), &refused(4));
        blocks.settle(&again(5, 2));
        assert_eq!(cause(&blocks, &again(5, 2)), Some(4), "the cause has a new number");
        assert_eq!(cause(&blocks, &on(7, Command::Update, 1)), Some(4));
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
                let cause = cause(&blocks, &operation);
                prop_assert_eq!(cause, open.get(&object).copied());
                match cause {
                    Some(cause) => note(&mut blocks, &operation, &Verdict { cause: Some(cause), ..Verdict::new(sequence, VerdictKind::Parked, "t") }),
                    None if fails => {
                        note(&mut blocks, &operation, &refused(sequence));
                        open.insert(object, sequence);
                    }
                    None => note(&mut blocks, &operation, &Verdict::new(sequence, VerdictKind::Applied, "t")),
                }
            }
        }
    }
}
