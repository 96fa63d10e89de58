//! Every subscription in a line.

use std::fmt;

use serde::Serialize;
use sojourn_prepare::db::overview::{
    Client, EntryCounts, Overview, overview_clients, overview_entries, overview_subscriptions,
};
use sqlx::PgPool;
use uuid::Uuid;

use super::one;
use crate::error::AdminError;
use crate::table::{or_dash, plain_table};

/// Every subscription.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// They, by id.
    pub subscriptions: Vec<Line>,
}

/// A subscription in short.
#[derive(Debug, Serialize)]
pub struct Line {
    /// Its id.
    pub id: String,
    /// Whose data it is.
    pub user_id: Uuid,
    /// Its set of entities.
    pub dataset: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its status: active, expired or revoked.
    pub status: String,
    /// Its devices, the primary one first.
    pub devices: Vec<Device>,
    /// When the last prepare was; none before the first.
    pub last_prepare: Option<String>,
    /// Rows that its device has.
    pub rows_synchronised: i64,
    /// Rows that wait to be moved or deleted.
    pub rows_pending: i64,
    /// How many local data groups its user has defined.
    pub filters: i64,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// Its id.
    pub client: String,
    /// What people call it.
    pub name: String,
    /// It is the one that synchronises.
    pub primary: bool,
    /// When it last asked for something.
    pub last_seen: Option<String>,
}

/// Lists them.
///
/// # Errors
/// When the database fails.
pub async fn list(pool: &PgPool) -> Result<Listing, AdminError> {
    let mut admin = one(pool).await?;
    let clients = overview_clients(&mut admin, None).await?;
    let mut subscriptions = Vec::new();
    for overview in overview_subscriptions(&mut admin, None).await? {
        let entries = overview_entries(&mut admin, overview.number).await?;
        let of_it = clients.iter().filter(|client| client.subscription_id == overview.id).cloned();
        subscriptions.push(line(overview.clone(), of_it.map(Device::from).collect(), &entries));
    }
    Ok(Listing { subscriptions })
}

fn line(overview: Overview, devices: Vec<Device>, entries: &[EntryCounts]) -> Line {
    Line {
        id: overview.id,
        user_id: overview.user_id,
        dataset: overview.dataset,
        kind: overview.kind,
        status: overview.status,
        devices,
        last_prepare: overview.evaluated_at,
        rows_synchronised: entries.iter().map(|entity| entity.synchronised).sum(),
        rows_pending: entries.iter().map(|entity| entity.to_move + entity.to_delete).sum(),
        filters: overview.own_groups,
    }
}

impl From<Client> for Device {
    fn from(client: Client) -> Self {
        let Client { client_id, name, is_primary, last_seen, .. } = client;
        Self { client: client_id, name, primary: is_primary, last_seen }
    }
}

/// Devices in a line, the primary one with a star.
fn devices(devices: &[Device]) -> String {
    let shown = |device: &Device| format!("{}{}", device.client, if device.primary { "*" } else { "" });
    devices.iter().map(shown).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subscriptions.is_empty() {
            return write!(f, "No device is enrolled yet.");
        }
        let mut table = plain_table(&[
            "subscription",
            "user",
            "dataset",
            "type",
            "status",
            "devices (* primary)",
            "last prepare",
            "synchronised",
            "pending",
            "filters",
        ]);
        for line in &self.subscriptions {
            table.add_row([
                line.id.clone(),
                line.user_id.to_string(),
                line.dataset.clone(),
                line.kind.clone(),
                line.status.clone(),
                devices(&line.devices),
                or_dash(line.last_prepare.as_deref()),
                line.rows_synchronised.to_string(),
                line.rows_pending.to_string(),
                line.filters.to_string(),
            ]);
        }
        write!(f, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_device_is_marked() {
        let device = |client: &str, primary| Device {
            client: client.to_owned(),
            name: "a laptop".to_owned(),
            primary,
            last_seen: None,
        };
        assert_eq!(devices(&[device("a", true), device("b", false)]), "a*, b");
        assert_eq!(Listing { subscriptions: vec![] }.to_string(), "No device is enrolled yet.");
    }
}
