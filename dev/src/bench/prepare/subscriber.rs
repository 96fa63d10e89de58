//! One subscription, prepared as the service does it, and settled as if its device had everything.

use std::time::{Duration, Instant};

use sojourn_platform::PlatformError;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_prepare::db::subscription::{Subscription, subscription_of};
use sojourn_prepare::plan::Why;
use sojourn_prepare::prepare_sync::{Begun, PrepareSync};
use sojourn_prepare::subscription_enroll;
use sojourn_prepare::sync::Mode;
use sojourn_runtime::clock;
use sojourn_wire::message::prepare::{PrepareOutcome, PrepareRequest};
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use super::super::contacts::{DATASET, TYPE_CODE};
use super::super::error::BenchError;
use super::super::server::Database;
use super::World;

/// A subscription that is synchronised.
pub(super) struct Subscriber {
    id: SubscriptionId,
    subscription: Subscription,
    entries: Ident,
    metadata_version: u32,
}

/// How a prepare is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As it would by itself.
    ByItself,
    /// Everything is evaluated.
    Full,
}

/// What a prepare took, and how it went.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    /// From the request to the commit.
    pub(super) took: Duration,
    /// How contacts were prepared.
    pub(super) mode: Mode,
    /// Entries that are to move.
    pub(super) pending: u64,
    metadata_version: u32,
}

impl Subscriber {
    /// Enrolls a device of the user, and prepares it for the first time.
    pub(super) async fn enroll(world: &World, user_id: Uuid) -> Result<(Subscriber, Prepared), BenchError> {
        let doing = || PlatformError::doing("registering a device");
        let mut admin = world.database.admin.acquire().await.map_err(doing())?;
        let name = format!("of-{}", user_id.simple());
        let id: SubscriptionId = token(&name)?;
        let agent: AgentId = token(&name)?;
        subscription_enroll(&mut admin, DATASET, user_id, &id, &agent, &name).await?;
        let number: i64 = sqlx::query_scalar("SELECT number FROM sojourn.subscription WHERE id = $1")
            .bind(id.as_str())
            .fetch_one(&mut *admin)
            .await
            .map_err(doing())?;
        drop(admin);
        let known = subscription_of(&world.database.admin, &agent, &id).await?;
        let subscription = known.ok_or_else(|| BenchError::Beside(format!("{id} is not registered")))?;
        let first = prepare(&world.prepare, &id, &subscription, None, How::ByItself).await?;
        let entries = Ident::new(&format!("sync_entry_{number}")).map_err(PlatformError::from)?;
        let subscription = Subscription { is_new: false, ..subscription };
        let metadata_version = first.metadata_version;
        let subscriber = Subscriber { id, subscription, entries, metadata_version };
        subscriber.settle(&world.database).await?;
        Ok((subscriber, first))
    }

    /// Prepares it once more.
    pub(super) async fn prepare(&self, sync: &PrepareSync, how: How) -> Result<Prepared, BenchError> {
        prepare(sync, &self.id, &self.subscription, Some(self.metadata_version), how).await
    }

    /// The device has everything that was pending, and its sessions are over.
    pub(super) async fn settle(&self, database: &Database) -> Result<(), BenchError> {
        let doing = || PlatformError::doing("settling the sync entries");
        sqlx::query(
            "INSERT INTO sojourn.sync_progress (subscription_id, object_type_code, prepare_seq, object_id)
             SELECT id, $2, prepare_seq, 'ffffffff-ffff-ffff-ffff-ffffffffffff' FROM sojourn.subscription WHERE id = $1
             ON CONFLICT (subscription_id, object_type_code)
             DO UPDATE SET prepare_seq = excluded.prepare_seq, object_id = excluded.object_id",
        )
        .bind(self.id.as_str())
        .bind(TYPE_CODE)
        .execute(&database.admin)
        .await
        .map_err(doing())?;
        let gone = Sql::new("DELETE FROM sojourn.").ident(&self.entries).raw(" WHERE deleted");
        sqlx::query(gone.into_sqlx()).execute(&database.admin).await.map_err(doing())?;
        sqlx::query("DELETE FROM sojourn.session WHERE subscription_id = $1")
            .bind(self.id.as_str())
            .execute(&database.admin)
            .await
            .map_err(doing())?;
        Ok(())
    }
}

async fn prepare(
    sync: &PrepareSync,
    id: &SubscriptionId,
    subscription: &Subscription,
    metadata_version: Option<u32>,
    how: How,
) -> Result<Prepared, BenchError> {
    let request = PrepareRequest {
        request: clock::fresh_id(),
        metadata_version,
        refresh: Vec::new(),
        holds: None,
        batching: None,
    };
    let start = Instant::now();
    let mut open = match sync.begin(id, subscription, &request, clock::now()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Err(BenchError::Beside(format!("{id} was answered {answer:?}"))),
    };
    if how == How::Full {
        open.situation.entities.iter_mut().for_each(|entity| entity.known.everything = Some(Why::Asked));
    }
    let (outcome, decided) = open.finish(clock::fresh_id(), clock::now).await?;
    let took = start.elapsed();
    let [mode] = &decided.modes[..] else {
        return Err(BenchError::Beside(format!("{} entities were prepared", decided.modes.len())));
    };
    let PrepareOutcome::Prepared { metadata_version, .. } = outcome else {
        return Err(BenchError::Beside(format!("{id} was answered {outcome:?}")));
    };
    let pending = decided.entities.iter().map(|entity| entity.insert + entity.update + entity.delete).sum();
    Ok(Prepared { took, mode: mode.clone(), pending, metadata_version })
}

fn token<T: std::str::FromStr<Err = sojourn_wire::InvalidToken>>(name: &str) -> Result<T, BenchError> {
    name.parse().map_err(|error: sojourn_wire::InvalidToken| BenchError::Beside(error.to_string()))
}
