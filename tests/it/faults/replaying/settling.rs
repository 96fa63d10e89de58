//! What a user does about refusals: mends them or gives them up, and what waited for them goes again. Pure: chance comes in.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use sojourn_wire::message::operation::{Command, FieldValue, Operation};

use super::model::LONGEST;
use super::queue::{Entry, Queue, State};

impl Queue {
    /// The operations that the user can settle.
    pub fn roots(&self) -> Vec<u64> {
        let root = |entry: &Entry| {
            let sequence = entry.operation.sequence;
            (entry.state == State::Open { cause: sequence }).then_some(sequence)
        };
        self.entries.iter().filter_map(root).collect()
    }

    /// The user settles a refused operation: mends it, if that can be, or gives it up. What waited for it goes again.
    pub fn settle(&mut self, sequence: u64, chance: &mut ChaCha8Rng) {
        let at =
            self.entries.iter().position(|entry| entry.operation.sequence == sequence && entry.state != State::Over);
        let at = at.expect("a refused operation");
        let entry = &mut self.entries[at];
        if entry.mended == 0 && chance.random_bool(0.7) && mend(&mut entry.operation) {
            entry.mended += 1;
            self.release(at);
        } else {
            self.give_up(at);
        }
        for other in 0..self.entries.len() {
            if self.entries[other].state == (State::Open { cause: sequence }) {
                self.release(other);
            }
        }
    }

    fn release(&mut self, at: usize) {
        let entry = &mut self.entries[at];
        entry.operation.settles = Some(entry.operation.sequence);
        entry.state = State::Waiting;
    }

    /// With its group, and with everything on an object that is not created then.
    fn give_up(&mut self, at: usize) {
        let entry = &mut self.entries[at];
        if entry.given_up || entry.state == State::Over {
            return;
        }
        entry.given_up = true;
        match entry.state {
            State::Waiting if entry.operation.settles.is_none() => entry.state = State::Over,
            State::Waiting | State::Sent | State::Over => {}
            State::Open { .. } => self.release(at),
        }
        let Operation { group, command, object_id, .. } = self.entries[at].operation.clone();
        let falls = |other: &Entry| {
            let same = |group: Option<u64>| group.is_some() && other.operation.group == group;
            same(group) || (command == Command::Create && other.operation.object_id == object_id)
        };
        let fallen: Vec<usize> = (0..self.entries.len()).filter(|other| falls(&self.entries[*other])).collect();
        fallen.into_iter().for_each(|other| self.give_up(other));
        let is_created = self.entries.iter().any(|entry| {
            entry.operation.object_id == object_id && entry.operation.command == Command::Create && !entry.given_up
        });
        let object = self.objects.get_mut(&object_id).expect("an object");
        match command {
            Command::Create => object.gone = true,
            Command::Delete => object.gone = !is_created,
            Command::Update | Command::Invoke | Command::Discard => {}
        }
    }
}

/// Makes the values fit. Whether there was anything to mend.
fn mend(operation: &mut Operation) -> bool {
    let mut mended = false;
    for value in operation.data.values_mut() {
        match value {
            FieldValue::Number(number) if number.as_i64().is_some_and(i64::is_negative) => {
                *number = number.as_i64().unwrap_or_default().unsigned_abs().into();
                mended = true;
            }
            FieldValue::Text(text) if text.starts_with('x') && text.len() > LONGEST => {
                text.truncate(LONGEST);
                mended = true;
            }
            _ => {}
        }
    }
    mended
}
