//! Why there is no answer.

use std::time::Duration;

use sojourn_runtime::nats::{NatsError, PublishError};
use sojourn_runtime::rpc::AskError;
use sojourn_wire::batch::BatchError;
use sojourn_wire::message::DecodeError;

/// The server cannot be reached, or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No connection.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// A service is not at work.
    #[error("the server at {url} is not ready: {source}")]
    NotReady {
        /// Where.
        url: String,
        /// What the question met.
        source: AskError,
    },
    /// A question without an answer.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// No answer in time.
    #[error("no {what} within {} s{}: the work done so far is kept; try again", patience.as_secs(), why(last))]
    Silent {
        /// What was awaited.
        what: &'static str,
        /// How long.
        patience: Duration,
        /// What the last try met.
        last: Option<String>,
    },
    /// What was there is there no more.
    #[error("a {what} is not kept any more: the session is too old, or another one took its place; try again")]
    Gone {
        /// What was asked for.
        what: &'static str,
    },
    /// The server cannot take it.
    #[error(transparent)]
    Publish(PublishError),
    /// An answer that is none.
    #[error("the server answers in words this program does not know: {0}")]
    Decode(#[from] DecodeError),
    /// A batch file arrived broken.
    #[error("a batch file arrived broken: {0}")]
    File(#[from] BatchError),
}

fn why(last: &Option<String>) -> String {
    last.as_ref().map(|last| format!(" ({last})")).unwrap_or_default()
}
