//! Starting a stack: check, set up, bus, streams, devices, services, and a word from each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sojourn_metadata::Config as SojournYaml;
use sojourn_wire::Service;

use super::error::StackError;
use super::folder::Folder;
use super::kept::Kept;
use super::plan::{Config, StackPlan};
use super::replica::Replica;
use super::services::{Recipe, Settings};
use super::{Stack, bus, database, device, plugins};

/// Tells somebody who waits what is being done.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

impl Stack {
    /// Starts everything; returns when every service answers.
    ///
    /// # Errors
    /// [`StackError`]; what was started until then is ended. When configuration and database do not go together, the
    /// database is as it was.
    pub async fn start(plan: StackPlan<'_>, progress: Progress<'_>) -> Result<Stack, StackError> {
        let machine = plan.machine.clone();
        let folder = Folder::open(plan.home.as_deref(), &machine.reaper)?;
        let (wanted, config) = read(&plan.config, folder.path())?;
        let settings = Settings::of(&plan, config);
        let wanted_plugins = plan.plugins.clone();
        let mut kept = Kept::open(&folder)?;
        kept.enlist(&plan.devices)?;

        progress("checking the database and setting it up");
        let opened = database::set_up(plan.database, &wanted, progress).await?;
        database::enroll(&opened.admin, &wanted.dataset, &kept.devices).await?;

        progress("starting nats-server");
        let nats = bus::start(&machine, &folder, &mut kept).await?;
        kept.save(&folder)?;
        let administrators = bus::deploy(&nats, &kept).await?;
        let devices = kept.devices.iter().map(|kept| device::device(kept, &folder.credentials(), &nats.url()));
        let devices = devices.collect::<Result<_, _>>()?;

        progress("starting the services");
        let recipe = Recipe::new(&settings, folder.logs(), administrators, &opened.service_url, &nats.url(), &kept)?;
        let replicas = start_all(&recipe, &settings).await?;
        let plugins = plugins::start(&wanted_plugins, &recipe, &folder, &nats.url(), &kept, progress).await?;
        Ok(Stack {
            plugins,
            replicas,
            recipe,
            links: BTreeMap::new(),
            nats,
            admin: opened.admin,
            admin_url: opened.admin_url,
            postgres: opened.postgres,
            kept,
            devices,
            dataset: wanted.dataset,
            acting_role: wanted.acting_role,
            folder,
        })
    }
}

/// Starts every process, then waits for each: they start at the same time.
async fn start_all(recipe: &Recipe, settings: &Settings) -> Result<Vec<(Service, Replica)>, StackError> {
    let numbers = settings.replicas.iter().flat_map(|(service, count)| (1..=*count).map(|number| (*service, number)));
    let mut replicas: Vec<_> =
        numbers.map(|(service, number)| (service, Replica::new(recipe, service, number))).collect();
    for (_, replica) in &mut replicas {
        replica.spawn()?;
    }
    for (_, replica) in &mut replicas {
        replica.until_ready().await?;
    }
    Ok(replicas)
}

/// The configuration, and the file that the schema service is to read.
fn read(config: &Config, folder: &Path) -> Result<(SojournYaml, PathBuf), StackError> {
    let path = match config {
        Config::File(path) => path.canonicalize().unwrap_or_else(|_| path.clone()),
        Config::Text(text) => {
            let path = folder.join("sojourn.yaml");
            std::fs::write(&path, text).map_err(StackError::file("write", &path))?;
            path
        }
    };
    let wanted = sojourn_schema::config::read(&path)?;
    Ok((wanted, path))
}
