//! Playing a chunk back in Postgres: one transaction, the fence first, then the user's writes, then the verdicts.

mod actor;
pub mod attachment;
mod change;
pub mod cleanup;
pub mod duplicate;
pub mod event;
mod failure;
mod fence;
mod history;
mod look;
mod owners;
mod player;
mod rule;
mod rules;
mod run;
mod runnable;
mod subscription;
mod unit;
mod verdict;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sojourn_metadata::ReplayRules;
use sojourn_platform::PlatformError;
use sojourn_platform::acting::become_service;
use sojourn_platform::entities::{MetadataCache, Published};
use sojourn_wire::message::event::OperationEvent;
use sojourn_wire::message::operation::{ChunkOutcome, Operation, OperationChunk, Verdict};
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{PgPool, Postgres, Transaction};

use crate::announce::Teller;
use crate::order::{Step, step};
use crate::pipeline::{Advice, prepare};
use actor::Actor;
use player::{Played, Player};
use subscription::{Standing, Subscription, subscription_of};

/// What one operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longer, and it is rejected.
    pub statement: Duration,
    /// Waiting longer for a row or table that somebody else holds, and the chunk is tried later. Less than `statement`.
    pub lock: Duration,
}

/// A chunk to be played back. Its shape was checked ([`crate::order::check`]).
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who sent it; NATS has checked it.
    pub agent: &'a AgentId,
    /// The subscription it belongs to.
    pub subscription: &'a SubscriptionId,
    /// The operations.
    pub chunk: &'a OperationChunk,
    /// Stored with every verdict.
    pub trace_id: &'a str,
    /// It was tried often: an operation that meets a deadlock or a lock again is to blame for it.
    pub last_try: bool,
}

/// What a chunk is played back by.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The metadata in force.
    pub metadata: Arc<Published>,
    /// The rules in force.
    pub rules: ReplayRules,
    /// The user.
    pub user_id: uuid::Uuid,
    /// The sequence that must come next, as it was a moment ago.
    pub next: u64,
}

/// The terms for a chunk, or why the subscription is refused. They are read before the transaction, so that nobody waits
/// for a second connection, or for a plug-in, while holding one.
///
/// # Errors
/// [`PlatformError`] when the database fails.
pub async fn terms(
    pool: &PgPool,
    metadata: &MetadataCache,
    agent: &AgentId,
    subscription: &SubscriptionId,
) -> Result<Result<Terms, String>, PlatformError> {
    let standing = match subscription_of(pool, agent, subscription).await? {
        Standing::Active(standing) => standing,
        Standing::Refused(reason) => return Ok(Err(reason)),
    };
    let metadata = metadata.newest(&standing.dataset).await?;
    let rules = rules::rules_of(pool, &standing.dataset).await?;
    Ok(Ok(Terms { metadata, rules, user_id: standing.user_id, next: fence::fence_peek(pool, subscription).await? }))
}

/// Plays a chunk back and commits, or answers why not. Repeating it answers the same and changes nothing. `advice` is what
/// plug-ins said, by sequence.
///
/// # Errors
/// [`PlatformError`] when the database fails; nothing is applied then, or (when it failed while committing) a
/// repetition finds everything applied.
pub async fn play_back(
    pool: &PgPool,
    terms: &Terms,
    advice: &HashMap<u64, Advice>,
    limits: Limits,
    request: Request<'_>,
) -> Result<ChunkOutcome, PlatformError> {
    let mut tx = pool.begin().await.map_err(PlatformError::doing("beginning to play back"))?;
    fence::limit(&mut tx, limits).await?;
    let next = fence::fence_lock(&mut tx, request.subscription).await?;
    // Looked up again, because it may have been revoked while we waited.
    let subscription = match subscription_of(&mut *tx, request.agent, request.subscription).await? {
        Standing::Active(subscription) => subscription,
        Standing::Refused(reason) => return Ok(ChunkOutcome::Refused { reason }),
    };
    let operations = request.chunk.operations.as_slice();
    let behind = match step(request.chunk.first, operations.len(), next) {
        Step::Gap { expected } => return Ok(ChunkOutcome::Gap { expected }),
        Step::Behind => operations.len(),
        Step::Apply { behind } => behind,
    };
    let (old, new) = operations.split_at(behind);
    let mut verdicts = match verdict::verdicts_stored(&mut tx, request.subscription, old).await? {
        Ok(verdicts) => verdicts,
        Err(reason) => return Ok(ChunkOutcome::Refused { reason }),
    };
    if new.is_empty() {
        return Ok(ChunkOutcome::Verdicts { verdicts });
    }
    let missing = attachment::missing(&mut tx, request.subscription, new).await?;
    if !missing.is_empty() {
        return Ok(ChunkOutcome::Attachments { missing });
    }
    if let Some(since) = request.chunk.since.filter(|since| *since > 1) {
        verdict::settle_before(&mut tx, request.subscription, since).await?;
    }
    let actor = Actor { metadata: &terms.metadata, rules: &terms.rules, user_id: terms.user_id, limits, request };
    let fresh = apply(&mut tx, &actor, &subscription, new, advice).await?;
    if !request.chunk.dry_run {
        fence::fence_advance(&mut tx, request.subscription, next, new.len()).await?;
        tx.commit().await.map_err(PlatformError::doing("committing what was played back"))?;
    }
    verdicts.extend(fresh);
    Ok(ChunkOutcome::Verdicts { verdicts })
}

/// Applies operations as the user, becomes the service again, and stores what became of them.
async fn apply(
    tx: &mut Transaction<'_, Postgres>,
    actor: &Actor<'_>,
    subscription: &Subscription,
    operations: &[Operation],
    advice: &HashMap<u64, Advice>,
) -> Result<Vec<Verdict>, PlatformError> {
    let allow = Advice::Allow;
    let advised = |operation: &Operation| advice.get(&operation.sequence).unwrap_or(&allow);
    let prepared: Vec<_> = operations.iter().map(|o| prepare(actor.metadata, actor.rules, o, advised(o))).collect();
    attachment::lay_out(tx, actor.request.subscription, operations, &actor.metadata.acting_role).await?;
    let player = Player::new(tx, actor, subscription, operations, &prepared).await?;
    let played = player.play(tx).await?;
    become_service(tx).await?;
    let subscription = actor.request.subscription;
    verdict::verdicts_store(tx, subscription, operations, &played).await?;
    attachment::forget(tx, subscription, operations).await?;
    event::store(tx, &told(actor, operations, advice, &played)).await?;
    Ok(played.into_iter().map(|played| played.verdict).collect())
}

/// The events of what was carried out.
fn told(
    actor: &Actor<'_>,
    operations: &[Operation],
    advice: &HashMap<u64, Advice>,
    played: &[Played],
) -> Vec<OperationEvent> {
    let (metadata, user_id, subscription) = (actor.metadata, actor.user_id, actor.request.subscription);
    let happened = operations.iter().zip(played).filter(|(_, played)| played.happened);
    let carried_out = happened.map(|(operation, played)| (operation, &played.verdict));
    Teller { metadata, user_id, subscription }.events(carried_out, advice)
}

/// Whether Postgres answers.
pub async fn is_ready(pool: PgPool) -> bool {
    sqlx::query("SELECT FROM sojourn.replay_progress LIMIT 0").execute(&pool).await.is_ok()
}
