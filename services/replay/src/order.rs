//! The fence: what becomes of a chunk, given the sequence that must come next. Pure.
//!
//! Chunks may come twice, late, overlapping or out of order, from any number of workers; the number that is locked in
//! Postgres decides alone. What lies behind it has its verdict already, what begins beyond it waits for what is
//! missing.

use sojourn_wire::message::operation::OperationChunk;

/// The greatest number that Postgres can hold where sequences and groups are stored.
const MOST: u64 = i64::MAX as u64;

/// What to do with a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Everything was played back before: answer the stored verdicts.
    Behind,
    /// Operations before it are missing: do nothing.
    Gap {
        /// The sequence that must come next.
        expected: u64,
    },
    /// Play back all operations but the first few, which have their verdicts.
    Apply {
        /// How many operations of the chunk lie behind the fence.
        behind: usize,
    },
}

/// A chunk that no agent of ours would send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It holds nothing.
    #[error("the chunk holds no operations")]
    Empty,
    /// Its numbers are out of range.
    #[error("{0} cannot be a number of an operation or group: they count from 1 up to {MOST}")]
    Number(u64),
    /// Its operations are not numbered without gaps from `first`.
    #[error("the chunk begins at {first}, so operation {expected} was expected where {got} stands")]
    Gap {
        /// Where the chunk says it begins.
        first: u64,
        /// The number by counting.
        expected: u64,
        /// The number that is there.
        got: u64,
    },
}

/// Decides about a checked chunk (see [`check`]) of `count` operations from `first`, when `next` must come next.
#[must_use]
pub fn step(first: u64, count: usize, next: u64) -> Step {
    if first > next {
        return Step::Gap { expected: next };
    }
    match usize::try_from(next - first) {
        Ok(behind) if behind < count => Step::Apply { behind },
        _ => Step::Behind,
    }
}

/// Checks that a chunk is numbered without gaps, in numbers that can be stored.
///
/// # Errors
/// [`Malformed`] names the first wrong number.
pub fn check(chunk: &OperationChunk) -> Result<(), Malformed> {
    if chunk.operations.is_empty() {
        return Err(Malformed::Empty);
    }
    in_range(chunk.first)?;
    chunk.since.map_or(Ok(()), in_range)?;
    for (expected, operation) in (chunk.first..).zip(&chunk.operations) {
        let got = operation.sequence;
        if got != expected {
            return Err(Malformed::Gap { first: chunk.first, expected, got });
        }
        in_range(got)?;
        operation.group.map_or(Ok(()), in_range)?;
        operation.settles.map_or(Ok(()), in_range)?;
    }
    Ok(())
}

fn in_range(number: u64) -> Result<(), Malformed> {
    // The number after the last one is stored too.
    if (1..MOST).contains(&number) { Ok(()) } else { Err(Malformed::Number(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chunk, create};
    use proptest::prelude::*;

    #[test]
    fn chunks_behind_across_at_and_beyond_the_fence() {
        assert_eq!(step(1, 5, 6), Step::Behind);
        assert_eq!(step(1, 5, 900), Step::Behind);
        assert_eq!(step(1, 5, 5), Step::Apply { behind: 4 });
        assert_eq!(step(6, 5, 6), Step::Apply { behind: 0 });
        assert_eq!(step(7, 5, 6), Step::Gap { expected: 6 });
    }

    #[test]
    fn a_chunk_is_numbered_without_gaps() {
        let (empty, whole) = (chunk(1, vec![]), chunk(4, vec![create(4), create(5)]));
        assert_eq!(check(&empty), Err(Malformed::Empty));
        assert_eq!(check(&whole), Ok(()));
        assert_eq!(check(&chunk(4, vec![create(4), create(6)])), Err(Malformed::Gap { first: 4, expected: 5, got: 6 }));
        assert_eq!(check(&chunk(3, vec![create(4)])), Err(Malformed::Gap { first: 3, expected: 3, got: 4 }));
        assert_eq!(check(&chunk(0, vec![create(0)])), Err(Malformed::Number(0)));
        assert_eq!(check(&chunk(u64::MAX, vec![create(u64::MAX)])), Err(Malformed::Number(u64::MAX)));
        let mut beyond = create(1);
        beyond.group = Some(u64::MAX);
        assert_eq!(check(&chunk(1, vec![beyond])), Err(Malformed::Number(u64::MAX)));
    }

    proptest! {
        /// Whatever chunks come, in whatever order and how often: each sequence is applied once, in order.
        #[test]
        fn nothing_is_applied_twice_skipped_or_out_of_order(chunks in proptest::collection::vec((1..40u64, 1..9usize), 0..200)) {
            let mut next = 1;
            let mut applied = Vec::new();
            for (first, count) in chunks {
                match step(first, count, next) {
                    Step::Behind => prop_assert!(first + count as u64 <= next),
                    Step::Gap { expected } => prop_assert!(expected == next && first > next),
                    Step::Apply { behind } => {
                        applied.extend(first + behind as u64..first + count as u64);
                        next = first + count as u64;
                    }
                }
            }
            prop_assert_eq!(applied, (1..next).collect::<Vec<_>>());
        }
    }
}
