//! The settings of this service: the only place that reads them, and the file they name.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sojourn_metadata::Config as SojournYaml;
use sojourn_runtime::settings::ServiceSettings;
use sojourn_runtime::telemetry::LogSettings;

use crate::error::SchemaError;

/// Owns the metadata: publishes what sojourn.yaml and the database say about the tables that go offline.
///
/// It refuses to start, and changes nothing, when they do not go together.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "sojourn-schema", version)]
pub struct Config {
    /// What every service needs to know.
    #[command(flatten)]
    pub service: ServiceSettings,

    /// The file that names the tables
    #[arg(long, env = "SOJOURN_CONFIG", default_value = "sojourn.yaml", value_name = "FILE")]
    pub config: PathBuf,

    /// Seconds between two looks at policies, privileges and tables
    #[arg(long, env = "SOJOURN_WATCH_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub watch_seconds: u32,
}

impl Config {
    /// How often the catalog is looked at.
    #[must_use]
    pub fn watch_every(&self) -> Duration {
        Duration::from_secs(self.watch_seconds.into())
    }
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}

/// Reads the file that names the tables.
///
/// # Errors
/// [`SchemaError::File`] when it cannot be read, [`SchemaError::Config`] when it is wrong.
pub fn read(path: &Path) -> Result<SojournYaml, SchemaError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| SchemaError::File { path: path.display().to_string(), problem: error.to_string() })?;
    Ok(SojournYaml::parse(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named_with_the_way_to_name_another() {
        let error = read(Path::new("/nowhere/sojourn.yaml")).expect_err("it is not there").to_string();
        assert!(error.contains("/nowhere/sojourn.yaml") && error.contains("--config"), "{error}");
    }
}
