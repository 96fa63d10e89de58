//! Publishing many messages into one stream, in order: without waiting for each, and without one overtaking another.
//!
//! Every message but the first names the one before it, and the stream refuses it when that one is not its last. So when
//! one is lost, nothing behind it is stored either, whatever the client still sends.

use std::time::Duration;

use async_nats::jetstream::context::{Context, PublishAckFuture, PublishErrorKind};
use async_nats::{Client, HeaderMap, header, jetstream};
use bytes::Bytes;
use sojourn_wire::Subject;

use super::{PublishError, is_connected};

/// A message with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Where it goes.
    pub subject: Subject,
    /// Tells it from all others of its stream: when it comes again within two minutes, it is not stored again.
    pub id: String,
    /// Its content.
    pub payload: Bytes,
}

/// What became of messages that were published in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InOrder {
    /// So many from the first are stored.
    pub stored: usize,
    /// Why the next one is not, as far as it is known, if there is a next one.
    pub problem: Option<PublishError>,
}

/// Publishes messages into one stream, and awaits that each is stored, at most `within` for each. Nobody else may
/// publish into the stream at the same time.
pub async fn publish_in_order(client: &Client, messages: &[Named], within: Duration) -> InOrder {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(within);
    let mut sent = Vec::with_capacity(messages.len());
    let mut problem = None;
    let mut before = None;
    for message in messages {
        match send(&context, client, message, before, within).await {
            Ok(confirmation) => sent.push((message, confirmation)),
            Err(error) => {
                problem = Some(error);
                break;
            }
        }
        before = Some(message.id.as_str());
    }
    let mut stored = 0;
    for (message, confirmation) in sent {
        if let Err(error) = confirmation.await {
            return InOrder { stored, problem: Some(told(message, &error, within)) };
        }
        stored += 1;
    }
    InOrder { stored, problem }
}

async fn send(
    context: &Context,
    client: &Client,
    message: &Named,
    before: Option<&str>,
    within: Duration,
) -> Result<PublishAckFuture, PublishError> {
    if !is_connected(client) {
        return Err(PublishError::NotConnected { subject: message.subject.clone() });
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::NATS_MESSAGE_ID, message.id.as_str());
    if let Some(before) = before {
        headers.insert(header::NATS_EXPECTED_LAST_MESSAGE_ID, before);
    }
    let sending = context.publish_with_headers(message.subject.to_string(), headers, message.payload.clone());
    sending.await.map_err(|error| told(message, &error, within))
}

fn told(message: &Named, error: &jetstream::context::PublishError, within: Duration) -> PublishError {
    let subject = message.subject.clone();
    match error.kind() {
        PublishErrorKind::StreamNotFound => PublishError::NoStream { subject },
        PublishErrorKind::TimedOut => PublishError::Deadline { subject, within },
        PublishErrorKind::BrokenPipe => PublishError::Broken { subject },
        PublishErrorKind::MaxPayloadExceeded => PublishError::TooLarge { subject, bytes: message.payload.len() },
        _ => PublishError::Refused { subject, problem: error.to_string() },
    }
}
