//! A Postgres for one benchmark, and databases in it whose entities are registered. No services, no bus.

use sojourn_metadata::Config;
use sojourn_platform::definition::definition_hash;
use sojourn_platform::{Ident, PlatformError, install};
use sojourn_schema::db::{InForce, stream, version_store};
use sqlx::PgPool;

use super::error::BenchError;
use crate::instances::{Durability, Postgres, PostgresOptions};
use crate::machine::Machine;

/// The administrator's connections.
const CONNECTIONS: u32 = 2;

/// A Postgres that does nothing by itself: it vacuums when a benchmark says so, and checkpoints rarely.
pub(super) struct Server {
    postgres: Postgres,
}

/// A database of it.
pub(super) struct Database {
    /// The administrator.
    pub(super) admin: PgPool,
    service_url: String,
    service_password: String,
}

impl Server {
    /// Starts it.
    pub(super) async fn start(machine: &Machine, durability: Durability) -> Result<Server, BenchError> {
        let quiet = [("autovacuum", "off"), ("max_wal_size", "16GB"), ("checkpoint_timeout", "1h")];
        let settings = quiet.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let options = PostgresOptions { durability, keep_in: None, settings };
        Ok(Server { postgres: Postgres::start(&machine.tools, &machine.reaper, options).await? })
    }

    /// The instance, with all its databases, for whoever runs more than a Postgres.
    pub(super) fn into_postgres(self) -> Postgres {
        self.postgres
    }

    /// Makes an empty database.
    pub(super) async fn database(&self, name: &str) -> Result<Database, BenchError> {
        let url = self.postgres.create_database(name, None).await?;
        let admin = sojourn_platform::connect(&url, "sojourn-bench", CONNECTIONS).await?;
        let (role, port) = (install::SERVICE_ROLE, self.postgres.port());
        let service_password = self.postgres.password_for(role);
        let service_url = format!("postgres://{role}:{service_password}@127.0.0.1:{port}/{name}");
        Ok(Database { admin, service_url, service_password })
    }
}

impl Database {
    /// Installs Sojourn, and registers the entities of a `sojourn.yaml`: from then on their changes are followed.
    pub(super) async fn register(&self, yaml: &str) -> Result<(), BenchError> {
        let wanted = Config::parse(yaml).map_err(|error| BenchError::Beside(error.to_string()))?;
        let acting_role = Ident::new(&wanted.acting_role).map_err(PlatformError::from)?;
        let doing = || PlatformError::doing("taking a connection to register the entities");
        let mut admin = self.admin.acquire().await.map_err(doing())?;
        install::install(&mut admin, &acting_role, Some(&self.service_password)).await?;
        let registration = sojourn_schema::check(&mut admin, &wanted).await?;
        sojourn_schema::track(&mut admin, &registration).await?;
        // As the schema service does at its start: the triggers belong to the definition.
        let definition = definition_hash(&mut admin, &wanted.acting_role, registration.watched()).await?;
        let numbers = stream::numbers(&mut admin, &registration.streams).await?;
        let in_force = InForce::of(&registration, &numbers, definition);
        version_store(&self.admin, &registration.metadata, &in_force).await?;
        Ok(())
    }

    /// Connections as the services log in.
    pub(super) async fn as_service(&self, connections: u32) -> Result<PgPool, BenchError> {
        Ok(sojourn_platform::connect(&self.service_url, "sojourn-bench", connections).await?)
    }

    /// Does what an administrator may.
    pub(super) async fn execute(&self, doing: &'static str, sql: &'static str) -> Result<(), BenchError> {
        sqlx::raw_sql(sql).execute(&self.admin).await.map_err(PlatformError::doing(doing))?;
        Ok(())
    }
}
