//! The devices of a stack, the file that lets each in, and the link each may be given.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use sojourn_agent::home::Credentials;
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use super::error::StackError;
use super::folder::write_private;
use super::kept::KeptDevice;
use crate::proxy::Proxy;

/// A device that is enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Whose it is.
    pub user_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its id.
    pub agent: AgentId,
    /// Its offline data set.
    pub subscription: SubscriptionId,
    /// The file that lets it in: `sojourn-agent init --credentials FILE`.
    pub credentials: PathBuf,
}

/// A device's way to NATS that can be cut: a proxy, and credentials that lead through it.
#[derive(Debug, Clone)]
pub struct Link {
    proxy: Proxy,
    credentials: PathBuf,
}

impl Link {
    /// The file that lets the device in through this link.
    #[must_use]
    pub fn credentials(&self) -> &Path {
        &self.credentials
    }

    /// Where the device connects: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn nats_url(&self) -> String {
        format!("nats://{}", self.proxy.address())
    }
}

/// Everything else one does with a link is done with its proxy: `cut`, `heal`, `cut_after`, `throttle`, `delay`,
/// `unsteady`.
impl std::ops::Deref for Link {
    type Target = Proxy;

    fn deref(&self) -> &Proxy {
        &self.proxy
    }
}

/// Writes the credentials of a device.
pub(super) fn device(kept: &KeptDevice, folder: &Path, nats_url: &str) -> Result<Device, StackError> {
    let KeptDevice { user_id, name, agent, subscription, .. } = kept.clone();
    let credentials = folder.join(format!("{agent}.json"));
    write(kept, &credentials, nats_url)?;
    Ok(Device { user_id, name, agent, subscription, credentials })
}

/// Opens a link for a device, with credentials of its own beside the usual ones.
pub(super) async fn link(kept: &KeptDevice, folder: &Path, nats_port: u16) -> Result<Link, StackError> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, nats_port));
    let proxy = Proxy::start(server).await.map_err(StackError::Proxy)?;
    let credentials = folder.join(format!("{}-through-link.json", kept.agent));
    let link = Link { proxy, credentials };
    write(kept, &link.credentials, &link.nats_url())?;
    Ok(link)
}

fn write(kept: &KeptDevice, path: &Path, nats_url: &str) -> Result<(), StackError> {
    let KeptDevice { user_id, agent, subscription, seed, .. } = kept.clone();
    let credentials = Credentials { agent, subscription, user_id, nats_url: nats_url.to_owned(), nats_seed: seed };
    let text = serde_json::to_string_pretty(&credentials);
    let text = text.map_err(|error| StackError::Kept { path: path.to_owned(), problem: error.to_string() })?;
    write_private(path, &text)
}
