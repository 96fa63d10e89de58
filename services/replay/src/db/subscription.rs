//! Who a chunk belongs to.

use sojourn_platform::PlatformError;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::{PgExecutor, Row as _};
use uuid::Uuid;

/// A subscription as replay needs it.
#[derive(Debug, Clone)]
pub(super) struct Subscription {
    /// The configured set of entities.
    pub(super) dataset: String,
    /// Who it acts as.
    pub(super) user_id: Uuid,
    /// The number of its table of sync entries.
    pub(super) number: i64,
    /// There is such a table: something was prepared.
    pub(super) has_entries: bool,
}

/// Whether a chunk may be played back.
#[derive(Debug)]
pub(super) enum Standing {
    /// It may.
    Active(Subscription),
    /// It may not, in words for the user.
    Refused(String),
}

/// The subscription, if the agent is one of its clients and it is in force.
pub(super) async fn subscription_of(
    executor: impl PgExecutor<'_>,
    agent: &AgentId,
    id: &SubscriptionId,
) -> Result<Standing, PlatformError> {
    let doing = PlatformError::doing("looking up the subscription");
    let row = sqlx::query(
        "SELECT s.dataset, s.user_id, s.status <> 'revoked', c.is_primary, s.number::bigint,
                to_regclass('sojourn.sync_state_' || s.number) IS NOT NULL
           FROM sojourn.subscription s JOIN sojourn.subscription_client c ON c.subscription_id = s.id
          WHERE s.id = $1 AND c.client_id = $2",
    )
    .bind(id.as_str())
    .bind(agent.as_str())
    .fetch_optional(executor)
    .await
    .map_err(doing)?;
    let Some(row) = row else {
        return Ok(Standing::Refused(format!(
            "the server does not know the subscription {id} of the device {agent}: init anew"
        )));
    };
    let doing = || PlatformError::doing("reading the subscription");
    if !row.try_get::<bool, _>(2).map_err(doing())? {
        return Ok(Standing::Refused(format!("the subscription {id} was revoked: ask the administrator")));
    }
    // Operations are numbered for the subscription: two devices would number theirs alike.
    if !row.try_get::<bool, _>(3).map_err(doing())? {
        return Ok(Standing::Refused(format!(
            "another device synchronises the subscription {id}; what this one has not sent stays in its queue: ask the \
             administrator to make {agent} its primary client (sojourn-admin subscriptions primary {id} {agent})"
        )));
    }
    Ok(Standing::Active(Subscription {
        dataset: row.try_get(0).map_err(doing())?,
        user_id: row.try_get(1).map_err(doing())?,
        number: row.try_get(4).map_err(doing())?,
        has_entries: row.try_get(5).map_err(doing())?,
    }))
}
