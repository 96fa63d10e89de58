//! Reading the last message of a subject straight from its stream, without a consumer.

use std::time::Duration;

use async_nats::{Client, Message, Request, RequestErrorKind, StatusCode};
use bytes::Bytes;
use sojourn_wire::Subject;
use sojourn_wire::subject;

use super::{Unanswered, answered, is_connected};

/// A subject that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no connection, or it broke before the answer came.
    #[error("cannot read {subject}: no connection to NATS")]
    NotConnected {
        /// What was asked for.
        subject: Subject,
    },
    /// Nothing came in time. A subject that this identity may not read ends here too; the log names it.
    #[error("no answer for {subject} within {within:?}")]
    Deadline {
        /// What was asked for.
        subject: Subject,
        /// How long it was awaited.
        within: Duration,
    },
    /// Messages of this kind are kept for one reader, not to be looked up.
    #[error("{subject} cannot be read by subject: its stream is a queue")]
    NotReadable {
        /// What was asked for.
        subject: Subject,
    },
    /// Its stream is not there: it was not deployed, or JetStream is still starting.
    #[error("no stream answers for {subject}: deploy the streams, or wait for JetStream to start")]
    NoStream {
        /// What was asked for.
        subject: Subject,
    },
    /// The stream answered something else.
    #[error("the stream refused to read {subject}: {problem}")]
    Refused {
        /// What was asked for.
        subject: Subject,
        /// The server's words.
        problem: String,
    },
}

/// Reads the last message of `subject`, or `None` if there is none (yet, or any more). Works for services and, across
/// the account border, for agents. On a slow link a part of a batch takes long: give it a minute.
///
/// # Errors
/// [`ReadError`] tells why nothing is known about the subject.
pub async fn direct_get(client: &Client, subject: &Subject, within: Duration) -> Result<Option<Bytes>, ReadError> {
    let at = || subject.clone();
    let address = subject::direct_get(subject).ok_or_else(|| ReadError::NotReadable { subject: at() })?;
    if !is_connected(client) {
        return Err(ReadError::NotConnected { subject: at() });
    }
    let request = client.send_request(address, Request::new().payload(Bytes::new()).timeout(None));
    match answered(client, within, request).await {
        Err(Unanswered::Broken) => Err(ReadError::NotConnected { subject: at() }),
        Err(Unanswered::Late) => Err(ReadError::Deadline { subject: at(), within }),
        Ok(Ok(message)) => content(message).map_err(|problem| ReadError::Refused { subject: at(), problem }),
        Ok(Err(error)) => Err(match error.kind() {
            RequestErrorKind::NoResponders => ReadError::NoStream { subject: at() },
            _ => ReadError::Refused { subject: at(), problem: error.to_string() },
        }),
    }
}

/// The payload of a stored message; a status in its place says that there is none.
fn content(message: Message) -> Result<Option<Bytes>, String> {
    match message.status {
        None | Some(StatusCode::OK) => Ok(Some(message.payload)),
        Some(StatusCode::NOT_FOUND) => Ok(None),
        Some(status) => Err(format!("{status} {}", message.description.unwrap_or_default())),
    }
}
