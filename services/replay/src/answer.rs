//! The answer to a chunk: under which numbers it is published, and how it is kept small enough. Pure.

use serde::Deserialize;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::{ChunkOutcome, ChunkResult, OperationChunk, VerdictKind};

/// The first and last sequence that a result is named by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first sequence.
    pub first: u64,
    /// The last sequence.
    pub last: u64,
}

impl Range {
    /// The range of a chunk, whatever its operations are numbered.
    #[must_use]
    pub fn of(chunk: &OperationChunk) -> Self {
        Self::counted(chunk.first, chunk.operations.len())
    }

    fn counted(first: u64, count: usize) -> Self {
        Self { first, last: first.saturating_add(count as u64).saturating_sub(1) }
    }

    /// The range of a message that is no chunk of ours, as far as it can be made out: a newer agent's chunk has its
    /// numbers in the same place, so its sender hears that it is too new. Of anything else it is 0 to 0, a number that
    /// no operation has.
    #[must_use]
    pub fn guess(payload: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            body: Body,
        }
        #[derive(Deserialize)]
        struct Body {
            first: u64,
            operations: Vec<serde::de::IgnoredAny>,
        }
        match serde_json::from_slice::<Envelope>(payload) {
            Ok(Envelope { body }) => Self::counted(body.first, body.operations.len()),
            Err(_) => Self { first: 0, last: 0 },
        }
    }
}

/// The encoded result, at most `most` bytes where that is possible: words give way to verdicts, those of cancelled
/// operations first, because they only repeat another's number.
#[must_use]
pub fn encoded(outcome: ChunkOutcome, most: usize) -> Vec<u8> {
    let mut result = ChunkResult { outcome };
    let whole = encode(&result);
    if whole.len() <= most {
        return whole;
    }
    for gives_way in [|kind| kind == VerdictKind::Cancelled, |_| true] {
        if let ChunkOutcome::Verdicts { verdicts } = &mut result.outcome {
            verdicts.iter_mut().filter(|verdict| gives_way(verdict.verdict)).for_each(|verdict| verdict.reason = None);
        }
        let shorter = encode(&result);
        if shorter.len() <= most {
            return shorter;
        }
    }
    encode(&result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chunk, create};
    use proptest::prelude::*;
    use sojourn_wire::message::decode;
    use sojourn_wire::message::operation::Verdict;

    #[test]
    fn a_newer_chunk_is_answered_under_its_numbers() {
        let newer = encode(&chunk(7, vec![create(7), create(8)]));
        let newer = String::from_utf8(newer).expect("text").replace("\"version\":1", "\"version\":9");
        assert_eq!(Range::guess(newer.as_bytes()), Range { first: 7, last: 8 });
        assert_eq!(Range::guess(b"{"), Range { first: 0, last: 0 });
        assert_eq!(Range::of(&chunk(u64::MAX, vec![create(1), create(2)])).first, u64::MAX);
    }

    #[test]
    fn words_give_way_to_verdicts() {
        let verdict = |sequence, kind, reason: &str| Verdict {
            sequence,
            verdict: kind,
            reason: Some(reason.to_owned()),
            attribute: None,
            trace_id: String::new(),
        };
        let verdicts =
            vec![verdict(1, VerdictKind::Rejected, "why"), verdict(2, VerdictKind::Cancelled, &"x".repeat(400))];
        let reasons = |most| {
            let bytes = encoded(ChunkOutcome::Verdicts { verdicts: verdicts.clone() }, most);
            match decode::<ChunkResult>(&bytes).expect("a result").outcome {
                ChunkOutcome::Verdicts { verdicts } => {
                    verdicts.into_iter().map(|v| v.reason.is_some()).collect::<Vec<_>>()
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(reasons(10_000), [true, true]);
        assert_eq!(reasons(400), [true, false]);
        assert_eq!(reasons(1), [false, false]);
    }

    proptest! {
        #[test]
        fn guessing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), first in any::<u64>()) {
            let _ = Range::guess(&bytes);
            let _ = Range::guess(format!("{{\"body\":{{\"first\":{first},\"operations\":[1,2]}}}}").as_bytes());
        }
    }
}
