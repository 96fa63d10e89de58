//! Wire in, wire out: compares what a device holds with what it should hold, by digests.
//!
//! A row counts when the device has PostSynced it and nobody has changed it since, as far as its user may see it now;
//! what the server has changed or hidden meanwhile is the next sync's. Nothing is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sojourn_platform::acting::Identity;
use sojourn_platform::entities::{MetadataCache, Published};
use sojourn_runtime::Client;
use sojourn_runtime::jobs::{Job, Outcome};
use sojourn_runtime::nats;
use sojourn_wire::message::verify::{MAX_VERIFY_ITEMS, VerifyOutcome, VerifyRequest, VerifyResult};
use sojourn_wire::message::{decode, encode};
use sojourn_wire::{AgentId, Subject, SubscriptionId};
use sqlx::PgPool;

use crate::compare::{self, Bounds, RangeDigests};
use crate::db::verify::{Question, Subscription, read_unchanged, subscription_of};
use crate::error::HandlerError;

/// How long an answer's confirmation may take.
const WITHIN: Duration = Duration::from_secs(5);

/// What the handler needs.
#[derive(Debug, Clone)]
pub struct Verifier {
    pool: PgPool,
    nats: Client,
    metadata: MetadataCache,
}

impl Verifier {
    /// A verifier over these connections.
    #[must_use]
    pub fn new(pool: PgPool, nats: Client) -> Self {
        let metadata = MetadataCache::new(pool.clone());
        Self { pool, nats, metadata }
    }

    /// A question about what a device should hold.
    pub async fn verify(self, job: Job) -> Outcome {
        self.try_verify(job).await.map_or_else(Outcome::from, |()| Outcome::Done)
    }

    async fn try_verify(&self, job: Job) -> Result<(), HandlerError> {
        let Subject::VerifyRequest { agent, subscription } = job.subject else {
            return Err(HandlerError::Misrouted(job.subject));
        };
        let request: VerifyRequest = decode(&job.payload)?;
        let outcome = match self.outcome(&agent, &subscription, &request).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => {
                tracing::error!(%subscription, %error, "verifying {subscription}: {error}");
                refused(format!("the server could not compare: {error}; sync, then verify again"))
            }
        };
        let result = VerifyResult { request: request.request, outcome };
        let to = Subject::VerifyResult { agent, subscription, request: request.request };
        Ok(nats::publish_stored(&self.nats, &to, None, Bytes::from(encode(&result)), WITHIN).await?)
    }

    async fn outcome(
        &self,
        agent: &AgentId,
        id: &SubscriptionId,
        request: &VerifyRequest,
    ) -> Result<VerifyOutcome, HandlerError> {
        let Some(subscription) = subscription_of(&self.pool, agent, id).await? else {
            return Ok(refused(format!(
                "the server does not know the subscription {id} of the device {agent}: init anew"
            )));
        };
        if let Some(reason) = why_not(agent, id, &subscription) {
            return Ok(refused(reason));
        }
        let metadata = self.metadata.newest(&subscription.dataset).await?;
        if request.metadata_version != metadata.version {
            let (device, server) = (request.metadata_version, metadata.version);
            return Ok(refused(format!(
                "the device's tables have metadata version {device}, the server's {server}: sync first"
            )));
        }
        match compare::bounds(&request.ranges) {
            Ok(bounds) => self.compare(id, &subscription, &metadata, request, &bounds).await,
            Err(reason) => Ok(refused(reason)),
        }
    }

    async fn compare(
        &self,
        id: &SubscriptionId,
        subscription: &Subscription,
        metadata: &Arc<Published>,
        request: &VerifyRequest,
        bounds: &[Bounds],
    ) -> Result<VerifyOutcome, HandlerError> {
        let code = request.object_type_code;
        let Some(table) = metadata.table_of(code) else {
            return Ok(refused(format!("no entity has object type code {code}: sync first")));
        };
        let identity = Identity { user_id: subscription.user_id, acting_role: metadata.acting_role.clone() };
        let ids_up_to = request.detail.then_some(MAX_VERIFY_ITEMS as u64);
        let question =
            Question { subscription_number: subscription.number, subscription: id, table, bounds, ids_up_to };
        if !request.detail {
            let mut digests = RangeDigests::of(bounds);
            let visit = |id, digest| digests.push(id, digest);
            let entries = read_unchanged(&self.pool, &identity, &question, visit).await?;
            return Ok(VerifyOutcome::Ranges { ranges: digests.answer(&entries.counts) });
        }
        let mut read = BTreeMap::new();
        let visit = |id, digest| {
            read.insert(id, digest);
        };
        let entries = read_unchanged(&self.pool, &identity, &question, visit).await?;
        Ok(match entries.ids {
            Some(ids) => VerifyOutcome::Rows { rows: compare::row_digests(&ids, &read) },
            None => refused(format!(
                "the ranges hold more than the {MAX_VERIFY_ITEMS} rows of one detailed answer: verify again"
            )),
        })
    }
}

/// Why a subscription is not compared.
fn why_not(agent: &AgentId, id: &SubscriptionId, subscription: &Subscription) -> Option<String> {
    match (subscription.status.as_str(), subscription.is_primary) {
        ("active", true) => None,
        ("active", false) => Some(format!(
            "another device synchronises the subscription {id}: ask the administrator to make {agent} its primary client"
        )),
        ("expired", _) => Some(format!("the subscription {id} has expired: sync first")),
        _ => Some(format!("the subscription {id} was revoked: ask the administrator")),
    }
}

fn refused(reason: String) -> VerifyOutcome {
    VerifyOutcome::Refused { reason }
}
