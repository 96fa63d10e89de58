//! The answer to a chunk: under which id it is published, and how it is kept small enough. Pure.

use serde::Deserialize;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::{ChunkOutcome, ChunkResult, FieldValue, Verdict, VerdictKind};
use uuid::Uuid;

/// How much of a long value is kept when not everything can be told, in characters.
const SHOWN: usize = 200;

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

/// The encoded result, at most `most` bytes where that is possible. What gives way, in this order: words of cancelled
/// operations, which only repeat another's number; the ends of long values; all words and values. Verdicts never do.
#[must_use]
pub fn encoded(outcome: ChunkOutcome, most: usize) -> Vec<u8> {
    let mut result = ChunkResult { outcome };
    let give_way: [fn(&mut Verdict); 4] = [|_| (), silence_cancelled, cut_values, silence];
    for step in give_way {
        if let ChunkOutcome::Verdicts { verdicts } = &mut result.outcome {
            verdicts.iter_mut().for_each(step);
        }
        let bytes = encode(&result);
        if bytes.len() <= most {
            return bytes;
        }
    }
    encode(&result)
}

fn silence_cancelled(verdict: &mut Verdict) {
    if verdict.verdict == VerdictKind::Cancelled {
        verdict.reason = None;
    }
}

fn cut_values(verdict: &mut Verdict) {
    for conflict in &mut verdict.conflicts {
        let values = [Some(&mut conflict.mine), conflict.base.as_mut(), Some(&mut conflict.theirs)];
        conflict.cut = values.into_iter().flatten().filter_map(|value| cut(value).then_some(())).count() > 0;
    }
    verdict.candidates.iter_mut().flat_map(|candidate| candidate.values.values_mut()).for_each(|value| {
        cut(value);
    });
}

/// Cuts a long text; whether it was one.
fn cut(value: &mut FieldValue) -> bool {
    let FieldValue::Text(text) = value else { return false };
    let Some((end, _)) = text.char_indices().nth(SHOWN) else { return false };
    text.truncate(end);
    text.push('…');
    true
}

fn silence(verdict: &mut Verdict) {
    verdict.reason = None;
    verdict.conflicts.clear();
    verdict.candidates.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{chunk, create};
    use proptest::prelude::*;
    use sojourn_wire::message::decode;
    use sojourn_wire::message::operation::Conflict;

    #[test]
    fn a_newer_chunk_is_answered_under_its_id() {
        let mut newer = chunk(7, vec![create(7), create(8)]);
        newer.chunk = Uuid::from_u128(9);
        let newer = String::from_utf8(encode(&newer)).expect("text").replace("\"version\":2", "\"version\":9");
        assert_eq!(guess_chunk(newer.as_bytes()), Uuid::from_u128(9));
        assert_eq!(guess_chunk(b"{"), Uuid::nil());
    }

    #[test]
    fn words_give_way_to_verdicts() {
        let verdict = |sequence, kind, reason: &str| Verdict {
            reason: Some(reason.to_owned()),
            ..Verdict::new(sequence, kind, "")
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

    #[test]
    fn long_values_are_cut_before_words_are_lost() {
        let long = || FieldValue::Text("ä".repeat(10_000));
        let conflict =
            Conflict { attribute: "notes".into(), mine: long(), base: Some(long()), theirs: long(), cut: false };
        let verdict = Verdict {
            reason: Some("somebody else has changed it".into()),
            conflicts: vec![conflict],
            ..Verdict::new(1, VerdictKind::Conflict, "t")
        };
        let told = |most| match decode::<ChunkResult>(&encoded(
            ChunkOutcome::Verdicts { verdicts: vec![verdict.clone()] },
            most,
        )) {
            Ok(ChunkResult { outcome: ChunkOutcome::Verdicts { verdicts } }) => verdicts[0].clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(told(100_000), verdict);
        let cut = told(5_000);
        assert_eq!(
            (cut.reason, &cut.conflicts[0].theirs),
            (verdict.reason.clone(), &FieldValue::Text("ä".repeat(200) + "…"))
        );
        assert!(cut.conflicts[0].cut);
        assert!(told(300).conflicts.is_empty());
    }

    proptest! {
        #[test]
        fn guessing_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = guess_chunk(&bytes);
        }
    }
}
