//! What is left on the bus: messages that nobody has settled, and dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use sojourn_runtime::{Client, deadline};
use sojourn_wire::message::dead_letter::DeadLetter;
use sojourn_wire::message::decode;
use sojourn_wire::streams::{BATCH, DEAD, JOBS, OPS, REQ};
use tokio::time::{Instant, sleep};

use super::error::StackError;

/// Streams that are empty when everything is settled.
const SETTLING: [&str; 4] = [BATCH.name, REQ.name, JOBS.name, OPS.name];
/// How long one answer of the server may take.
const ANSWER: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Messages in the streams that should be empty; those that are empty are left out.
pub(super) async fn streams(client: &Client) -> Result<BTreeMap<&'static str, u64>, StackError> {
    let mut left = BTreeMap::new();
    for name in SETTLING {
        let messages = state(client, name).await?.messages;
        if messages > 0 {
            left.insert(name, messages);
        }
    }
    Ok(left)
}

/// Waits until the streams are empty, at most for `within`, and returns what is left then.
pub(super) async fn streams_settled(
    client: &Client,
    within: Duration,
) -> Result<BTreeMap<&'static str, u64>, StackError> {
    let give_up = Instant::now() + within;
    loop {
        let left = streams(client).await?;
        if left.is_empty() || Instant::now() > give_up {
            return Ok(left);
        }
        sleep(PAUSE).await;
    }
}

/// Every dead letter, oldest first.
pub(super) async fn dead_letters(client: &Client) -> Result<Vec<DeadLetter>, StackError> {
    let state = state(client, DEAD.name).await?;
    let mut letters = Vec::new();
    if state.messages == 0 {
        return Ok(letters);
    }
    let failed = |problem: String| StackError::Stream { what: "a message", stream: DEAD.name, problem };
    let stream = async_nats::jetstream::new(client.clone()).get_stream_no_info(DEAD.name).await;
    let stream = stream.map_err(|error| failed(error.to_string()))?;
    for sequence in state.first_sequence..=state.last_sequence {
        let asked = deadline(ANSWER, "the server's answer", stream.direct_get(sequence)).await;
        let message = asked.map_err(|late| failed(late.to_string()))?.map_err(|error| failed(error.to_string()))?;
        letters.push(decode(&message.payload).map_err(|error| failed(error.to_string()))?);
    }
    Ok(letters)
}

async fn state(client: &Client, name: &'static str) -> Result<async_nats::jetstream::stream::State, StackError> {
    let failed = |problem: String| StackError::Stream { what: "the state", stream: name, problem };
    let asked = async {
        let stream = async_nats::jetstream::new(client.clone()).get_stream(name).await;
        stream.map(|stream| stream.cached_info().state.clone())
    };
    let answer = deadline(ANSWER, "the server's answer", asked).await.map_err(|late| failed(late.to_string()))?;
    answer.map_err(|error| failed(error.to_string()))
}
