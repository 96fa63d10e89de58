//! One test's world: a database of its own, a bus of its own, the four services, and devices.

use std::sync::atomic::{AtomicU32, Ordering};

use sojourn_dev::oracle::{self, Report};
use sojourn_dev::stack::{Config, Database, Stack, StackPlan};
use sojourn_sample_crm::People;
use sqlx::{Connection as _, PgConnection, PgPool};
use uuid::Uuid;

use super::device::Device;
use super::shared::{self, TEMPLATE, shared};

static WORLDS: AtomicU32 = AtomicU32::new(0);

/// The sample's own `sojourn.yaml`.
pub const CRM: &str = include_str!("../../../samples/crm/sojourn.yaml");

/// What a world is to be.
pub struct WorldPlan {
    change: Box<dyn FnOnce(StackPlan<'static>) -> StackPlan<'static>>,
    users: Vec<fn(&People) -> Uuid>,
    tables: &'static str,
}

impl WorldPlan {
    /// A world with a device for each of these users.
    pub fn of(users: &[fn(&People) -> Uuid]) -> Self {
        Self { change: Box::new(|plan| plan), users: users.to_vec(), tables: "" }
    }

    /// Changes the stack's plan.
    pub fn with(mut self, change: impl FnOnce(StackPlan<'static>) -> StackPlan<'static> + 'static) -> Self {
        let before = std::mem::replace(&mut self.change, Box::new(|plan| plan));
        self.change = Box::new(move |plan| change(before(plan)));
        self
    }

    /// Makes tables beside those of the sample, by these statements, and takes offline what this `sojourn.yaml` says.
    pub fn of_tables(mut self, statements: &'static str, sojourn_yaml: &'static str) -> Self {
        self.tables = statements;
        self.with(|plan| StackPlan { config: Config::Text(sojourn_yaml.to_owned()), ..plan })
    }

    /// Starts it.
    pub async fn start(self) -> World {
        let shared = shared().await;
        let name = format!("world_{}", WORLDS.fetch_add(1, Ordering::Relaxed));
        let url = shared.postgres.create_database(&name, Some(TEMPLATE)).await.expect("a copy of the template");
        if !self.tables.is_empty() {
            let mut connection = PgConnection::connect(&url).await.expect("a connection");
            sqlx::raw_sql(self.tables).execute(&mut connection).await.expect("the tables are made");
            connection.close().await.expect("it closes");
        }
        let machine = tokio::task::spawn_blocking(shared::machine).await.expect("the tools are found");
        let database = Database::Shared { postgres: &shared.postgres, name: name.clone() };
        let mut plan = StackPlan::new(machine, database, Config::Text(CRM.to_owned()));
        for user in &self.users {
            plan = plan.device(user(&shared.people), "device");
        }
        let stack = Stack::start((self.change)(plan), &|_| ()).await.expect("a stack");
        let devices = stack.devices().iter().map(Device::of).collect();
        World { stack, people: shared.people.clone(), devices, database: name }
    }
}

/// A running world.
pub struct World {
    pub stack: Stack,
    pub people: People,
    pub devices: Vec<Device>,
    database: String,
}

impl World {
    /// The administrator's connections.
    pub fn admin(&self) -> &PgPool {
        self.stack.admin_pool()
    }

    /// Runs a statement as the administrator, who is above every rule. Answers how many rows it touched.
    pub async fn sql(&self, statement: &'static str, id: Uuid) -> u64 {
        sqlx::query(statement).bind(id).execute(self.admin()).await.expect("the statement runs").rows_affected()
    }

    /// Asserts that a device holds exactly what its user may see, value by value. Answers how many rows that is.
    #[track_caller]
    pub fn assert_converged(&self, device: usize) -> impl Future<Output = u64> {
        let place = std::panic::Location::caller();
        async move {
            let report = self.compare(device).await;
            assert!(report.is_converged(), "at {place}: device {device} differs: {report:#?}");
            report.rows
        }
    }

    /// Compares a device with an independent SELECT made as its user.
    pub async fn compare(&self, device: usize) -> Report {
        let database = self.devices[device].database();
        oracle::compare_device(self.admin(), &database).await.expect("both sides can be read")
    }

    /// Asserts that a device holds exactly what its user may see, and of these entities only rows for which a condition
    /// holds: SQL about the row `e`. Answers what was compared.
    #[track_caller]
    pub fn assert_narrowed(&self, device: usize, only: &[(&str, &'static str)]) -> impl Future<Output = Report> {
        let place = std::panic::Location::caller();
        async move {
            let database = self.devices[device].database();
            let report = oracle::compare_device_where(self.admin(), &database, only).await;
            let report = report.expect("both sides can be read");
            assert!(report.is_converged(), "at {place}: device {device} differs: {report:#?}");
            report
        }
    }

    /// Ends it, and asserts that nothing is left over.
    pub async fn stop(self) {
        self.stack.stop().await.expect("nothing is left over");
        shared().await.postgres.drop_database(&self.database).await.expect("the database is dropped");
    }

    /// Ends a world that was broken on purpose.
    pub async fn end(self) {
        self.stack.end().await;
        shared().await.postgres.drop_database(&self.database).await.expect("the database is dropped");
    }
}
