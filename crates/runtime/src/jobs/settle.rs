//! Telling the server what became of a message, until it confirms.

use std::time::Duration;

use async_nats::jetstream::AckKind;
use async_nats::{Client, Subject};

use crate::backoff::Backoff;
use crate::clock;
use crate::deadline::deadline;

/// How long one confirmation is awaited.
const CONFIRM: Duration = Duration::from_secs(5);
/// How often it is asked for. A message that stays unconfirmed is handed out again, which its handler bears.
const TRIES: u64 = 3;
/// Waits between the tries.
const WAITS: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// Where the server listens for the fate of one delivery.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    client: Client,
    reply: Subject,
}

/// The server did not confirm.
#[derive(Debug, thiserror::Error)]
#[error("the server did not confirm it: {0}")]
pub(super) struct Unconfirmed(String);

impl Receipt {
    pub(super) fn new(client: Client, reply: Subject) -> Self {
        Self { client, reply }
    }

    /// Says `kind` and awaits the confirmation, with a few tries while the connection is away.
    pub(super) async fn confirm(&self, kind: AckKind) -> Result<(), Unconfirmed> {
        let mut failures = 0;
        loop {
            let asked = self.client.request(self.reply.clone(), kind.into());
            let problem = match deadline(CONFIRM, "the confirmation", asked).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => error.to_string(),
                Err(elapsed) => elapsed.to_string(),
            };
            failures += 1;
            if failures == TRIES {
                return Err(Unconfirmed(problem));
            }
            tokio::time::sleep(WAITS.delay(failures, clock::jitter())).await;
        }
    }

    /// Says "still at work". A lost word is repeated by the next one.
    pub(super) async fn progress(&self) {
        let said = self.client.publish(self.reply.clone(), AckKind::Progress.into());
        if !matches!(deadline(CONFIRM, "sending", said).await, Ok(Ok(()))) {
            tracing::debug!("could not say that a job is still at work");
        }
    }
}
