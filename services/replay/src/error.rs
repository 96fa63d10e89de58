//! What can go wrong in the handler. The error carries the decision.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_runtime::jobs::Outcome;
use sojourn_runtime::nats::PublishError;
use sojourn_wire::Subject;
use sojourn_wire::message::DecodeError;

use crate::order::Malformed;

/// A failure of the handler. Nothing of its chunk is applied, or all of it is committed and will be answered from
/// what was stored.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The message is none of ours.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The chunk breaks the protocol.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The consumer handed out a subject it should not have.
    #[error("{0} is not for this handler")]
    Misrouted(Subject),
    /// The database failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A plug-in for which operations are to wait is not there.
    #[error("{0}")]
    Waiting(String),
    /// The result could not be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The least wait before something that failed outside is tried again.
const LATER: Duration = Duration::from_millis(200);

/// The least wait before a plug-in that was not there is asked again.
const PLUGIN: Duration = Duration::from_secs(2);

impl From<HandlerError> for Outcome {
    fn from(error: HandlerError) -> Self {
        let reason = error.to_string();
        match error {
            HandlerError::Decode(_) | HandlerError::Malformed(_) | HandlerError::Misrouted(_) => {
                Self::Reject { reason }
            }
            HandlerError::Platform(error) if !error.is_transient() => Self::Unexpected { reason },
            HandlerError::Publish(error) if !error.is_transient() => Self::Unexpected { reason },
            HandlerError::Waiting(_) => Self::Retry { after: PLUGIN, reason },
            HandlerError::Platform(_) | HandlerError::Publish(_) => Self::Retry { after: LATER, reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_decides() {
        let database = |source| HandlerError::Platform(PlatformError::Database { doing: "committing", source });
        assert!(matches!(Outcome::from(database(sqlx::Error::PoolTimedOut)), Outcome::Retry { .. }));
        assert!(matches!(Outcome::from(database(sqlx::Error::RowNotFound)), Outcome::Unexpected { .. }));
        assert!(matches!(Outcome::from(HandlerError::from(Malformed::Empty)), Outcome::Reject { .. }));
    }
}
