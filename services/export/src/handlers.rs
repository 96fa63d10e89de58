//! Wire in, wire out: makes batches of a session while its window is open.
//!
//! A batch is put into the store, then recorded, then told to the agent. A worker that dies in between is replaced by
//! one that makes the same batch again, or tells it again: the agent hears of no batch that is not recorded.

use std::time::Duration;

use bytes::Bytes;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::MetadataCache;
use sojourn_runtime::Client;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats;
use sojourn_wire::message::batch::{BatchManifest, BatchOutcome, ExportJob};
use sojourn_wire::message::{decode, encode};
use sojourn_wire::{AgentId, Subject, SubscriptionId, subject};
use sqlx::PgPool;
use uuid::Uuid;

use crate::db::activity::{activity_begin, activity_end};
use crate::db::batch::{NewBatch, batch_outstanding, batch_record};
use crate::db::rows::Ceiling;
use crate::db::session::{SessionLock, session_open};
use crate::error::HandlerError;
use crate::file::Export;
use crate::plan::{Place, Step};
use crate::store::{self, Address};

/// How long a manifest's confirmation may take.
const WITHIN: Duration = Duration::from_secs(5);
/// Batches that a device may have outstanding: made, but not yet received. It bounds the store.
const WINDOW: u32 = 2;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Handlers {
    pool: PgPool,
    nats: Client,
    metadata: MetadataCache,
    ceiling: Ceiling,
}

/// What a worker does after it looked at a session.
enum Next {
    /// It looks again: something was made.
    Look,
    /// It stops, unless the device has received more than this meanwhile.
    Stop {
        /// The highest batch that was received when it looked.
        received: i32,
    },
}

impl Handlers {
    /// Handlers over these connections.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client, ceiling: Ceiling) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata, ceiling }
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
        let Some(mut lock) = SessionLock::take(&self.pool, session).await? else {
            return Err(HandlerError::Taken);
        };
        activity_begin(&self.pool, session).await?;
        loop {
            lock.renew().await?;
            match self.next_batch(&agent, &subscription, session).await? {
                Next::Look => {}
                Next::Stop { received } => {
                    if activity_end(&self.pool, session, received).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Makes one batch, if the window is open.
    async fn next_batch(
        &self,
        agent: &AgentId,
        subscription: &SubscriptionId,
        session_id: Uuid,
    ) -> Result<Next, HandlerError> {
        let Some(session) = session_open(&self.pool, agent, subscription, session_id).await? else {
            return Ok(Next::Stop { received: i32::MAX });
        };
        let made = batch_outstanding(&self.pool, session_id, session.received).await?;
        for batch in &made {
            // The worker before may have died between recording and telling; telling twice is harmless.
            self.tell(agent, subscription, &batch.manifest).await?;
        }
        let last = made.last();
        let number = last.map_or(0, |last| last.number);
        let ended = last.is_some_and(|last| last.ended.is_none());
        if ended {
            return Ok(Next::Stop { received: i32::MAX });
        }
        if !session.active {
            tracing::warn!(session = %session_id, %subscription, "{subscription} was revoked in mid-session");
            let reason = "the subscription was revoked: ask the administrator".to_owned();
            self.fail(agent, subscription, session_id, number + 1, reason).await?;
            return Ok(Next::Stop { received: i32::MAX });
        }
        if number.saturating_sub(session.received.unsigned_abs()) >= WINDOW {
            return Ok(Next::Stop { received: session.received });
        }
        let version = session.metadata_version.unsigned_abs();
        let metadata = self.metadata.version(&session.dataset, version).await?;
        let identity = Identity { user_id: session.user_id, acting_role: metadata.acting_role.clone() };
        let export = Export { agent, subscription, session_id, session, metadata, identity };
        match self.make(&export, number + 1, last.and_then(|last| last.ended)).await {
            Ok(()) => Ok(Next::Look),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                tracing::error!(session = %session_id, %subscription, %error, "exporting session {session_id} of {subscription}: {error}");
                let reason = format!("the server could not export: {error}; sync again");
                self.fail(agent, subscription, session_id, number + 1, reason).await?;
                Ok(Next::Stop { received: i32::MAX })
            }
        }
    }

    /// Makes the batch `number` and tells the agent; without anything left, the end of the session.
    async fn make(&self, export: &Export<'_>, number: u32, last: Option<Place>) -> Result<(), HandlerError> {
        let Some(file) = export.next_file(&self.pool, self.ceiling, number, last).await? else {
            let manifest = BatchManifest { session: export.session_id, batch: number, outcome: BatchOutcome::End };
            let end = NewBatch { step: None, after_key: None, to_key: None, skipped: &[], manifest: &manifest };
            return match batch_record(&self.pool, &end).await? {
                true => self.tell(export.agent, export.subscription, &manifest).await,
                false => Ok(()),
            };
        };
        let address = Address {
            agent: export.agent.clone(),
            subscription: export.subscription.clone(),
            session: export.session_id,
            batch: number,
        };
        let bytes = file.bytes.len() as u64;
        let parts = store::put(&self.nats, &address, file.bytes).await?;
        let Step { kind: content, object_type_code } = file.place.step;
        let outcome = BatchOutcome::Ready { object_type_code, content, rows: file.rows, bytes, parts };
        let manifest = BatchManifest { session: export.session_id, batch: number, outcome };
        let record = NewBatch {
            step: Some(file.place.step),
            after_key: file.place.after,
            to_key: Some(file.range.to_key),
            skipped: &file.range.skipped,
            manifest: &manifest,
        };
        if !batch_record(&self.pool, &record).await? {
            // Whoever superseded the session may have purged it before these parts were there.
            let parts = subject::parts_of_session(export.agent, export.subscription, export.session_id);
            nats::purge(&self.nats, &parts, WITHIN).await?;
            return Ok(());
        }
        self.tell(export.agent, export.subscription, &manifest).await
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
