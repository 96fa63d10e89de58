//! What can go wrong in a handler. The error carries the decision, and the words the user sees.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_runtime::jobs::Outcome;
use sojourn_runtime::nats::{PublishError, PurgeError};
use sojourn_wire::batch::BatchError;
use sojourn_wire::message::DecodeError;

use crate::db::rows::RowsError;

/// A handler's failure.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The message is none of ours.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The consumer handed out a subject it should not have.
    #[error("{0} is not for this handler")]
    Misrouted(sojourn_wire::Subject),
    /// The database failed.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The rows of a batch could not be read.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// A batch could not be made.
    #[error("making the batch file: {0}")]
    Batch(#[from] BatchError),
    /// Parts or a manifest could not be published; a full store is one reason, and heals when devices read.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Parts of a session that was superseded could not be purged.
    #[error(transparent)]
    Purge(#[from] PurgeError),
    /// The reader of a session ended without a word.
    #[error("the reader of the session was lost")]
    Lost,
    /// Another worker has this session.
    #[error("another worker makes batches of this session")]
    Taken,
}

/// Another worker is done, or dead and replaced, within moments.
const SOON: Duration = Duration::from_millis(100);
/// The least wait before something that failed outside is tried again.
const LATER: Duration = Duration::from_millis(500);

impl HandlerError {
    /// Whether it may go away by itself.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Platform(error) | Self::Rows(RowsError::Platform(error)) => error.is_transient(),
            Self::Publish(error) => error.is_transient(),
            Self::Purge(_) | Self::Taken | Self::Lost => true,
            Self::Decode(_)
            | Self::Misrouted(_)
            | Self::Batch(_)
            | Self::Rows(RowsError::Batch { .. } | RowsError::Compare { .. }) => false,
        }
    }
}

impl From<HandlerError> for Outcome {
    fn from(error: HandlerError) -> Self {
        let reason = error.to_string();
        match error {
            HandlerError::Decode(_) | HandlerError::Misrouted(_) => Self::Reject { reason },
            HandlerError::Taken => Self::Retry { after: SOON, reason },
            error if error.is_transient() => Self::Retry { after: LATER, reason },
            _ => Self::Unexpected { reason },
        }
    }
}
