//! The answer to a chunk: under which id it is published, and how it is kept small enough. Pure.

use serde::Deserialize;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::{ChunkOutcome, ChunkResult, VerdictKind};
use uuid::Uuid;

/// The id under which the sender of a message that is no chunk of ours waits for an answer, as far as it can be made
/// out: a newer agent's chunk has it in the same place, so its sender hears that it is too new. Of anything else it is
/// nil, which no chunk has.
#[must_use]
pub fn guess_chunk(payload: &[u8]) -> Uuid {
    #[derive(Deserialize)]
    struct Envelope {
        body: Body,
    }
    #[derive(Deserialize)]
    struct Body {
        chunk: Uuid,
    }
    serde_json::from_slice::<Envelope>(payload).map(|envelope| envelope.body.chunk).unwrap_or_default()
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
    fn a_newer_chunk_is_answered_under_its_id() {
        let mut newer = chunk(7, vec![create(7), create(8)]);
        newer.chunk = Uuid::from_u128(9);
        let newer = String::from_utf8(encode(&newer)).expect("text").replace("\"version\":1", "\"version\":9");
        assert_eq!(guess_chunk(newer.as_bytes()), Uuid::from_u128(9));
        assert_eq!(guess_chunk(b"{"), Uuid::nil());
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
        fn guessing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = guess_chunk(&bytes);
        }
    }
}
