//! Publishing into a stream: done when the stream says that it has the message, and not before.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::{Client, HeaderMap, Request, RequestErrorKind};
use bytes::Bytes;
use serde::Deserialize;
use sojourn_wire::Subject;

use super::{Unanswered, answered, is_connected};

/// A message that the stream did not confirm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection. Nothing was sent.
    #[error("cannot publish {subject}: no connection to NATS")]
    NotConnected {
        /// Where it should go.
        subject: Subject,
    },
    /// No confirmation came in time. **The message may be stored nevertheless, even later**: publish it again only if
    /// its reader takes it twice. A subject that this identity may not publish to ends here too; the log names it.
    #[error("no confirmation for {subject} within {within:?}: it may be stored or not")]
    Deadline {
        /// Where it went.
        subject: Subject,
        /// How long it was awaited.
        within: Duration,
    },
    /// The connection broke before the confirmation came. **The message may be stored nevertheless**, as above.
    #[error("the connection broke before {subject} was confirmed: it may be stored or not")]
    Broken {
        /// Where it went.
        subject: Subject,
    },
    /// The subject already holds as many messages as it may: they wait to be handled. Nothing was stored.
    #[error("{subject} holds as many unhandled messages as it may")]
    SubjectFull {
        /// The full subject.
        subject: Subject,
    },
    /// The stream or the server's disk is full. Nothing was stored.
    #[error("the store for {subject} is full ({problem}): free space or raise its limit")]
    StoreFull {
        /// Where it should go.
        subject: Subject,
        /// The server's words.
        problem: String,
    },
    /// The message is larger than the stream or the server takes. Nothing was stored.
    #[error("a message of {bytes} bytes is too large for {subject}")]
    TooLarge {
        /// Where it should go.
        subject: Subject,
        /// The payload's size.
        bytes: usize,
    },
    /// No stream takes this subject: it was not deployed, or JetStream is still starting. Nothing was stored.
    #[error("no stream takes {subject}: deploy the streams, or wait for JetStream to start")]
    NoStream {
        /// Where it should go.
        subject: Subject,
    },
    /// The stream refused it for another reason. Nothing was stored.
    #[error("the stream refused {subject}: {problem}")]
    Refused {
        /// Where it should go.
        subject: Subject,
        /// The server's words.
        problem: String,
    },
}

impl PublishError {
    /// Whether the same message may go through later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        !matches!(self, Self::TooLarge { .. } | Self::Refused { .. })
    }
}

/// Publishes into the stream of `subject` and awaits its confirmation, at most for `within`.
///
/// # Errors
/// [`PublishError`] tells what did not happen; only after [`PublishError::Deadline`] and [`PublishError::Broken`] is
/// it unknown whether the message is stored.
pub async fn publish_stored(
    client: &Client,
    subject: &Subject,
    headers: Option<HeaderMap>,
    payload: Bytes,
    within: Duration,
) -> Result<(), PublishError> {
    let at = || subject.clone();
    if !is_connected(client) {
        return Err(PublishError::NotConnected { subject: at() });
    }
    let bytes = payload.len();
    let mut request = Request::new().payload(payload).timeout(None);
    if let Some(headers) = headers {
        request = request.headers(headers);
    }
    let answer = answered(client, within, client.send_request(subject.to_string(), request)).await;
    match answer {
        Err(Unanswered::Broken) => Err(PublishError::Broken { subject: at() }),
        Err(Unanswered::Late) => Err(PublishError::Deadline { subject: at(), within }),
        Ok(Ok(message)) => confirmation(&message.payload, subject, bytes),
        Ok(Err(error)) => Err(match error.kind() {
            RequestErrorKind::NoResponders => PublishError::NoStream { subject: at() },
            RequestErrorKind::MaxPayloadExceeded => PublishError::TooLarge { subject: at(), bytes },
            _ => PublishError::Refused { subject: at(), problem: error.to_string() },
        }),
    }
}

/// Publishes a hint: a message that is in no stream, and reaches whoever listens now, or nobody.
///
/// # Errors
/// [`PublishError::NotConnected`]; once sent, it may be lost without anybody being told.
pub async fn publish_hint(client: &Client, subject: &Subject) -> Result<(), PublishError> {
    let not_connected = || PublishError::NotConnected { subject: subject.clone() };
    if !is_connected(client) {
        return Err(not_connected());
    }
    client.publish(subject.to_string(), Bytes::new()).await.map_err(|_| not_connected())
}

/// The answer of a stream to a publish.
#[derive(Deserialize)]
struct PubAck {
    error: Option<Refusal>,
    seq: Option<u64>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

fn confirmation(answer: &[u8], subject: &Subject, bytes: usize) -> Result<(), PublishError> {
    let subject = subject.clone();
    match serde_json::from_slice(answer) {
        Ok(PubAck { error: Some(refusal), .. }) => Err(refused(refusal, subject, bytes)),
        Ok(PubAck { seq: Some(_), .. }) => Ok(()),
        _ => Err(PublishError::Refused { subject, problem: "the answer is no confirmation of a stream".to_owned() }),
    }
}

fn refused(refusal: Refusal, subject: Subject, bytes: usize) -> PublishError {
    let Refusal { err_code, description: problem } = refusal;
    match ErrorCode(err_code) {
        // "store failed" is one code for several limits; only its words tell them apart.
        ErrorCode::STREAM_STORE_FAILED if problem.contains("per subject") => PublishError::SubjectFull { subject },
        ErrorCode::STREAM_STORE_FAILED if problem.contains("maximum") => PublishError::StoreFull { subject, problem },
        ErrorCode::STORAGE_RESOURCES_EXCEEDED | ErrorCode::INSUFFICIENT_RESOURCES => {
            PublishError::StoreFull { subject, problem }
        }
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => PublishError::TooLarge { subject, bytes },
        _ => PublishError::Refused { subject, problem },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sojourn_wire::Service;

    fn told(answer: &str) -> Result<(), PublishError> {
        confirmation(answer.as_bytes(), &Subject::DeadLetter { service: Service::Prepare }, 5)
    }

    fn refusal(code: u64, words: &str) -> PublishError {
        told(&format!(r#"{{"error":{{"code":503,"err_code":{code},"description":"{words}"}},"seq":0}}"#))
            .expect_err("refused")
    }

    #[test]
    fn answers_of_streams_are_told_apart() {
        assert_eq!(told(r#"{"stream":"DEAD","seq":7}"#), Ok(()));
        assert!(matches!(refusal(10077, "maximum messages per subject exceeded"), PublishError::SubjectFull { .. }));
        assert!(matches!(refusal(10077, "maximum bytes exceeded"), PublishError::StoreFull { .. }));
        assert!(matches!(refusal(10047, "insufficient resources"), PublishError::StoreFull { .. }));
        assert!(matches!(refusal(10054, "too large"), PublishError::TooLarge { bytes: 5, .. }));
        assert!(matches!(refusal(10077, "something else"), PublishError::Refused { .. }));
        assert!(matches!(told("{}"), Err(PublishError::Refused { .. })));
        assert!(matches!(told("not json"), Err(PublishError::Refused { .. })));
    }
}
