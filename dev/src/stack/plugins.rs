//! The plug-ins of a stack: programs in Python, each a process that is started and ended with the services.

use std::path::PathBuf;

use sojourn_wire::Name;

use super::bus::PLUGIN_USER;
use super::error::StackError;
use super::folder::Folder;
use super::kept::Kept;
use super::plan::PluginSpec;
use super::replica::Replica;
use super::services::Recipe;
use super::start::Progress;
use crate::instances::{Launch, Output};
use crate::machine::MachineError;
use crate::tools::Python;

/// Starts every plug-in, and waits until each says that it is there.
pub(super) async fn start(
    wanted: &[PluginSpec],
    recipe: &Recipe,
    folder: &Folder,
    nats_url: &str,
    kept: &Kept,
    progress: Progress<'_>,
) -> Result<Vec<Replica>, StackError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    progress("starting the plug-ins");
    let python = Python::find_or_install(&recipe.machine.tools, progress).map_err(MachineError::from)?;
    let mut plugins = Vec::new();
    for spec in wanted {
        let name: Name = spec.name.parse()?;
        let log = folder.logs().join(format!("plugin-{name}.log"));
        let launch = Launch::new(format!("the plug-in {name}"), &python.program, Output::Log(log.clone()))
            .arguments([program(folder, &name, &spec.program)?])
            .environment("PYTHONPATH", &python.packages)
            .environment("PYTHONUNBUFFERED", "1")
            .environment("SOJOURN_NATS_URL", nats_url)
            .environment("SOJOURN_PLUGIN_USER", PLUGIN_USER)
            .environment("SOJOURN_PLUGIN_PASSWORD", &kept.plugin_password);
        let mut plugin = Replica::of_plugin(recipe, &name, launch, log);
        plugin.spawn()?;
        plugins.push(plugin);
    }
    for plugin in &mut plugins {
        plugin.until_ready().await?;
    }
    Ok(plugins)
}

/// Writes the program where Python reads it.
fn program(folder: &Folder, name: &Name, text: &str) -> Result<PathBuf, StackError> {
    let path = folder.path().join(format!("{name}.py"));
    std::fs::write(&path, text).map_err(StackError::file("write", &path))?;
    Ok(path)
}
