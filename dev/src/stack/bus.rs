//! The stack's nats-server: four accounts, one identity for each service and device, and the streams.

use std::path::Path;
use std::time::Duration;

use sojourn_runtime::nats::{self, Identity};
use sojourn_runtime::secret::NkeySeed;
use sojourn_runtime::{Client, deploy};
use sojourn_wire::nats_config::{Login, NatsConfig, User};
use sojourn_wire::permissions::{self, Permissions};

use super::error::StackError;
use super::folder::Folder;
use super::kept::Kept;
use crate::instances::Nats;
use crate::machine::Machine;

/// What plug-ins are called on the bus.
pub(super) const PLUGIN_USER: &str = "plugin";
/// How long the server, which has just started, may take to let the administrator in.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that may do everything within their account: all but the agents' have one each.
pub(super) struct Administrators {
    /// Of the services' account.
    pub(super) services: Client,
    /// Of the plug-ins' account.
    pub(super) plugins: Client,
    /// Of the account of the stream of events.
    pub(super) events: Client,
}

/// Starts the server; from then on the port is kept.
pub(super) async fn start(machine: &Machine, folder: &Folder, kept: &mut Kept) -> Result<Nats, StackError> {
    let (services, plugins, agents) = (services(kept)?, plugins(kept)?, agents(kept)?);
    let events = [user(&kept.event_administrator, None)?];
    let store = folder.is_kept().then(|| folder.path().join("jetstream"));
    let config = |port: u16, scratch: &Path| {
        let store = store.as_deref().unwrap_or(scratch).display().to_string();
        let sync_always = folder.is_kept();
        let (services, plugins, events, agents) = (&services, &plugins, &events, &agents);
        NatsConfig { port, store_dir: &store, sync_always, services, plugins, events, agents }.render()
    };
    let server = Nats::start_on(&machine.tools, &machine.reaper, kept.nats_port, &config).await?;
    if let Some(port) = kept.nats_port.filter(|port| *port != server.port()) {
        return Err(StackError::PortTaken { home: folder.path().to_owned(), port });
    }
    kept.nats_port = Some(server.port());
    Ok(server)
}

/// Connects as the administrators and makes the streams.
pub(super) async fn deploy(server: &Nats, kept: &Kept) -> Result<Administrators, StackError> {
    let services = administrator(server, &kept.administrator).await?;
    let plugins = administrator(server, &kept.plugin_administrator).await?;
    let events = administrator(server, &kept.event_administrator).await?;
    deploy::services(&services).await?;
    deploy::events(&events).await?;
    Ok(Administrators { services, plugins, events })
}

async fn administrator(server: &Nats, seed: &str) -> Result<Client, StackError> {
    Ok(nats::connect(&server.url(), &parse(seed)?, &Identity::of_administrator(), PATIENCE).await?)
}

fn services(kept: &Kept) -> Result<Vec<User>, StackError> {
    let administrator = user(&kept.administrator, None);
    let services = kept.services.iter().map(|(service, seed)| user(seed, Some(permissions::of_service(*service))));
    std::iter::once(administrator).chain(services).collect()
}

fn plugins(kept: &Kept) -> Result<[User; 2], StackError> {
    let login = Login::Password { user: PLUGIN_USER.to_owned(), password: kept.plugin_password.clone() };
    let plugins = User { login, permissions: Some(permissions::of_plugins()) };
    Ok([user(&kept.plugin_administrator, None)?, plugins])
}

fn agents(kept: &Kept) -> Result<Vec<User>, StackError> {
    let agent = |device: &super::kept::KeptDevice| {
        let subscriptions = std::slice::from_ref(&device.subscription);
        user(&device.seed, Some(permissions::of_agent(&device.agent, subscriptions)))
    };
    kept.devices.iter().map(agent).collect()
}

fn user(seed: &str, permissions: Option<Permissions>) -> Result<User, StackError> {
    Ok(User { login: Login::Nkey(parse(seed)?.public_key()), permissions })
}

fn parse(seed: &str) -> Result<NkeySeed, StackError> {
    seed.parse().map_err(|error: sojourn_runtime::secret::SeedError| StackError::Key(error.to_string()))
}
