//! Wire in, wire out: each handler commits, publishes what follows, and only then says Done. Every one may run twice.

use std::time::Duration;

use bytes::Bytes;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::MetadataCache;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats::{self, PublishError};
use sojourn_runtime::{Client, clock};
use sojourn_wire::message::ack::{Ack, AckResult, Stage};
use sojourn_wire::message::batch::ExportJob;
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest, PrepareResult};
use sojourn_wire::message::{Message, decode, encode};
use sojourn_wire::{AgentId, Subject, SubscriptionId, subject};
use sqlx::PgPool;
use uuid::Uuid;

use crate::db::session::{NewSession, Received, session_finish, session_forget, session_open, session_received};
use crate::db::session::{session_next_sequence, session_of_request, session_superseded};
use crate::db::subscription::{Subscription, subscription_of};
use crate::db::{order, post_sync, prepare};
use crate::error::HandlerError;

/// How long a confirmation of NATS may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How often a session's end waits for PostSyncs that are still in the queue, before it is settled without them.
const PATIENCE: u64 = 8;

/// How often a PrepareSync is tried, over some minutes, before what stands in its way is told to the user.
const TRIES: u64 = 16;

/// What a device is told whose database lacks what was settled as being in it.
const OLDER_COPY: &str = "this device's database is an older copy: another copy of it has synchronised since, or the \
    server was restored; what it has not sent stays in its queue (sojourn-agent queue); to go on, set the device up \
    anew with the same credentials in a new folder: sojourn-agent --home NEW-FOLDER init, then go-offline";

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Handlers {
    pool: PgPool,
    nats: Client,
    metadata: MetadataCache,
}

impl Handlers {
    /// Handlers over these connections.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata }
    }

    /// A PrepareSync request.
    pub async fn prepare(self, job: Job) -> Outcome {
        done(self.try_prepare(job).await)
    }

    /// An acknowledgement.
    pub async fn ack(self, job: Job) -> Outcome {
        done(self.try_ack(job).await)
    }

    async fn try_prepare(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::PrepareRequest { agent, subscription: id } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let request: PrepareRequest = decode(&job.payload)?;
        let outcome = match subscription_of(&self.pool, &agent, &id).await? {
            None => refused(format!("the server does not know the subscription {id} of the device {agent}: init anew")),
            Some(subscription) if !subscription.active => {
                refused(format!("the subscription {id} was revoked: ask the administrator"))
            }
            Some(subscription) => self.prepare_sync(&id, &subscription, &request, job.deliveries).await?,
        };
        if let PrepareOutcome::Prepared { session, .. } = &outcome {
            self.forget_superseded(&agent, &id).await?;
            self.export(&agent, &id, *session).await?;
        }
        let result = PrepareResult { request: request.request, outcome };
        let to = Subject::PrepareResult { agent, subscription: id, request: request.request };
        self.publish(&to, &result).await?;
        Ok(())
    }

    /// PrepareSync in one transaction; what the user may not do is an answer, not an error.
    async fn prepare_sync(
        &self,
        id: &SubscriptionId,
        subscription: &Subscription,
        request: &PrepareRequest,
        deliveries: u64,
    ) -> Result<PrepareOutcome, HandlerError> {
        match self.prepare_transaction(id, subscription, request).await {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.is_transient() && deliveries < TRIES => Err(error.into()),
            Err(error) => {
                tracing::error!(subscription = %id, %error, "PrepareSync of {id} failed: {error}");
                Ok(refused(format!("the server could not prepare: {error}")))
            }
        }
    }

    async fn prepare_transaction(
        &self,
        id: &SubscriptionId,
        subscription: &Subscription,
        request: &PrepareRequest,
    ) -> Result<PrepareOutcome, PlatformError> {
        let started = clock::now();
        let metadata = self.metadata.newest(&subscription.dataset).await?;
        let mut tx = prepare::prepare_begin(&self.pool, &subscription.entries).await?;
        if let Some(answered) = session_of_request(&mut tx, id, request.request).await? {
            return Ok(answered);
        }
        if let (Some(_), Some(holds)) = (request.metadata_version, &request.holds)
            && !order::order_holds_all(&mut tx, id, holds).await?
        {
            return Ok(refused(OLDER_COPY.to_owned()));
        }
        if request.metadata_version.is_none() && !subscription.is_new {
            prepare::prepare_reset(&mut tx, &subscription.entries).await?;
        }
        prepare::prepare_evaluate(&mut tx, &metadata, subscription).await?;
        let entities = prepare::prepare_merge(&mut tx, &metadata, subscription, &request.refresh).await?;
        let session = clock::fresh_id();
        let dataset = metadata.dataset.parse();
        let outcome = PrepareOutcome::Prepared {
            session,
            dataset: dataset.map_err(|e: sojourn_wire::InvalidToken| PlatformError::Setup(e.to_string()))?,
            metadata_version: metadata.version,
            entities,
            prepare_seq: 0,
            reinitialise: false,
            next_sequence: session_next_sequence(&mut tx, id).await?,
            elapsed_ms: clock::now().duration_since(started).as_millis().unsigned_abs() as u64,
        };
        let opened = NewSession {
            id: session,
            subscription: id,
            request: request.request,
            metadata_version: metadata.version,
            outcome: &outcome,
        };
        session_open(&mut tx, &opened).await?;
        tx.commit().await.map_err(PlatformError::doing("committing PrepareSync"))?;
        tracing::info!(subscription = %id, %session, "prepared {id}, session {session}");
        Ok(outcome)
    }

    async fn try_ack(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::Ack { agent, subscription: id } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let ack: Ack = decode(&job.payload)?;
        let Some(subscription) = subscription_of(&self.pool, &agent, &id).await? else {
            return Ok(());
        };
        match ack.stage {
            Stage::Received => self.received(&agent, &id, &ack).await,
            Stage::PostSynced => self.post_synced(&agent, &id, &subscription, &ack).await,
            Stage::Finished => self.finished(agent, id, &subscription, &ack, job.deliveries).await,
        }
    }

    async fn received(&self, agent: &AgentId, id: &SubscriptionId, ack: &Ack) -> Result<(), HandlerError> {
        match session_received(&self.pool, id, ack.session, ack.batch).await? {
            Received::Wake => self.export(agent, id, ack.session).await,
            Received::Noted => Ok(()),
        }
    }

    async fn post_synced(
        &self,
        agent: &AgentId,
        id: &SubscriptionId,
        subscription: &Subscription,
        ack: &Ack,
    ) -> Result<(), HandlerError> {
        post_sync::post_sync(&self.pool, &subscription.entries, id, ack.session, ack.batch).await?;
        nats::purge(&self.nats, &subject::parts_of_batch(agent, id, ack.session, ack.batch), WITHIN).await?;
        Ok(())
    }

    async fn finished(
        &self,
        agent: AgentId,
        id: SubscriptionId,
        subscription: &Subscription,
        ack: &Ack,
        deliveries: u64,
    ) -> Result<(), HandlerError> {
        let closed = session_finish(&self.pool, &id, ack.session, ack.batch).await?;
        if !closed && deliveries < PATIENCE {
            return Err(HandlerError::NotYet("PostSyncs of this session are still in the queue"));
        }
        let pending = post_sync::post_sync_pending(&self.pool, &subscription.entries).await?;
        let to = Subject::AckResult { agent, subscription: id, session: ack.session };
        self.publish(&to, &AckResult { session: ack.session, pending }).await?;
        Ok(())
    }

    /// Asks for the session's next batches. The job before may be done but not yet off the queue: then the subject is
    /// full for a moment, and the caller comes back.
    async fn export(&self, agent: &AgentId, id: &SubscriptionId, session: Uuid) -> Result<(), HandlerError> {
        let to = Subject::ExportJob { agent: agent.clone(), subscription: id.clone(), session };
        Ok(self.publish(&to, &ExportJob { session }).await?)
    }

    async fn forget_superseded(&self, agent: &AgentId, id: &SubscriptionId) -> Result<(), HandlerError> {
        for session in session_superseded(&self.pool, id).await? {
            nats::purge(&self.nats, &subject::parts_of_session(agent, id, session), WITHIN).await?;
            session_forget(&self.pool, session).await?;
        }
        Ok(())
    }

    async fn publish<M: Message>(&self, to: &Subject, message: &M) -> Result<(), PublishError> {
        nats::publish_stored(&self.nats, to, None, Bytes::from(encode(message)), WITHIN).await
    }
}

fn refused(reason: String) -> PrepareOutcome {
    PrepareOutcome::Refused { reason }
}

fn done(result: Result<(), HandlerError>) -> Outcome {
    result.map_or_else(Outcome::from, |()| Outcome::Done)
}
