//! What is done to a subscription: it expires, is revoked or readmitted, evaluates everything, or is synchronised by
//! another device.

use std::fmt;

use serde::Serialize;
use sojourn_prepare::db::administer::{administer_full, administer_primary, administer_status};
use sojourn_prepare::db::overview::{overview_clients, overview_metadata};
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::PgPool;

use super::{find, one};
use crate::error::AdminError;

/// A change of a subscription's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// What changed since the last prepare counts as unknown.
    Expire,
    /// It may not synchronise any more.
    Revoke,
    /// It may again.
    Readmit,
}

/// What a change came to.
#[derive(Debug, Serialize)]
pub struct Governed {
    /// The subscription.
    pub id: SubscriptionId,
    /// Its status now.
    pub status: String,
    /// Something is not what it was.
    pub changed: bool,
    /// What comes of it, in words.
    pub effect: String,
}

/// The status that a change leads to; the same where there is nothing to change; none where it cannot be.
fn status_after(status: &str, change: Change) -> Option<&str> {
    match (change, status) {
        (Change::Expire, "revoked") => None,
        (Change::Expire, _) => Some("expired"),
        (Change::Revoke, _) => Some("revoked"),
        (Change::Readmit, "revoked") => Some("active"),
        (Change::Readmit, status) => Some(status),
    }
}

fn effect(change: Change, changed: bool) -> &'static str {
    match (change, changed) {
        (Change::Expire, true) => "its next prepare evaluates everything",
        (Change::Expire, false) => "it was already: its next prepare evaluates everything",
        (Change::Revoke, true) => {
            "its devices are refused from now on, and what they have not sent stays in their queues"
        }
        (Change::Revoke, false) => "it was already: its devices are refused",
        (Change::Readmit, true) => "its primary device may synchronise again",
        (Change::Readmit, false) => "it was not revoked: nothing was changed",
    }
}

/// Changes the status of a subscription.
///
/// # Errors
/// [`AdminError::NoSubscription`], [`AdminError::Revoked`], [`AdminError::Changed`], or the database fails.
pub async fn change(pool: &PgPool, id: &SubscriptionId, change: Change) -> Result<Governed, AdminError> {
    let mut admin = one(pool).await?;
    let was = find(&mut admin, id).await?.status;
    let becomes = status_after(&was, change).ok_or_else(|| AdminError::Revoked(id.clone()))?;
    let changed = was != becomes;
    if changed && !administer_status(&mut admin, id, &was, becomes).await? {
        return Err(AdminError::Changed(id.clone()));
    }
    Ok(Governed { id: id.clone(), status: becomes.to_owned(), changed, effect: effect(change, changed).to_owned() })
}

/// Asks the next prepare to evaluate everything, of all entities or of one.
///
/// # Errors
/// [`AdminError::NoSubscription`], [`AdminError::NoEntity`], or the database fails.
pub async fn full(pool: &PgPool, id: &SubscriptionId, entity: Option<&str>) -> Result<Governed, AdminError> {
    let mut admin = one(pool).await?;
    let subscription = find(&mut admin, id).await?;
    let metadata = overview_metadata(&mut admin, &subscription.dataset).await?;
    let metadata = metadata.ok_or_else(|| AdminError::NotPublished(subscription.dataset.clone()))?.metadata;
    let code = match entity {
        None => None,
        Some(name) => {
            Some(metadata.entity(name).ok_or_else(|| AdminError::no_entity(name, &metadata))?.object_type_code)
        }
    };
    let asked = administer_full(&mut admin, id, code).await?;
    let effect = match asked.is_empty() {
        true => "nothing was prepared before: the next prepare evaluates everything anyway".to_owned(),
        false => format!("the next prepare evaluates everything of {}", entity.unwrap_or("every entity")),
    };
    Ok(Governed { id: id.clone(), status: subscription.status, changed: !asked.is_empty(), effect })
}

/// Makes a device the one that synchronises the subscription.
///
/// # Errors
/// [`AdminError::NoSubscription`], [`AdminError::NoClient`], or the database fails.
pub async fn primary(pool: &PgPool, id: &SubscriptionId, client: &AgentId) -> Result<Governed, AdminError> {
    let mut admin = one(pool).await?;
    let status = find(&mut admin, id).await?.status;
    let clients = overview_clients(&mut admin, Some(id)).await?;
    let no_client = || AdminError::NoClient {
        id: id.clone(),
        client: client.clone(),
        known: clients.iter().map(|client| client.client_id.clone()).collect(),
    };
    let found = clients.iter().find(|known| known.client_id == client.as_str()).ok_or_else(no_client)?;
    let changed = !found.is_primary;
    if changed && !administer_primary(&mut admin, id, client).await? {
        return Err(no_client());
    }
    let effect = match changed {
        true => format!("{client} synchronises it from now on; the other devices are refused"),
        false => format!("{client} is its primary client already: nothing was changed"),
    };
    Ok(Governed { id: id.clone(), status, changed, effect })
}

impl fmt::Display for Governed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The subscription {} is {}: {}.", self.id, self.status, self.effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_leads_where_it_should() {
        let after = |change| ["active", "expired", "revoked"].map(|status| status_after(status, change));
        assert_eq!(after(Change::Expire), [Some("expired"), Some("expired"), None]);
        assert_eq!(after(Change::Revoke), [Some("revoked"); 3]);
        assert_eq!(after(Change::Readmit), [Some("active"), Some("expired"), Some("active")]);
    }

    #[test]
    fn what_was_done_is_one_sentence() {
        let effect = effect(Change::Expire, true).to_owned();
        let id = "s1".parse().expect("an id");
        let told = Governed { id, status: "expired".to_owned(), changed: true, effect }.to_string();
        assert_eq!(told, "The subscription s1 is expired: its next prepare evaluates everything.");
    }
}
