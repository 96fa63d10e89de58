//! How each service is started: the same executable, its settings in the environment, secrets never among arguments.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use sojourn_runtime::secret::DatabaseUrl;
use sojourn_wire::{AgentId, InvalidToken, Service};

use super::bus::Administrators;
use super::error::StackError;
use super::kept::Kept;
use super::plan::StackPlan;
use crate::instances::{InstanceError, Launch, Output, free_port};
use crate::machine::Machine;

/// What the processes of all services are started with, secrets among it.
pub(super) struct Recipe {
    pub(super) machine: Machine,
    pub(super) logs: PathBuf,
    pub(super) administrators: Administrators,
    /// In whose name the services are asked whether they are ready.
    pub(super) asker: AgentId,
    /// Where the first process of export serves batches over HTTP.
    pub(super) http: SocketAddr,
    /// Environment variables: of one service, or of all.
    environment: Vec<(Option<Service>, String, String)>,
}

impl Recipe {
    /// What the plan says, for these connections.
    pub(super) fn new(
        plan: &Settings,
        logs: PathBuf,
        administrators: Administrators,
        database: &DatabaseUrl,
        nats_url: &str,
        kept: &Kept,
    ) -> Result<Recipe, StackError> {
        let mut environment = vec![
            (None, "SOJOURN_DATABASE_URL".to_owned(), database.expose().to_owned()),
            (None, "SOJOURN_NATS_URL".to_owned(), nats_url.to_owned()),
            (Some(Service::Schema), "SOJOURN_CONFIG".to_owned(), plan.config.display().to_string()),
        ];
        for service in Service::ALL {
            environment.push((Some(service), "SOJOURN_NATS_SEED".to_owned(), kept.seed_of(service)?.to_owned()));
        }
        let no_port = || InstanceError::NoPort { name: "export".into(), attempts: 1 };
        let http = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().ok_or_else(no_port)?));
        environment.push((Some(Service::Export), "SOJOURN_EXPORT_HTTP_URL".to_owned(), format!("http://{http}")));
        environment.extend(plan.log.iter().map(|log| (None, "SOJOURN_LOG".to_owned(), log.clone())));
        environment.extend(plan.settings.iter().map(|(of, name, value)| (Some(*of), name.clone(), value.clone())));
        let asker = "stack".parse().map_err(|error: InvalidToken| StackError::Key(error.to_string()))?;
        Ok(Recipe { machine: plan.machine.clone(), logs, administrators, asker, http, environment })
    }

    /// How the `number`th process of a service is started, under this name. The first one of export has the address.
    pub(super) fn launch(&self, service: Service, number: usize, name: &str, log: &Path) -> Launch {
        let launch = Launch::new(name, &self.machine.exe, Output::Log(log.to_owned())).arguments([service.name()]);
        let launch = match (service, number) {
            (Service::Export, 1) => launch.environment("SOJOURN_EXPORT_HTTP", self.http.to_string()),
            _ => launch,
        };
        let own = self.environment.iter().filter(|(of, _, _)| of.is_none_or(|of| of == service));
        own.fold(launch, |launch, (_, name, value)| launch.environment(name, value))
    }
}

/// The parts of a plan that the services need to know.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) machine: Machine,
    pub(super) config: PathBuf,
    pub(super) settings: Vec<(Service, String, String)>,
    pub(super) log: Option<String>,
    /// How many processes each service has.
    pub(super) replicas: [(Service, usize); 4],
}

impl Settings {
    /// Takes them from a plan; `config` is the file that the schema service is to read.
    pub(super) fn of(plan: &StackPlan<'_>, config: PathBuf) -> Settings {
        let replicas = Service::ALL.map(|service| (service, plan.replicas_of(service)));
        let (machine, settings, log) = (plan.machine.clone(), plan.settings.clone(), plan.log.clone());
        Settings { machine, config, settings, log, replicas }
    }
}
