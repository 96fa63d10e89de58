//! Acting as the user: one function, used by prepare, export and replay.
//!
//! An identity that did not take must be an error, never an empty set: to prepare, an empty visible set means that the
//! device must delete everything. Hence the read-back. The role is set before the first savepoint, because
//! `ROLLBACK TO SAVEPOINT` undoes what was set after it; whoever rolls back checks again with [`check_user`].

use sqlx::postgres::PgRow;
use sqlx::{Postgres, Row as _, Transaction};
use uuid::Uuid;

use crate::sql::Ident;

/// The role that finds candidates: it sees every row, and of each only the key, references, times and what duplicate
/// rules compare.
pub const SCAN_ROLE: &str = "sojourn_scan";

/// Who a transaction acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user_id: Uuid,
    /// The role that users' statements run as.
    pub acting_role: Ident,
}

impl Identity {
    /// The claims that PostgREST- and Supabase-style policies read (`request.jwt.claims`), as JSON.
    #[must_use]
    pub fn claims(&self) -> String {
        serde_json::json!({ "sub": self.user_id, "role": self.acting_role.name() }).to_string()
    }
}

/// The transaction could not be switched.
#[derive(Debug, thiserror::Error)]
pub enum ActingError {
    /// The database refused the switch.
    #[error("cannot act as the user: {0}")]
    Database(#[from] sqlx::Error),
    /// The switch was accepted, but the transaction is not what it should be.
    #[error(transparent)]
    NotTaken(Box<NotTaken>),
    /// The transaction could not be switched to a role of our own.
    #[error("the role did not take: expected {expected:?}, the transaction has {role:?}; nothing was read")]
    NotRole {
        /// The role.
        expected: &'static str,
        /// The role in force.
        role: String,
    },
    /// The transaction could not be switched back.
    #[error("the transaction still runs as {role:?} instead of the service; nothing was written")]
    NotService {
        /// The role in force.
        role: String,
    },
}

/// Who the transaction acts as instead of the user.
#[derive(Debug, thiserror::Error)]
#[error(
    "the identity did not take: expected role {:?} and user {}, the transaction has role {role:?}, user {user:?}, claims \
     {claims:?}, row_security {row_security:?}; nothing was read or written",
    expected.acting_role.name(), expected.user_id
)]
pub struct NotTaken {
    /// The user.
    pub expected: Identity,
    /// The role in force.
    pub role: String,
    /// The user in force.
    pub user: String,
    /// The claims in force.
    pub claims: String,
    /// The setting in force.
    pub row_security: String,
}

/// Switches the transaction to the user, for its rest or until [`become_service`].
///
/// Sets `sojourn.user_id`, the claims that PostgREST- and Supabase-style policies read (`request.jwt.claims`),
/// `row_security = on` and the role, and reads them back in a statement of its own: outside a transaction a local
/// setting is gone by then.
///
/// # Errors
/// [`ActingError`]; the transaction must then be rolled back.
pub async fn become_user(tx: &mut Transaction<'_, Postgres>, identity: &Identity) -> Result<(), ActingError> {
    sqlx::query(
        "SELECT set_config('sojourn.user_id', $1, true), set_config('request.jwt.claims', $2, true),
                set_config('row_security', 'on', true), set_config('role', $3, true)",
    )
    .bind(identity.user_id.to_string())
    .bind(identity.claims())
    .bind(identity.acting_role.name())
    .execute(&mut **tx)
    .await?;
    check_user(tx, identity).await
}

/// Switches the transaction to a role of our own, until [`become_service`].
///
/// # Errors
/// [`ActingError::NotRole`] when it did not take.
pub async fn become_role(tx: &mut Transaction<'_, Postgres>, role: &'static str) -> Result<(), ActingError> {
    sqlx::query("SELECT set_config('role', $1, true)").bind(role).execute(&mut **tx).await?;
    let found: String = sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut **tx).await?;
    if found == role { Ok(()) } else { Err(ActingError::NotRole { expected: role, role: found }) }
}

/// Checks that the transaction acts as the user.
///
/// # Errors
/// [`ActingError::NotTaken`] says what it acts as instead.
pub async fn check_user(tx: &mut Transaction<'_, Postgres>, identity: &Identity) -> Result<(), ActingError> {
    let row = sqlx::query(
        "SELECT current_user::text, coalesce(current_setting('sojourn.user_id', true), ''),
                coalesce(current_setting('request.jwt.claims', true), ''), current_setting('row_security')",
    )
    .fetch_one(&mut **tx)
    .await?;
    expect_user(&row, identity)
}

/// Checks that a row of the role, the user, the claims and `row_security`, as texts, is the user's.
///
/// # Errors
/// [`ActingError::NotTaken`] says what it is instead.
pub fn expect_user(row: &PgRow, identity: &Identity) -> Result<(), ActingError> {
    let [role, user, claims, row_security]: [String; 4] =
        [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
    let is_user = user == identity.user_id.to_string() && claims == identity.claims();
    if role == identity.acting_role.name() && is_user && row_security == "on" {
        return Ok(());
    }
    let expected = identity.clone();
    Err(ActingError::NotTaken(Box::new(NotTaken { expected, role, user, claims, row_security })))
}

/// Switches the transaction back to the service.
///
/// # Errors
/// [`ActingError::NotService`] when it did not take.
pub async fn become_service(tx: &mut Transaction<'_, Postgres>) -> Result<(), ActingError> {
    sqlx::query("SELECT set_config('role', 'none', true)").execute(&mut **tx).await?;
    let row = sqlx::query("SELECT current_user::text, current_user = session_user").fetch_one(&mut **tx).await?;
    if row.try_get(1)? {
        return Ok(());
    }
    Err(ActingError::NotService { role: row.try_get(0)? })
}
