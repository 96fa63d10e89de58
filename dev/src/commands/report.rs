//! What a running stack tells those who want to use it: as one line of JSON, or in words with the next commands.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use uuid::Uuid;

use crate::stack::Stack;

/// Where everything is.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    nats_url: String,
    /// Where batches are served over HTTP.
    http_url: String,
    /// Without its password.
    database_url: String,
    /// A file with the URL and its password, if the database is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_url_file: Option<PathBuf>,
    credentials_dir: PathBuf,
    /// A file with what a plug-in needs to log in, as variables of its environment.
    plugin_env: PathBuf,
    logs: PathBuf,
    devices: Vec<DeviceReport>,
    /// Process ids.
    services: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Serialize)]
struct DeviceReport {
    user_id: Uuid,
    name: String,
    agent: String,
    subscription: String,
    credentials: PathBuf,
}

impl Report {
    /// What there is to tell of a stack.
    pub(crate) fn of(stack: &Stack, database_url_file: Option<PathBuf>, plugin_env: PathBuf) -> Report {
        let devices = stack.devices().iter().map(|device| DeviceReport {
            user_id: device.user_id,
            name: device.name.clone(),
            agent: device.agent.to_string(),
            subscription: device.subscription.to_string(),
            credentials: device.credentials.clone(),
        });
        let pids = stack.replicas().filter_map(|(service, replica)| Some((service.name(), replica.pid()?)));
        Report {
            nats_url: stack.nats_url(),
            http_url: stack.http_url(),
            database_url: stack.shown_database_url(),
            database_url_file,
            credentials_dir: stack.credentials_dir(),
            plugin_env,
            logs: stack.logs_dir(),
            devices: devices.collect(),
            services: pids.collect(),
        }
    }

    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        // Plain data with string keys.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nEverything runs.\n")?;
        writeln!(f, "  NATS      {}", self.nats_url)?;
        writeln!(f, "  HTTP      {}", self.http_url)?;
        writeln!(f, "  Database  {}", self.database_url)?;
        if let Some(file) = &self.database_url_file {
            writeln!(f, "            psql \"$(cat {})\"", file.display())?;
        }
        writeln!(f, "  Logs      {}", self.logs.display())?;
        writeln!(f, "  Plug-ins  log in with what is in {}", self.plugin_env.display())?;
        writeln!(f, "\nDevices, each with the file that lets it in:\n")?;
        for device in &self.devices {
            writeln!(f, "  {} (user {})\n      {}", device.name, device.user_id, device.credentials.display())?;
        }
        if let Some(first) = self.devices.first() {
            let credentials = first.credentials.display();
            writeln!(f, "\nNext, in another terminal:\n")?;
            writeln!(f, "  cargo agent init --home ./device --credentials {credentials}")?;
            writeln!(f, "  cargo agent go-offline --home ./device")?;
        }
        write!(f, "\nCtrl-C ends everything.")
    }
}
