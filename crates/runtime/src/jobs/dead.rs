//! Dead letters: messages that nobody could handle, kept with their reason before they leave the queue.

use std::time::Duration;

use async_nats::Client;
use sojourn_wire::message::dead_letter::DeadLetter;
use sojourn_wire::message::encode;
use sojourn_wire::{Service, Subject};

use crate::nats::{PublishError, publish_stored};

/// How long the stream may take to confirm a dead letter.
const CONFIRM: Duration = Duration::from_secs(5);
/// The most of a payload that a letter keeps, in bytes: base64 makes it a third larger, and the whole must stay below
/// the server's limit of 1 MB, or a hopeless message of the largest size could never be buried.
const MOST_PAYLOAD: usize = 600_000;
/// The longest reason, in bytes.
const MOST_REASON: usize = 4_000;

/// Keeps one message as a dead letter of `service`; returns when the stream has it.
///
/// # Errors
/// The stream did not confirm it: leave the message on its queue and try again.
pub(super) async fn bury(
    client: &Client,
    service: Service,
    message: &async_nats::Message,
    reason: &str,
    deliveries: u64,
) -> Result<(), PublishError> {
    let letter = letter(service, message.subject.as_str(), reason, deliveries, &message.payload);
    publish_stored(client, &Subject::DeadLetter { service }, None, encode(&letter).into(), CONFIRM).await
}

fn letter(service: Service, subject: &str, reason: &str, deliveries: u64, payload: &[u8]) -> DeadLetter {
    let reason = &reason[..reason.floor_char_boundary(MOST_REASON)];
    if payload.len() <= MOST_PAYLOAD {
        return DeadLetter::new(service, subject, reason, deliveries, payload);
    }
    let reason = format!("{reason} (the first {MOST_PAYLOAD} of {} bytes are kept)", payload.len());
    DeadLetter::new(service, subject, &reason, deliveries, &payload[..MOST_PAYLOAD])
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::streams::MAX_MESSAGE_BYTES;

    #[test]
    fn the_largest_message_still_fits_into_a_letter() {
        let reason = "ü".repeat(100_000);
        let letter = letter(Service::Replay, "its subject", &reason, 5, &vec![7; MAX_MESSAGE_BYTES]);
        assert!(letter.reason.ends_with("(the first 600000 of 1000000 bytes are kept)"));
        assert!(encode(&letter).len() < 1_000_000);
    }
}
