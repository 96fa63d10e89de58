//! The session an export works for, and the lock that keeps a second worker off it.

use sojourn_platform::PlatformError;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::batch::kind_of;
use crate::pace::Wish;
use crate::plan::Step;

/// A session as export needs it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Session {
    /// The number of its subscription, which names the sync entry table.
    pub number: i64,
    /// The configured set of entities.
    pub dataset: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Its prepare: entries of later ones are not its own.
    pub prepare_seq: i32,
    /// The metadata version of its batches.
    pub metadata_version: i32,
    /// The highest batch the device has received.
    pub received: i32,
    /// Whether its subscription may sync; if not, somebody waits in vain.
    pub active: bool,
    batch_rows: Option<i32>,
    batch_bytes: Option<i64>,
    paced_rows: Option<i32>,
    paced_kind: Option<String>,
    paced_code: Option<i32>,
}

impl Session {
    /// How large the device wants its batches.
    #[must_use]
    pub fn wish(&self) -> Wish {
        let paced = self.paced_kind.as_deref().and_then(kind_of).zip(self.paced_code).zip(self.paced_rows);
        Wish {
            rows: self.batch_rows.map(i32::unsigned_abs),
            bytes: self.batch_bytes.map(i64::unsigned_abs),
            paced: paced.map(|((kind, object_type_code), rows)| (Step { kind, object_type_code }, rows.unsigned_abs())),
        }
    }
}

/// The session, while it is open and belongs to this agent's subscription, which may be revoked.
///
/// # Errors
/// When the database fails.
pub async fn session_open(
    pool: &PgPool,
    agent: &AgentId,
    subscription: &SubscriptionId,
    session: Uuid,
) -> Result<Option<Session>, PlatformError> {
    sqlx::query_as(
        "SELECT u.number, u.dataset, u.user_id, s.prepare_seq::int AS prepare_seq, s.metadata_version, s.received,
                u.status <> 'revoked' AS active, s.batch_rows, s.batch_bytes, s.paced_rows,
                b.kind AS paced_kind, b.object_type_code AS paced_code
           FROM sojourn.session s
           LEFT JOIN sojourn.batch b ON b.session_id = s.id AND b.number = s.paced_batch
           JOIN sojourn.subscription u ON u.id = s.subscription_id
           JOIN sojourn.subscription_client c ON c.subscription_id = u.id
          WHERE s.id = $1 AND s.state = 'open' AND u.id = $2 AND c.client_id = $3",
    )
    .bind(session)
    .bind(subscription.as_str())
    .bind(agent.as_str())
    .fetch_optional(pool)
    .await
    .map_err(PlatformError::doing("looking up the session"))
}

/// The right to make batches of a session. It ends with its worker, whatever becomes of it.
#[derive(Debug)]
pub struct SessionLock(Transaction<'static, Postgres>);

impl SessionLock {
    /// Keeps every other worker off this session: two of them would overwrite each other's parts under one manifest.
    /// `None` when another has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take(pool: &PgPool, session: Uuid) -> Result<Option<Self>, PlatformError> {
        let doing = || PlatformError::doing("locking the session");
        let mut tx = pool.begin().await.map_err(doing())?;
        let mine: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, 0))")
            .bind(session)
            .fetch_one(&mut *tx)
            .await
            .map_err(doing())?;
        Ok(mine.then_some(Self(tx)))
    }

    /// Makes sure of it before each batch: a worker that slept too long has lost it.
    ///
    /// # Errors
    /// When it is lost, or the database fails.
    pub async fn renew(&mut self) -> Result<(), PlatformError> {
        let renewed = sqlx::query("SELECT 1").execute(&mut *self.0).await;
        renewed.map(|_| ()).map_err(PlatformError::doing("keeping the session locked"))
    }
}
