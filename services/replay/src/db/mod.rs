//! Playing a chunk back in Postgres: one transaction, the fence first, then the user's writes, then the verdicts.

mod actor;
mod failure;
mod fence;
mod rule;
mod subscription;
mod verdict;

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_platform::entities::MetadataCache;
use sojourn_wire::message::operation::{ChunkOutcome, Operation, OperationChunk, Verdict};
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{PgPool, Postgres, Transaction};

use crate::groups::units;
use crate::order::{Step, step};
use actor::Actor;
use subscription::{Standing, subscription_of};

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

/// Plays a chunk back and commits, or answers why not. Repeating it answers the same and changes nothing.
///
/// # Errors
/// [`PlatformError`] when the database fails; nothing is applied then, or (when it failed while committing) a
/// repetition finds everything applied.
pub async fn play_back(
    pool: &PgPool,
    metadata: &MetadataCache,
    limits: Limits,
    request: Request<'_>,
) -> Result<ChunkOutcome, PlatformError> {
    // Looked up before the transaction, so that nobody waits for a second connection while holding one.
    let dataset = match subscription_of(pool, request.agent, request.subscription).await? {
        Standing::Active(subscription) => subscription.dataset,
        Standing::Refused(reason) => return Ok(ChunkOutcome::Refused { reason }),
    };
    let metadata = metadata.newest(&dataset).await?;
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
    if !new.is_empty() {
        let actor = Actor { metadata: &metadata, user_id: subscription.user_id, limits, request };
        let fresh = apply(&mut tx, &actor, new).await?;
        verdict::verdicts_store(&mut tx, request.subscription, new, &fresh).await?;
        fence::fence_advance(&mut tx, request.subscription, next, new.len()).await?;
        tx.commit().await.map_err(PlatformError::doing("committing what was played back"))?;
        verdicts.extend(fresh);
    }
    Ok(ChunkOutcome::Verdicts { verdicts })
}

/// Applies operations as the user, unit by unit, and becomes the service again.
async fn apply(
    tx: &mut Transaction<'_, Postgres>,
    actor: &Actor<'_>,
    operations: &[Operation],
) -> Result<Vec<Verdict>, PlatformError> {
    let mut verdicts = Vec::with_capacity(operations.len());
    actor.enter(tx).await?;
    for unit in units(operations) {
        verdicts.extend(actor.unit(tx, &operations[unit]).await?);
    }
    sojourn_platform::acting::become_service(tx).await?;
    Ok(verdicts)
}

/// Whether Postgres answers.
pub async fn is_ready(pool: PgPool) -> bool {
    sqlx::query("SELECT FROM sojourn.replay_progress LIMIT 0").execute(&pool).await.is_ok()
}
