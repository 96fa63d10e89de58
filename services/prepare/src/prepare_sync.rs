//! One PrepareSync, from a device's request to an open session, in one transaction.

use jiff::Timestamp;
use sojourn_platform::PlatformError;
use sojourn_platform::entities::MetadataCache;
use sojourn_wire::SubscriptionId;
use sojourn_wire::message::prepare::{Batching, Holds, PrepareOutcome, PrepareRequest};
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::db::order::{Device, order_place};
use crate::db::prepare::prepare_begin;
use crate::db::progress::progress_reset;
use crate::db::rules::RulesCache;
use crate::db::session::{NewSession, session_next_sequence, session_of_request, session_open};
use crate::db::subscription::Subscription;
use crate::situation::{Ask, Situation};
use crate::statement::SyncEntryTable;
use crate::sync::{self, Decided};

/// What a device is told whose database lacks what was settled as being in it.
const OLDER_COPY: &str = "this device's database is an older copy: another copy of it has synchronised since; what it \
    has not sent stays in its queue (sojourn-agent queue); to go on, set the device up anew with the same credentials \
    in a new folder: sojourn-agent --home NEW-FOLDER init, then go-offline";

/// Prepares over one database.
#[derive(Debug, Clone)]
pub struct PrepareSync {
    pool: PgPool,
    metadata: MetadataCache,
    rules: RulesCache,
}

/// A PrepareSync whose transaction is open, and everything it goes by.
#[derive(Debug)]
pub struct Open {
    /// What it goes by.
    pub situation: Situation,
    tx: Transaction<'static, Postgres>,
    id: SubscriptionId,
    entries: SyncEntryTable,
    request: Uuid,
    prepare_seq: i32,
    batching: Option<Batching>,
    reinitialise: bool,
}

/// What came of beginning.
#[derive(Debug)]
pub enum Begun {
    /// It can be decided what moves.
    Open(Box<Open>),
    /// There is an answer already: the request was answered before, or is refused.
    Answered(PrepareOutcome),
}

impl PrepareSync {
    /// Prepares over this database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self { metadata: MetadataCache::new(pool.clone()), rules: RulesCache::default(), pool }
    }

    /// The metadata that prepares go by.
    #[must_use]
    pub fn metadata(&self) -> &MetadataCache {
        &self.metadata
    }

    /// The rules that prepares go by.
    #[must_use]
    pub fn rules(&self) -> &RulesCache {
        &self.rules
    }

    /// Locks the subscription's entries, takes the snapshot, and gathers what the prepare goes by.
    ///
    /// # Errors
    /// When the identity does not take, or the database fails.
    pub async fn begin(
        &self,
        id: &SubscriptionId,
        subscription: &Subscription,
        request: &PrepareRequest,
        now: Timestamp,
    ) -> Result<Begun, PlatformError> {
        let metadata = self.metadata.newest(&subscription.dataset).await?;
        let mut tx = prepare_begin(&self.pool, &subscription.entries).await?;
        if let Some(answered) = session_of_request(&mut tx, id, request.request).await? {
            return Ok(Begun::Answered(answered));
        }
        let device = match (request.metadata_version, &request.holds) {
            (None, _) => Device::Empty,
            (Some(_), None) => Device::Current,
            (Some(_), Some(holds)) => order_place(&mut tx, id, holds).await?,
        };
        let mut ask = Ask { refresh: request.refresh.clone(), everything: false };
        match device {
            Device::OlderCopy => return Ok(Begun::Answered(refused(OLDER_COPY))),
            Device::Empty | Device::Ahead if !subscription.is_new => {
                progress_reset(&mut tx, id).await?;
                ask.everything = true;
            }
            Device::Empty | Device::Ahead | Device::Current => {}
        }
        let situation = Situation::gather(&mut tx, id, subscription, metadata, &self.rules, now, ask).await?;
        Ok(match situation {
            Err(refusal) => Begun::Answered(refused(refusal)),
            Ok(situation) => Begun::Open(Box::new(Open {
                tx,
                id: id.clone(),
                entries: subscription.entries.clone(),
                request: request.request,
                prepare_seq: prepare_seq(situation.standing.prepare_seq, device, request.holds.as_ref()),
                batching: request.batching,
                reinitialise: device == Device::Ahead,
                situation,
            })),
        })
    }
}

impl Open {
    /// Decides what moves, opens the session `session`, and commits. `finished` is the clock then.
    ///
    /// # Errors
    /// When the identity does not take, or the database fails; then nothing is changed.
    pub async fn finish(
        mut self,
        session: Uuid,
        clock: impl FnOnce() -> Timestamp,
    ) -> Result<(PrepareOutcome, Decided), PlatformError> {
        let (situation, tx) = (&self.situation, &mut self.tx);
        let decided = sync::decide(tx, &self.id, &self.entries, self.prepare_seq, situation).await?;
        let metadata = &situation.metadata;
        let dataset = metadata.dataset.parse();
        let outcome = PrepareOutcome::Prepared {
            session,
            dataset: dataset.map_err(|e: sojourn_wire::InvalidToken| PlatformError::Setup(e.to_string()))?,
            metadata_version: metadata.version,
            entities: decided.entities.clone(),
            prepare_seq: self.prepare_seq.unsigned_abs().into(),
            reinitialise: self.reinitialise,
            next_sequence: session_next_sequence(tx, &self.id).await?,
            elapsed_ms: clock().duration_since(situation.now).as_millis().unsigned_abs() as u64,
        };
        let opened = NewSession {
            id: session,
            subscription: &self.id,
            request: self.request,
            metadata_version: metadata.version,
            prepare_seq: self.prepare_seq,
            batching: self.batching,
            definition: &situation.definition.hash,
            evaluated_at: situation.now,
            outcome: &outcome,
        };
        session_open(tx, &opened).await?;
        self.tx.commit().await.map_err(PlatformError::doing("committing PrepareSync"))?;
        Ok((outcome, decided))
    }
}

/// The session's number. A device that is ahead stays so until it has noted the session: it may die before, and must
/// then be told again.
fn prepare_seq(before: i32, device: Device, holds: Option<&Holds>) -> i32 {
    match (device, holds) {
        (Device::Ahead, Some(holds)) => (before + 1).min(i32::try_from(holds.prepare_seq).unwrap_or(i32::MAX)),
        _ => before + 1,
    }
}

fn refused(reason: impl ToString) -> PrepareOutcome {
    PrepareOutcome::Refused { reason: reason.to_string() }
}
