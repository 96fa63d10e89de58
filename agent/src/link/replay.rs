//! Sending operations, and the attachments that go ahead of them, until replay answers.

use std::time::Duration;

use sojourn_wire::Subject;
use sojourn_wire::message::Message;
use sojourn_wire::message::attachment::AttachmentPart;
use sojourn_wire::message::operation::{ChunkOutcome, ChunkResult, OperationChunk};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Link, LinkError};

/// What has no answer is sent again after this long: the server knows it by its id, so that this is harmless.
const RESEND: Duration = Duration::from_secs(30);

impl Link {
    /// Sends a chunk of operations until it is answered.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when no answer comes; the chunk may be sent again.
    pub async fn replay(&self, chunk: &OperationChunk, patience: Duration) -> Result<ChunkOutcome, LinkError> {
        self.until_answered(chunk, chunk.chunk, "verdicts", patience).await
    }

    /// Sends a part of an attachment until it is answered.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when no answer comes; the part may be sent again.
    pub async fn attach(&self, part: &AttachmentPart, patience: Duration) -> Result<ChunkOutcome, LinkError> {
        self.until_answered(part, part.chunk, "receipt for a part of an attachment", patience).await
    }

    async fn until_answered<M: Message>(
        &self,
        message: &M,
        chunk: Uuid,
        what: &'static str,
        patience: Duration,
    ) -> Result<ChunkOutcome, LinkError> {
        let started = Instant::now();
        loop {
            let (agent, subscription) = self.ids();
            self.send(&Subject::Operations { agent, subscription }, message).await?;
            let (agent, subscription) = self.ids();
            let answer = Subject::OperationsResult { agent, subscription, chunk };
            match self.answer_within::<ChunkResult>(&answer, what, RESEND.min(patience)).await {
                Ok(result) => return Ok(result.outcome),
                Err(LinkError::Silent { .. }) if started.elapsed() < patience => {}
                Err(error) => return Err(waited(error, started.elapsed())),
            }
        }
    }
}

/// Names all the time that passed, not that since the message was last sent.
fn waited(error: LinkError, patience: Duration) -> LinkError {
    match error {
        LinkError::Silent { what, last, .. } => LinkError::Silent { what, patience, last },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_with_all_the_time_that_passed() {
        let silent = LinkError::Silent { what: "verdicts", patience: RESEND, last: None };
        let words = waited(silent, Duration::from_millis(120_040)).to_string();
        assert!(words.starts_with("no verdicts within 120 s"), "{words}");
    }
}
