//! Reading what the server has stored for this device: answers, and the parts of batch files.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sojourn_runtime::backoff::Backoff;
use sojourn_runtime::clock;
use sojourn_runtime::nats::{self, ReadError};
use sojourn_wire::Subject;
use sojourn_wire::batch::{Assembler, Parts};
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

use super::{Link, LinkError};

/// How long a part of 256 KB may take: on a slow link, long.
const PART: Duration = Duration::from_secs(60);
/// How often a part is found absent before it is given up. It was stored before its manifest was; but of several NATS
/// servers, the one that is asked may be a moment behind.
const ABSENT: u32 = 4;
/// The first and the longest wait between two looks for an answer whose hint did not come.
const LOOK: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(5));

/// A batch's file that has come.
#[derive(Debug)]
pub struct Fetched {
    /// The whole file.
    pub file: Vec<u8>,
    /// How often a part was asked for in vain.
    pub retries: u32,
}

impl Link {
    /// Fetches a batch's file. So many parts are asked for at a time; `progress` hears of each that comes, how many bytes
    /// it has.
    ///
    /// # Errors
    /// [`LinkError::Silent`] when a part does not come, [`LinkError::Gone`] when it is not kept any more,
    /// [`LinkError::File`] when they do not fit together.
    pub async fn file(
        &self,
        session: Uuid,
        batch: u32,
        expected: Parts,
        in_flight: usize,
        mut progress: impl FnMut(u64),
    ) -> Result<Fetched, LinkError> {
        let (agent, subscription) = self.ids();
        let subject = |part| {
            let (agent, subscription) = (agent.clone(), subscription.clone());
            Subject::BatchPart { agent, subscription, session, batch, part }
        };
        let parts = futures_util::stream::iter(0..expected.count).map(|part| self.part(subject(part)));
        let mut parts = std::pin::pin!(parts.buffered(in_flight.max(1)));
        let (mut file, mut retries) = (Assembler::new(expected), 0);
        while let Some(part) = parts.next().await {
            let (bytes, looks) = part?;
            file.push(&bytes)?;
            retries += looks;
            progress(bytes.len() as u64);
        }
        Ok(Fetched { file: file.finish()?, retries })
    }

    /// A part that its manifest says is there, and how often it was asked for in vain before.
    async fn part(&self, subject: Subject) -> Result<(Bytes, u32), LinkError> {
        self.look(&subject, "part of a batch", self.patience, Some(ABSENT)).await
    }

    /// Reads what the server will have stored when it has done its work.
    pub(super) async fn read(
        &self,
        subject: &Subject,
        what: &'static str,
        patience: Duration,
    ) -> Result<Bytes, LinkError> {
        Ok(self.look(subject, what, patience, None).await?.0)
    }

    /// Looks for a stored message until it is there: at once, at every hint, and now and then without one. Says how often
    /// it looked in vain. When it should be there already, it is given up after it was found absent so many times.
    async fn look(
        &self,
        subject: &Subject,
        what: &'static str,
        patience: Duration,
        absences: Option<u32>,
    ) -> Result<(Bytes, u32), LinkError> {
        let give_up = Instant::now() + patience;
        let mut hints = self.hints.clone();
        let (mut looks, mut absent) = (0, 0);
        let mut last = None;
        loop {
            hints.mark_unchanged();
            match nats::direct_get(&self.client, subject, PART).await {
                Ok(Some(bytes)) => return Ok((bytes, looks)),
                Ok(None) => absent += 1,
                Err(ReadError::NotReadable { .. }) => last = Some("it is kept for another".to_owned()),
                Err(error) => last = Some(error.to_string()),
            }
            if absences.is_some_and(|absences| absent >= absences) {
                return Err(LinkError::Gone { what });
            }
            if Instant::now() >= give_up {
                return Err(LinkError::Silent { what, patience, last });
            }
            looks += 1;
            let again = (Instant::now() + LOOK.delay(u64::from(looks), clock::jitter())).min(give_up);
            match absences {
                // Hints are of what is still to come.
                Some(_) => sleep_until(again).await,
                None => drop(timeout_at(again, hints.changed()).await),
            }
        }
    }
}
