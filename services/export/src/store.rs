//! The store of batch files: parts in NATS, one subject each. The one place that knows how the bytes travel.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sojourn_runtime::Client;
use sojourn_runtime::nats::{PublishError, ReadError, direct_get, publish_stored};
use sojourn_wire::batch::{PART_BYTES, split};
use sojourn_wire::{AgentId, Subject, SubscriptionId};
use uuid::Uuid;

/// How long a part's confirmation may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Parts on their way at once.
const IN_FLIGHT: usize = 8;

/// Whose file it is.
#[derive(Debug, Clone)]
pub struct Address {
    /// The device.
    pub agent: AgentId,
    /// Its subscription.
    pub subscription: SubscriptionId,
    /// The session.
    pub session: Uuid,
    /// The batch's number.
    pub batch: u32,
}

/// Puts a file into the store, replacing one that was there. Answers the number of its parts.
///
/// # Errors
/// [`PublishError`] when a part was not confirmed; the file must be put again.
pub async fn put(client: &Client, address: &Address, file: Bytes) -> Result<u32, PublishError> {
    let parts = split(&file, PART_BYTES).map(|part| file.slice_ref(part));
    let parts: Vec<(u32, Bytes)> = (0..).zip(parts).collect();
    let count = parts.len();
    let puts = parts.into_iter().map(|(part, bytes)| {
        let Address { agent, subscription, session, batch } = address.clone();
        let subject = Subject::BatchPart { agent, subscription, session, batch, part };
        async move { publish_stored(client, &subject, None, bytes, WITHIN).await }
    });
    stream::iter(puts).buffer_unordered(IN_FLIGHT).try_collect::<()>().await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A part that cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It is not there: purged, or never was.
    #[error("{0} is not stored any more")]
    Gone(Subject),
    /// It has another size than its file's parts.
    #[error("{subject} has {found} bytes instead of {expected}: it is another file's")]
    Foreign {
        /// The part.
        subject: Subject,
        /// Its size in bytes.
        found: usize,
        /// The size it must have.
        expected: usize,
    },
    /// The store does not answer.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Reads a part of a file, which must have so many bytes.
///
/// # Errors
/// [`StoredError`].
pub async fn get(client: &Client, address: &Address, part: u32, expected: usize) -> Result<Bytes, StoredError> {
    let Address { agent, subscription, session, batch } = address.clone();
    let subject = Subject::BatchPart { agent, subscription, session, batch, part };
    match direct_get(client, &subject, WITHIN).await? {
        None => Err(StoredError::Gone(subject)),
        Some(bytes) if bytes.len() != expected => Err(StoredError::Foreign { subject, found: bytes.len(), expected }),
        Some(bytes) => Ok(bytes),
    }
}
