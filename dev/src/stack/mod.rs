//! A whole Sojourn on this machine: Postgres, nats-server, the four services as real processes, and enrolled devices.
//!
//! [`Stack::start`] returns when everything answers. [`Stack::stop`] ends it and says what was not as it should be:
//! a process that had died, a dead letter, a message that nobody settled. Dropping a stack only ends it.

mod bus;
mod database;
mod device;
mod error;
mod folder;
mod kept;
mod leftovers;
mod plan;
mod plugins;
mod replica;
mod services;
mod start;
mod stop;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use sojourn_runtime::Client;
use sojourn_runtime::secret::DatabaseUrl;
use sojourn_wire::Service;
use sojourn_wire::message::dead_letter::DeadLetter;
use sqlx::PgPool;

use crate::instances::{Nats, Postgres};

pub use device::{Device, Link};
pub use error::StackError;
pub use plan::{Config, Database, DeviceSpec, PluginSpec, StackPlan};
pub use replica::Replica;
pub use start::Progress;

/// Whether a stack has lived in this folder, and its devices are known.
#[must_use]
pub fn is_home(folder: &Path) -> bool {
    kept::file(folder).is_file()
}

/// A running stack.
pub struct Stack {
    // Fields are dropped in this order: who uses goes before what is used.
    plugins: Vec<Replica>,
    replicas: Vec<(Service, Replica)>,
    recipe: services::Recipe,
    links: BTreeMap<usize, Link>,
    nats: Nats,
    admin: PgPool,
    admin_url: DatabaseUrl,
    postgres: Option<Postgres>,
    kept: kept::Kept,
    devices: Vec<Device>,
    dataset: String,
    acting_role: String,
    folder: folder::Folder,
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack")
            .field("replicas", &self.replicas)
            .field("devices", &self.devices)
            .finish_non_exhaustive()
    }
}

impl Stack {
    /// The administrator's connections to the database.
    #[must_use]
    pub fn admin_pool(&self) -> &PgPool {
        &self.admin
    }

    /// The administrator's URL of the database, with its password.
    #[must_use]
    pub fn admin_url(&self) -> &str {
        self.admin_url.expose()
    }

    /// The same without its password, to be shown.
    #[must_use]
    pub fn shown_database_url(&self) -> String {
        database::shown(&self.admin_url)
    }

    /// `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn nats_url(&self) -> String {
        self.nats.url()
    }

    /// Where batches are served over HTTP: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn http_url(&self) -> String {
        format!("http://{}", self.recipe.http)
    }

    /// The nats-server, to be killed, frozen and restarted.
    pub fn nats(&mut self) -> &mut Nats {
        &mut self.nats
    }

    /// The Postgres, if it is the stack's own, to be killed and restarted.
    pub fn postgres(&mut self) -> Option<&mut Postgres> {
        self.postgres.as_mut()
    }

    /// A connection to the bus that may do everything in the services' account.
    #[must_use]
    pub fn administrator(&self) -> &Client {
        &self.recipe.administrators.services
    }

    /// A connection to the bus that may do everything in the plug-ins' account.
    #[must_use]
    pub fn administrator_of_plugins(&self) -> &Client {
        &self.recipe.administrators.plugins
    }

    /// A connection to the bus that may do everything in the account of the stream of events.
    #[must_use]
    pub fn administrator_of_events(&self) -> &Client {
        &self.recipe.administrators.events
    }

    /// The configured set of entities.
    #[must_use]
    pub fn dataset(&self) -> &str {
        &self.dataset
    }

    /// The role that users' statements run as.
    #[must_use]
    pub fn acting_role(&self) -> &str {
        &self.acting_role
    }

    /// The first process of a service.
    ///
    /// # Panics
    /// Never: every service has one.
    #[expect(clippy::expect_used, reason = "a stack is only made with one process of each service at least")]
    pub fn service(&mut self, service: Service) -> &mut Replica {
        self.replica(service, 0).expect("every service has a process")
    }

    /// A process of a service, counted from 0.
    pub fn replica(&mut self, service: Service, index: usize) -> Option<&mut Replica> {
        self.replicas.iter_mut().filter(|(of, _)| *of == service).map(|(_, replica)| replica).nth(index)
    }

    /// Every process of every service.
    pub fn replicas(&self) -> impl Iterator<Item = (Service, &Replica)> {
        self.replicas.iter().map(|(service, replica)| (*service, replica))
    }

    /// A plug-in's process, counted from 0 in the order of the plan.
    pub fn plugin(&mut self, index: usize) -> Option<&mut Replica> {
        self.plugins.get_mut(index)
    }

    /// The user and password of plug-ins on the bus.
    #[must_use]
    pub fn plugin_login(&self) -> (&str, &str) {
        (bus::PLUGIN_USER, &self.kept.plugin_password)
    }

    /// Every process of the stack that runs, by what it is: services, `plug-in`, `nats-server`, and `postgres`, if it is
    /// its own.
    #[must_use]
    pub fn pids(&self) -> Vec<(&'static str, u32)> {
        let services = self.replicas().filter_map(|(service, replica)| Some((service.name(), replica.pid()?)));
        let nats = self.nats.pid().map(|pid| ("nats-server", pid));
        let postgres = self.postgres.as_ref().and_then(Postgres::pid).map(|pid| ("postgres", pid));
        let plugins = self.plugins.iter().filter_map(|plugin| Some(("plug-in", plugin.pid()?)));
        services.chain(plugins).chain(nats).chain(postgres).collect()
    }

    /// Starts one more process of a service, and returns its index.
    ///
    /// # Errors
    /// As [`Replica::start`].
    pub async fn add_replica(&mut self, service: Service) -> Result<usize, StackError> {
        let index = self.replicas.iter().filter(|(of, _)| *of == service).count();
        let mut replica = Replica::new(&self.recipe, service, index + 1);
        replica.start().await?;
        self.replicas.push((service, replica));
        Ok(index)
    }

    /// The devices, in the order of the plan, after those that the home knew before.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The folder with the devices' credentials.
    #[must_use]
    pub fn credentials_dir(&self) -> PathBuf {
        self.folder.credentials()
    }

    /// The folder with the services' logs.
    #[must_use]
    pub fn logs_dir(&self) -> PathBuf {
        self.folder.logs()
    }

    /// Writes the administrator's URL, with its password, into a file that only we may read, and returns its path.
    ///
    /// # Errors
    /// [`StackError::File`].
    pub fn keep_admin_url(&self) -> Result<PathBuf, StackError> {
        let path = self.folder.path().join("database-url");
        folder::write_private(&path, self.admin_url())?;
        Ok(path)
    }

    /// Writes what a plug-in needs to log in into a file that only this user may read, as variables of its environment, and
    /// answers where it is.
    ///
    /// # Errors
    /// [`StackError::File`].
    pub fn keep_plugin_login(&self) -> Result<PathBuf, StackError> {
        let path = self.folder.path().join("plugins.env");
        let (user, password) = self.plugin_login();
        let url = self.nats_url();
        let text = format!("SOJOURN_NATS_URL={url}\nSOJOURN_PLUGIN_USER={user}\nSOJOURN_PLUGIN_PASSWORD={password}\n");
        folder::write_private(&path, &text)?;
        Ok(path)
    }

    /// The file that lets a device in.
    ///
    /// # Errors
    /// [`StackError::NoDevice`].
    pub fn credentials(&self, index: usize) -> Result<&Path, StackError> {
        let devices = self.devices.len();
        let device = self.devices.get(index).ok_or(StackError::NoDevice { index, devices })?;
        Ok(&device.credentials)
    }

    /// A link for a device that can be cut: set the device up with [`Link::credentials`]. The same one every time.
    ///
    /// # Errors
    /// [`StackError::NoDevice`]; that no port can be listened on.
    pub async fn link(&mut self, index: usize) -> Result<Link, StackError> {
        if let Some(link) = self.links.get(&index) {
            return Ok(link.clone());
        }
        let devices = self.devices.len();
        let kept = self.kept.devices.get(index).ok_or(StackError::NoDevice { index, devices })?;
        let link = device::link(kept, &self.folder.credentials(), self.nats.port()).await?;
        self.links.insert(index, link.clone());
        Ok(link)
    }

    /// Messages in the streams that are empty when everything is settled: BATCH, REQ, JOBS and OPS, those that are not.
    ///
    /// # Errors
    /// [`StackError::Stream`].
    pub async fn streams_left(&self) -> Result<BTreeMap<&'static str, u64>, StackError> {
        leftovers::streams(self.administrator()).await
    }

    /// Every dead letter, oldest first.
    ///
    /// # Errors
    /// [`StackError::Stream`].
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StackError> {
        leftovers::dead_letters(self.administrator()).await
    }
}
