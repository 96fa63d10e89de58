//! The settings of this service: the only place that reads them.

use sojourn_runtime::settings::ServiceSettings;
use sojourn_runtime::telemetry::LogSettings;

/// Decides what each device holds: PrepareSync and PostSync.
///
/// Start as many as the load needs; they share the queues.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "sojourn-prepare", version)]
pub struct Config {
    /// What every service needs to know.
    #[command(flatten)]
    pub service: ServiceSettings,

    /// How many requests are worked on at once; each takes a connection to Postgres
    #[arg(long, env = "SOJOURN_PREPARE_CONCURRENCY", default_value_t = 4, value_name = "N")]
    pub concurrency: u16,
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}
