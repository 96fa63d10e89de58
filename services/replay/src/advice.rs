//! Asking the plug-ins of a chunk, before its transaction: no lock is held while a plug-in thinks.

use std::collections::HashMap;

use sojourn_metadata::replay::WhenAbsent;
use sojourn_runtime::Client;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::operation::OperationChunk;

use crate::db::Terms;
use crate::error::HandlerError;
use crate::pipeline::{Advice, question};
use crate::plugins::{Asked, ask_all};

/// How many plug-ins are asked at once.
const AT_ONCE: usize = 16;

/// What plug-ins say to the operations of a chunk that have no verdict yet, by sequence.
///
/// # Errors
/// [`HandlerError::Waiting`] when a plug-in is not there and its operations are to wait, unless this is the last try.
pub async fn advice(
    client: &Client,
    terms: &Terms,
    subscription: &SubscriptionId,
    chunk: &OperationChunk,
    last_try: bool,
) -> Result<HashMap<u64, Advice>, HandlerError> {
    if terms.rules.plugins.is_empty() {
        return Ok(HashMap::new());
    }
    let asked = chunk.operations.iter().filter(|operation| operation.sequence >= terms.next).filter_map(|operation| {
        let (metadata, rules) = (&terms.metadata, &terms.rules);
        let question = question(metadata, rules, terms.user_id, subscription, operation, chunk.dry_run)?;
        Some((operation.sequence, question))
    });
    let (sequences, questions): (Vec<u64>, Vec<_>) = asked.unzip();
    let when_absent: Vec<WhenAbsent> = questions.iter().map(|(rule, _)| rule.when_absent).collect();
    let answers = ask_all(client, questions, AT_ONCE).await;
    let mut advice = HashMap::with_capacity(answers.len());
    for ((sequence, when_absent), asked) in sequences.into_iter().zip(when_absent).zip(answers) {
        let advised = match (asked, when_absent) {
            (Asked::Allowed, _) | (Asked::Absent(_), WhenAbsent::Allow) => Advice::Allow,
            (Asked::Amended(data), _) => Advice::Amend(data),
            (Asked::Performs(writes), _) => Advice::Perform(writes),
            (Asked::Absent(refusal), WhenAbsent::Wait) if !last_try && !chunk.dry_run => {
                return Err(HandlerError::Waiting(refusal.reason));
            }
            (Asked::Refused(refusal) | Asked::Absent(refusal), _) => Advice::Refuse(refusal),
        };
        advice.insert(sequence, advised);
    }
    Ok(advice)
}
