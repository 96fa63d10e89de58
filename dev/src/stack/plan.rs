//! What a stack is to be.

use std::path::PathBuf;

use sojourn_runtime::secret::DatabaseUrl;
use sojourn_wire::Service;
use uuid::Uuid;

use crate::instances::Postgres;
use crate::machine::Machine;

/// What to start. Make it with [`StackPlan::new`] and change what differs.
#[derive(Debug)]
pub struct StackPlan<'a> {
    /// Programs, reaper and the executable of our processes.
    pub machine: Machine,
    /// Where the user's tables are.
    pub database: Database<'a>,
    /// Which of them go offline.
    pub config: Config,
    /// The devices to enrol.
    pub devices: Vec<DeviceSpec>,
    /// Keeps JetStream's data, keys and credentials, so that a later stack serves the same devices. None: nothing stays.
    pub home: Option<PathBuf>,
    /// Settings of services beyond the usual, as environment variables: service, name, value.
    pub settings: Vec<(Service, String, String)>,
    /// The plug-ins to start.
    pub plugins: Vec<PluginSpec>,
    /// How many processes of a service there are, where it is not one.
    pub replicas: Vec<(Service, usize)>,
    /// What the services log (`SOJOURN_LOG`); none leaves it to them.
    pub log: Option<String>,
}

/// The database of a stack.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of these in a stack, and it is moved once")]
pub enum Database<'a> {
    /// A database of an instance that the stack is given for good and ends with it.
    Own {
        /// The instance.
        postgres: Postgres,
        /// The database, with its tables.
        name: String,
    },
    /// A database of an instance that others use too.
    Shared {
        /// The instance.
        postgres: &'a Postgres,
        /// The database, with its tables.
        name: String,
    },
    /// A database of somebody else's Postgres, as an administrator. The role `sojourn_service` gets a new password.
    Existing(DatabaseUrl),
}

/// `sojourn.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Config {
    /// A file of the user's.
    File(PathBuf),
    /// Its text.
    Text(String),
}

/// A device to enrol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSpec {
    /// Whose device it is.
    pub user_id: Uuid,
    /// What people call it; its id begins like it.
    pub name: String,
}

/// A plug-in to start: a program in Python that speaks to NATS with nats-py.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSpec {
    /// The name it has in NATS' service API; it must answer to it.
    pub name: String,
    /// The program's text.
    pub program: String,
}

impl<'a> StackPlan<'a> {
    /// One process of each service, no devices, nothing kept.
    #[must_use]
    pub fn new(machine: Machine, database: Database<'a>, config: Config) -> StackPlan<'a> {
        StackPlan {
            machine,
            database,
            config,
            devices: Vec::new(),
            home: None,
            settings: Vec::new(),
            plugins: Vec::new(),
            replicas: Vec::new(),
            log: None,
        }
    }

    /// Adds a device.
    #[must_use]
    pub fn device(mut self, user_id: Uuid, name: impl Into<String>) -> StackPlan<'a> {
        self.devices.push(DeviceSpec { user_id, name: name.into() });
        self
    }

    /// Adds a plug-in.
    #[must_use]
    pub fn plugin(mut self, plugin: PluginSpec) -> StackPlan<'a> {
        self.plugins.push(plugin);
        self
    }

    /// Adds a setting of a service, such as `SOJOURN_BATCH_ROWS`.
    #[must_use]
    pub fn setting(mut self, service: Service, name: &str, value: impl ToString) -> StackPlan<'a> {
        self.settings.push((service, name.to_owned(), value.to_string()));
        self
    }

    /// Makes batches of at most so many rows.
    #[must_use]
    pub fn batch_rows(self, rows: u32) -> StackPlan<'a> {
        self.setting(Service::Export, "SOJOURN_BATCH_ROWS", rows)
    }

    /// Makes batches of at most so many bytes, before compression.
    #[must_use]
    pub fn batch_bytes(self, bytes: u64) -> StackPlan<'a> {
        self.setting(Service::Export, "SOJOURN_BATCH_BYTES", bytes)
    }

    /// Starts so many processes of a service.
    #[must_use]
    pub fn replicas(mut self, service: Service, count: usize) -> StackPlan<'a> {
        self.replicas.push((service, count));
        self
    }

    /// How many processes of a service are to be started.
    pub(super) fn replicas_of(&self, service: Service) -> usize {
        let said = self.replicas.iter().rev().find(|(of, _)| *of == service);
        said.map_or(1, |(_, count)| (*count).max(1))
    }
}
