//! What can go wrong in a handler. The error carries the decision, and the words the user sees.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_runtime::jobs::Outcome;
use sojourn_runtime::nats::{PublishError, PurgeError};
use sojourn_wire::message::DecodeError;

/// A handler's failure.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The message is none of ours.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A consumer handed out a subject it should not have.
    #[error("{0} is not for this handler")]
    Misrouted(sojourn_wire::Subject),
    /// The database failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// What follows could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Parts could not be purged.
    #[error(transparent)]
    Purge(#[from] PurgeError),
    /// Another message must come first.
    #[error("{0}")]
    NotYet(&'static str),
}

/// A full job subject is free again as soon as export has finished what it is at.
const SOON: Duration = Duration::from_millis(50);
/// The least wait before something that failed outside is tried again.
const LATER: Duration = Duration::from_millis(500);

impl From<HandlerError> for Outcome {
    fn from(error: HandlerError) -> Self {
        let reason = error.to_string();
        match error {
            HandlerError::Decode(_) | HandlerError::Misrouted(_) => Self::Reject { reason },
            HandlerError::NotYet(_) | HandlerError::Publish(PublishError::SubjectFull { .. }) => {
                Self::Retry { after: SOON, reason }
            }
            HandlerError::Platform(error) if !error.is_transient() => Self::Unexpected { reason },
            HandlerError::Publish(error) if !error.is_transient() => Self::Unexpected { reason },
            HandlerError::Platform(_) | HandlerError::Publish(_) | HandlerError::Purge(_) => {
                Self::Retry { after: LATER, reason }
            }
        }
    }
}
