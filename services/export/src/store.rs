//! The store of batch files: parts in NATS, one subject each. The one place that knows how the bytes travel.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use sojourn_runtime::Client;
use sojourn_runtime::nats::{PublishError, ReadError, direct_get, publish_stored, purge};
use sojourn_wire::batch::{PART_BYTES, split};
use sojourn_wire::{AgentId, Subject, SubscriptionId, subject};
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

/// Puts a file into the store, replacing one that was there. Answers the number of its parts. Where the store is too
/// full for all of them, none stays: halves of several files would keep each other out for ever.
///
/// # Errors
/// [`PublishError`] when a part was not confirmed; the file must be put again.
pub async fn put(client: &Client, address: &Address, file: Bytes) -> Result<u32, PublishError> {
    let parts = split(&file, PART_BYTES).map(|part| file.slice_ref(part));
    let parts: Vec<(u32, Bytes)> = (0..).zip(parts).collect();
    let (count, failed) = (parts.len(), AtomicBool::new(false));
    let wanted = parts.into_iter().take_while(|_| !failed.load(Ordering::Relaxed));
    let puts = wanted.map(|(part, bytes)| {
        let Address { agent, subscription, session, batch } = address.clone();
        let subject = Subject::BatchPart { agent, subscription, session, batch, part };
        let failed = &failed;
        async move {
            let put = publish_stored(client, &subject, None, bytes, WITHIN).await;
            failed.fetch_or(put.is_err(), Ordering::Relaxed);
            put
        }
    });
    // Each that was begun is awaited, so that none comes after the others were dropped.
    let puts: Vec<Result<(), PublishError>> = stream::iter(puts).buffer_unordered(IN_FLIGHT).collect().await;
    let full = puts.iter().any(|put| matches!(put, Err(PublishError::StoreFull { .. })));
    if full && count > 1 {
        drop_parts(client, address).await;
    }
    puts.into_iter().collect::<Result<(), _>>()?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Drops what is there of a file of which nobody was told.
async fn drop_parts(client: &Client, address: &Address) {
    let Address { agent, subscription, session, batch } = address;
    if let Err(error) = purge(client, &subject::parts_of_batch(agent, subscription, *session, *batch), WITHIN).await {
        tracing::warn!(%session, batch, %error, "parts of batch {batch} stay in a full store until it is put again: {error}");
    }
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
