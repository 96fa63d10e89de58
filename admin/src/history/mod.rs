//! What sessions moved, as their devices said when they were over.

mod detail;
mod list;

use serde::Serialize;
use sojourn_prepare::db::history::{EntityMoved, SessionMoved, history_entities, history_sessions};
use sojourn_wire::SubscriptionId;
use sqlx::PgPool;

use crate::error::AdminError;
use crate::subscriptions::{find, one};

/// Sessions, newest first.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// Each of them.
    pub sessions: Vec<SessionMoved>,
}

/// One session, entity by entity.
#[derive(Debug, Serialize)]
pub struct Detail {
    /// The session.
    #[serde(flatten)]
    pub session: SessionMoved,
    /// Entities of which something was to move or did.
    pub entities: Vec<EntityMoved>,
}

/// The newest sessions of every subscription, or of one.
///
/// # Errors
/// [`AdminError::NoSubscription`], or the database fails.
pub async fn list(pool: &PgPool, subscription: Option<&SubscriptionId>, limit: u32) -> Result<Listing, AdminError> {
    let mut admin = one(pool).await?;
    if let Some(id) = subscription {
        find(&mut admin, id).await?;
    }
    Ok(Listing { sessions: history_sessions(&mut admin, subscription, "", limit.into()).await? })
}

/// The session of this id, of which the first characters are enough.
///
/// # Errors
/// [`AdminError::NoSession`] when there is none or there are several, [`AdminError::NoSubscription`], or the database
/// fails.
pub async fn detail(pool: &PgPool, subscription: Option<&SubscriptionId>, wanted: &str) -> Result<Detail, AdminError> {
    let mut admin = one(pool).await?;
    if let Some(id) = subscription {
        find(&mut admin, id).await?;
    }
    let mut found = history_sessions(&mut admin, subscription, &wanted.to_lowercase(), 2).await?;
    match (found.pop(), found.is_empty()) {
        (Some(session), true) => {
            let entities = history_entities(&mut admin, session.session).await?;
            Ok(Detail { session, entities })
        }
        (found, _) => Err(AdminError::NoSession { wanted: wanted.to_owned(), several: found.is_some() }),
    }
}

/// How a session ended, in a word.
fn outcome(state: &str) -> &str {
    match state {
        "finished" => "complete",
        "superseded" | "abandoned" => "cut short",
        other => other,
    }
}

#[cfg(test)]
mod tests;
