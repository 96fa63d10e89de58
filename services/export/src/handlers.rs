//! Wire in, wire out: hands a session's batches to its device while the window is open.
//!
//! A batch is put into the store, then recorded, then told to the agent. A worker that dies in between is replaced by
//! one that makes the same batch again, or tells it again: the agent hears of no batch that is not recorded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::MetadataCache;
use sojourn_runtime::Client;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats;
use sojourn_wire::message::batch::{BatchManifest, BatchOutcome, ExportJob};
use sojourn_wire::message::sync_info::ServerTime;
use sojourn_wire::message::{decode, encode};
use sojourn_wire::{AgentId, Subject, SubscriptionId, subject};
use sqlx::PgPool;
use tokio::time::timeout;
use uuid::Uuid;

use crate::db::activity::{activity_begin, activity_end};
use crate::db::batch::{NewBatch, Recorded, batch_outstanding, batch_record};
use crate::db::session::{Session, SessionLock, session_open};
use crate::error::HandlerError;
use crate::file::{File, micros};
use crate::hints::Hints;
use crate::pace::Ceiling;
use crate::plan::{Place, Step};
use crate::reading::{self, Export, Reading};
use crate::store::{self, Address};

/// How long a manifest's confirmation may take.
const WITHIN: Duration = Duration::from_secs(5);
/// Batches that a device may have outstanding: made, but not yet received. It bounds the store.
const WINDOW: u32 = 2;
/// How long a worker waits for a closed window to open before it does something else: on a fast link a device receives
/// a batch within less, and what was read ahead is not lost.
const LINGER: Duration = Duration::from_secs(1);
/// How long it waits in all: other sessions want it too.
const WAITING: Duration = Duration::from_secs(5);
/// How often a worker that waits for rows makes sure of its session.
const RENEW_EVERY: Duration = Duration::from_secs(20);

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Handlers {
    pool: PgPool,
    nats: Client,
    metadata: MetadataCache,
    ceiling: Ceiling,
    hints: Hints,
}

/// What a worker does after it looked at a session.
enum Next {
    /// It looks again: something was made.
    Look,
    /// The window is closed: it waits for a hint.
    Wait {
        /// The highest batch that was received when it looked.
        received: i32,
    },
    /// It stops, unless the device has received more than this meanwhile.
    Stop {
        /// The highest batch that was received when it looked.
        received: i32,
    },
}

/// A worker's session, and what it reads ahead for it.
struct Work<'a> {
    agent: &'a AgentId,
    subscription: &'a SubscriptionId,
    session: Uuid,
    lock: SessionLock,
    reading: Option<Reading>,
}

impl Handlers {
    /// Handlers over these connections.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client, ceiling: Ceiling, hints: Hints) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata, ceiling, hints }
    }

    /// An export job.
    pub async fn export(self, job: Job) -> Outcome {
        self.try_export(job).await.map_or_else(Outcome::from, |()| Outcome::Done)
    }

    async fn try_export(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::ExportJob { agent, subscription, session } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        decode::<ExportJob>(&job.payload)?;
        let Some(lock) = SessionLock::take(&self.pool, session).await? else {
            return Err(HandlerError::Taken);
        };
        activity_begin(&self.pool, session).await?;
        let listening = self.hints.listen(session);
        let mut work = Work { agent: &agent, subscription: &subscription, session, lock, reading: None };
        let mut patience = WAITING;
        loop {
            work.lock.renew().await?;
            let (received, hinted) = match self.next_batch(&mut work).await? {
                Next::Look => continue,
                Next::Wait { received } => {
                    let began = Instant::now();
                    let hinted = timeout(LINGER.min(patience), listening.hint()).await.is_ok();
                    patience = patience.saturating_sub(began.elapsed());
                    (received, hinted)
                }
                Next::Stop { received } => (received, false),
            };
            if !hinted && activity_end(&self.pool, session, received).await? {
                return Ok(());
            }
        }
    }

    /// Hands over one batch, if the window is open.
    async fn next_batch(&self, work: &mut Work<'_>) -> Result<Next, HandlerError> {
        let Work { agent, subscription, session: id, .. } = *work;
        let over = Next::Stop { received: i32::MAX };
        let Some(session) = session_open(&self.pool, agent, subscription, id).await? else { return Ok(over) };
        let made = batch_outstanding(&self.pool, id, session.received).await?;
        if work.reading.is_none() {
            for batch in &made {
                // The worker before may have died between recording and telling; telling twice is harmless.
                self.tell(agent, subscription, &batch.manifest).await?;
            }
        }
        let last = made.last();
        let number = last.map_or(0, |last| last.number);
        if last.is_some_and(|last| last.ended.is_none()) {
            return Ok(over);
        }
        if !session.active {
            tracing::warn!(session = %id, %subscription, "{subscription} was revoked in mid-session");
            let reason = "the subscription was revoked: ask the administrator".to_owned();
            self.fail(agent, subscription, id, number + 1, reason).await?;
            return Ok(over);
        }
        if number.saturating_sub(session.received.unsigned_abs()) >= WINDOW {
            return Ok(Next::Wait { received: session.received });
        }
        match self.make(work, session, number + 1, last.and_then(|last| last.ended)).await {
            Ok(()) => Ok(Next::Look),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                tracing::error!(session = %id, %subscription, %error, "exporting session {id} of {subscription}: {error}");
                let reason = format!("the server could not export: {error}; sync again");
                self.fail(agent, subscription, id, number + 1, reason).await?;
                Ok(over)
            }
        }
    }

    /// Stores the batch `number`, and tells the agent; without anything left, the end of the session.
    async fn make(
        &self,
        work: &mut Work<'_>,
        session: Session,
        number: u32,
        last: Option<Place>,
    ) -> Result<(), HandlerError> {
        let wish = session.wish();
        let reading = match &mut work.reading {
            Some(reading) => {
                reading.wish.send_replace(wish);
                reading
            }
            None => {
                let export = Arc::new(self.export_of(work, session).await?);
                let begun = reading::begin(self.pool.clone(), export, self.ceiling, wish, number, last);
                work.reading.insert(begun)
            }
        };
        let file = {
            let mut next = std::pin::pin!(reading.files.next());
            loop {
                match timeout(RENEW_EVERY, &mut next).await {
                    Ok(file) => break file?,
                    Err(_) => work.lock.renew().await?,
                }
            }
        };
        match file {
            Some(file) => {
                work.lock.renew().await?;
                self.store(work, number, file).await
            }
            None => {
                let manifest = BatchManifest { session: work.session, batch: number, outcome: BatchOutcome::End };
                let end = NewBatch { step: None, after: None, to: None, skipped: &[], manifest: &manifest };
                self.record(work, &end).await
            }
        }
    }

    async fn export_of(&self, work: &Work<'_>, session: Session) -> Result<Export, HandlerError> {
        let version = session.metadata_version.unsigned_abs();
        let metadata = self.metadata.version(&session.dataset, version).await?;
        let identity = Identity { user_id: session.user_id, acting_role: metadata.acting_role.clone() };
        Ok(Export {
            agent: work.agent.clone(),
            subscription: work.subscription.clone(),
            number: session.number,
            session: work.session,
            prepare_seq: session.prepare_seq,
            metadata,
            identity,
        })
    }

    async fn store(&self, work: &Work<'_>, number: u32, file: File) -> Result<(), HandlerError> {
        let address = Address {
            agent: work.agent.clone(),
            subscription: work.subscription.clone(),
            session: work.session,
            batch: number,
        };
        let File { place, range, rows, row_bytes, bytes: file, read_us, encode_us } = file;
        let (bytes, started) = (file.len() as u64, Instant::now());
        let parts = store::put(&self.nats, &address, file).await?;
        let server = ServerTime { read_us, encode_us, store_us: micros(started) };
        let Step { kind: content, object_type_code } = place.step;
        let outcome = BatchOutcome::Ready { object_type_code, content, rows, bytes, parts, row_bytes, server };
        let manifest = BatchManifest { session: work.session, batch: number, outcome };
        let batch = NewBatch {
            step: Some(place.step),
            after: place.after,
            to: Some(range.to),
            skipped: &range.skipped,
            manifest: &manifest,
        };
        self.record(work, &batch).await
    }

    /// Records a batch and tells the agent, while the session is open.
    async fn record(&self, work: &Work<'_>, batch: &NewBatch<'_>) -> Result<(), HandlerError> {
        match batch_record(&self.pool, batch).await? {
            Recorded::Yes => self.tell(work.agent, work.subscription, batch.manifest).await,
            Recorded::Taken => Err(HandlerError::Taken),
            Recorded::Closed => {
                // Whoever superseded the session may have purged it before these parts were there.
                let parts = subject::parts_of_session(work.agent, work.subscription, work.session);
                nats::purge(&self.nats, &parts, WITHIN).await?;
                Ok(())
            }
        }
    }

    /// Tells the agent that its session cannot go on. The session stays as it is: the next sync opens a new one.
    async fn fail(
        &self,
        agent: &AgentId,
        subscription: &SubscriptionId,
        session: Uuid,
        batch: u32,
        reason: String,
    ) -> Result<(), HandlerError> {
        let manifest = BatchManifest { session, batch, outcome: BatchOutcome::Failed { reason } };
        self.tell(agent, subscription, &manifest).await
    }

    async fn tell(
        &self,
        agent: &AgentId,
        subscription: &SubscriptionId,
        manifest: &BatchManifest,
    ) -> Result<(), HandlerError> {
        let (agent, subscription) = (agent.clone(), subscription.clone());
        let to = Subject::BatchResult { agent, subscription, session: manifest.session, batch: manifest.batch };
        Ok(nats::publish_stored(&self.nats, &to, None, Bytes::from(encode(manifest)), WITHIN).await?)
    }
}
