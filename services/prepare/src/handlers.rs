//! Wire in, wire out: each handler commits, publishes what follows, and only then says Done. Every one may run twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::Published;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats::{self, PublishError};
use sojourn_runtime::{Client, clock};
use sojourn_wire::message::ack::{Ack, AckResult, Stage};
use sojourn_wire::message::batch::ExportJob;
use sojourn_wire::message::filters::{FiltersOutcome, FiltersRequest, FiltersResult};
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest, PrepareResult};
use sojourn_wire::message::{Message, decode, encode};
use sojourn_wire::{AgentId, Subject, SubscriptionId, subject};
use sqlx::PgPool;
use uuid::Uuid;

use crate::db::post_sync;
use crate::db::session::{Received, session_abandon, session_finish, session_received, session_superseded};
use crate::db::subscription::{Subscription, subscription_of};
use crate::db::sync_info::sync_info_record;
use crate::error::HandlerError;
use crate::filters::{self, Asker};
use crate::prepare_sync::{Begun, PrepareSync};
use crate::sync::Mode;

/// How long a confirmation of NATS may take.
const WITHIN: Duration = Duration::from_secs(5);
/// How often a session's end waits for PostSyncs that are still in the queue, before it is settled without them.
const PATIENCE: u64 = 8;

/// How often a PrepareSync is tried, over some minutes, before what stands in its way is told to the user.
const TRIES: u64 = 16;

/// What the handlers share.
#[derive(Debug, Clone)]
pub struct Handlers {
    pool: PgPool,
    nats: Client,
    prepare_sync: PrepareSync,
}

impl Handlers {
    /// Handlers over these connections.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client) -> Self {
        Self { prepare_sync: PrepareSync::new(pool.clone()), pool, nats }
    }

    /// A PrepareSync request.
    pub async fn prepare(self, job: Job) -> Outcome {
        done(self.try_prepare(job).await)
    }

    /// An acknowledgement.
    pub async fn ack(self, job: Job) -> Outcome {
        done(self.try_ack(job).await)
    }

    /// A question about, or a change of, local data groups.
    pub async fn filters(self, job: Job) -> Outcome {
        done(self.try_filters(job).await)
    }

    async fn try_filters(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::FiltersRequest { agent, subscription: id } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let request: FiltersRequest = decode(&job.payload)?;
        let outcome = match subscription_of(&self.pool, &agent, &id).await? {
            None => no_filters(unknown(&agent, &id)),
            Some(subscription) if !subscription.active => no_filters(revoked(&id)),
            Some(subscription) => {
                let asker = Asker { id: &id, subscription: &subscription, now: clock::now() };
                match filters::act(&self.pool, &self.prepare_sync, asker, request.action).await {
                    Ok(outcome) => outcome,
                    Err(error) if error.is_transient() && job.deliveries < TRIES => return Err(error.into()),
                    Err(error) => no_filters(format!("the server could not do it: {error}")),
                }
            }
        };
        let to = Subject::FiltersResult { agent, subscription: id, request: request.request };
        self.publish(&to, &FiltersResult { request: request.request, outcome }).await?;
        Ok(())
    }

    async fn try_prepare(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::PrepareRequest { agent, subscription: id } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let request: PrepareRequest = decode(&job.payload)?;
        let outcome = match subscription_of(&self.pool, &agent, &id).await? {
            None => refused(unknown(&agent, &id)),
            Some(subscription) if !subscription.active => refused(revoked(&id)),
            Some(subscription) if !subscription.is_primary => refused(format!(
                "another device synchronises the subscription {id}: ask the administrator to make {agent} its primary \
                 client (sojourn-admin subscriptions primary {id} {agent})"
            )),
            Some(subscription) => self.prepared(&id, &subscription, &request, job.deliveries).await?,
        };
        if let PrepareOutcome::Prepared { session, .. } = &outcome {
            self.abandon_superseded(&agent, &id).await?;
            self.export(&agent, &id, *session).await?;
        }
        let result = PrepareResult { request: request.request, outcome };
        let to = Subject::PrepareResult { agent, subscription: id, request: request.request };
        self.publish(&to, &result).await?;
        Ok(())
    }

    /// PrepareSync in one transaction; what the user may not do is an answer, not an error.
    async fn prepared(
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
        let open = match self.prepare_sync.begin(id, subscription, request, clock::now()).await? {
            Begun::Open(open) => open,
            Begun::Answered(outcome) => return Ok(outcome),
        };
        let (metadata, session) = (Arc::clone(&open.situation.metadata), clock::fresh_id());
        let (outcome, decided) = open.finish(session, clock::now).await?;
        let modes = modes(&metadata, &decided.modes);
        tracing::info!(subscription = %id, %session, modes, "prepared {id}, session {session}: {modes}");
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
        match session_received(&self.pool, id, ack.session, ack.batch, ack.batch_rows).await? {
            Received::Wake => self.export(agent, id, ack.session).await,
            Received::Hint => {
                Ok(nats::publish_hint(&self.nats, &Subject::ReceivedHint { session: ack.session }).await?)
            }
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
        let settled = post_sync::post_sync(&self.pool, &subscription.entries, id, ack.session, ack.batch).await?;
        for batch in settled {
            nats::purge(&self.nats, &subject::parts_of_batch(agent, id, ack.session, batch), WITHIN).await?;
        }
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
        if let Some(info) = &ack.sync_info {
            sync_info_record(&self.pool, &id, ack.session, info).await?;
        }
        let closed = session_finish(&self.pool, &id, ack.session, ack.batch).await?;
        if !closed && deliveries < PATIENCE {
            return Err(HandlerError::NotYet("PostSyncs of this session are still in the queue"));
        }
        // What a worker that died has settled and not purged.
        nats::purge(&self.nats, &subject::parts_of_session(&agent, &id, ack.session), WITHIN).await?;
        let pending = post_sync::post_sync_pending(&self.pool, &subscription.entries, &id).await?;
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

    async fn abandon_superseded(&self, agent: &AgentId, id: &SubscriptionId) -> Result<(), HandlerError> {
        for session in session_superseded(&self.pool, id).await? {
            nats::purge(&self.nats, &subject::parts_of_session(agent, id, session), WITHIN).await?;
            session_abandon(&self.pool, session).await?;
        }
        Ok(())
    }

    async fn publish<M: Message>(&self, to: &Subject, message: &M) -> Result<(), PublishError> {
        nats::publish_stored(&self.nats, to, None, Bytes::from(encode(message)), WITHIN).await
    }
}

/// How a prepare went, in words: what was evaluated as a whole and why, and how many candidates elsewhere.
fn modes(metadata: &Published, modes: &[Mode]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut candidates = 0;
    for (table, mode) in metadata.entities.iter().zip(modes) {
        match mode {
            Mode::Full(why) => words.push(format!("all of {} because {why}", table.entity)),
            Mode::Incremental(count) => candidates += count,
        }
    }
    words.push(format!("{candidates} candidates"));
    words.join(", ")
}

fn unknown(agent: &AgentId, id: &SubscriptionId) -> String {
    format!("the server does not know the subscription {id} of the device {agent}: init anew")
}

fn revoked(id: &SubscriptionId) -> String {
    format!("the subscription {id} was revoked: ask the administrator")
}

fn no_filters(reason: String) -> FiltersOutcome {
    FiltersOutcome::Refused { reason, place: None }
}

fn refused(reason: String) -> PrepareOutcome {
    PrepareOutcome::Refused { reason }
}

fn done(result: Result<(), HandlerError>) -> Outcome {
    result.map_or_else(Outcome::from, |()| Outcome::Done)
}
