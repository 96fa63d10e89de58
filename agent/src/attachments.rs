//! Sends binary values that are too long for a chunk ahead of it, in parts: a few at a time, so that little of a value is
//! in memory.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sojourn_runtime::clock;
use sojourn_wire::message::attachment::{AttachmentPart, PART_BYTES, parts};
use sojourn_wire::message::operation::ChunkOutcome;

use crate::error::AgentError;
use crate::link::Link;
use crate::shared::SharedStore;
use crate::store::Attachment;

/// Parts that are on their way at a time.
const OUTSTANDING: usize = 4;
/// Parts that are read at a time, 3 MiB: SQLite goes to a place far into a value page by page.
const READ_AHEAD: usize = 16;

/// Sends every part of these attachments, each until the server has stored it.
///
/// # Errors
/// [`AgentError`]; sending all of it again is harmless.
pub async fn send_ahead(
    store: &SharedStore,
    link: &Link,
    attachments: impl Iterator<Item = &Attachment>,
    patience: Duration,
) -> Result<(), AgentError> {
    for attachment in attachments {
        for first in (0..parts(attachment.bytes)).step_by(READ_AHEAD) {
            let bytes = read(store, attachment.clone(), first).await?;
            let numbered = (first..).zip(bytes.chunks(PART_BYTES));
            let sent = stream::iter(numbered).map(|(number, bytes)| {
                let part = AttachmentPart {
                    chunk: clock::fresh_id(),
                    attachment: attachment.id,
                    number,
                    total_bytes: attachment.bytes,
                    bytes: bytes.to_vec(),
                };
                send(link, part, patience)
            });
            sent.buffer_unordered(OUTSTANDING).try_collect::<()>().await?;
        }
    }
    Ok(())
}

/// The bytes of some parts, from the `first` on.
async fn read(store: &SharedStore, attachment: Attachment, first: u32) -> Result<Vec<u8>, AgentError> {
    let Attachment { row_number, attribute, .. } = attachment;
    let offset = u64::from(first) * PART_BYTES as u64;
    let read = store.run("reading an attachment", move |store| {
        store.attachment_part(row_number, &attribute, offset, READ_AHEAD * PART_BYTES)
    });
    read.await
}

async fn send(link: &Link, part: AttachmentPart, patience: Duration) -> Result<(), AgentError> {
    match link.attach(&part, patience).await? {
        ChunkOutcome::Stored => Ok(()),
        ChunkOutcome::Refused { reason } => Err(AgentError::Refused(reason)),
        _ => Err(AgentError::TooNew),
    }
}
