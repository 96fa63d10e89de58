//! What the next batch of a session is. Pure.
//!
//! Deletes come first, in reverse dependency order, then rows in dependency order; within an entity by position. So the
//! place in a session is the last batch's kind, entity and position, and nothing else need be remembered.

use sojourn_wire::message::batch::BatchKind;
use uuid::Uuid;

/// One entity's deletes or rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is moved.
    pub kind: BatchKind,
    /// Whose.
    pub object_type_code: i32,
}

/// A position in the order of an entity's sync entries. Deletes are in order of keys alone: all have sequence 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The prepare that made the entry pending.
    pub prepare_seq: i32,
    /// The key.
    pub object_id: Uuid,
}

/// Where to look for the next keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The entity and kind.
    pub step: Step,
    /// After this position; where there is none, after what the device has.
    pub after: Option<Position>,
}

impl Place {
    /// The place, or a later one: what is confirmed need not be looked at.
    #[must_use]
    pub fn after_at_least(self, confirmed: Option<Position>) -> Self {
        Self { after: self.after.max(confirmed), ..self }
    }
}

/// The steps of a session, for the entities in load order.
#[must_use]
pub fn steps(load_order: &[i32]) -> Vec<Step> {
    let step = |kind| move |code: &i32| Step { kind, object_type_code: *code };
    let deletes = load_order.iter().rev().map(step(BatchKind::Deletes));
    deletes.chain(load_order.iter().map(step(BatchKind::Rows))).collect()
}

/// The places to look at after the last batch, in order: the rest of its entity, then the entities after it that have
/// something waiting.
#[must_use]
pub fn places(steps: &[Step], last: Option<Place>, waiting: impl Fn(Step) -> bool) -> Vec<Place> {
    let from = last.and_then(|last| steps.iter().position(|step| *step == last.step));
    let rest = steps.iter().skip(from.map_or(0, |at| at + 1));
    let following = rest.map(|step| Place { step: *step, after: None });
    last.into_iter().chain(following).filter(|place| waiting(place.step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(kind: BatchKind, object_type_code: i32) -> Step {
        Step { kind, object_type_code }
    }

    #[test]
    fn deletes_go_backwards_and_rows_forwards() {
        use BatchKind::{Deletes, Rows};
        let expected = [step(Deletes, 2), step(Deletes, 1), step(Rows, 1), step(Rows, 2)];
        assert_eq!(steps(&[1, 2]), expected);
    }

    #[test]
    fn a_session_goes_on_where_its_last_batch_ended() {
        let steps = steps(&[1, 2]);
        let after = Some(Position { prepare_seq: 1, object_id: Uuid::from_u128(5) });
        let last = Place { step: step(BatchKind::Deletes, 1), after };
        let rest = places(&steps, Some(last), |_| true);
        assert_eq!(rest[0], last);
        assert_eq!(rest[1..], [1, 2].map(|code| Place { step: step(BatchKind::Rows, code), after: None }));
        assert_eq!(places(&steps, None, |_| true).len(), 4);
        assert!(places(&steps, Some(last), |_| false).is_empty());
    }
}
