//! The settings of this service: the only place that reads them.

use std::time::Duration;

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

    /// Days a subscription may be silent before what changed meanwhile is forgotten: it then evaluates everything
    #[arg(long, env = "SOJOURN_RETENTION_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub retention_days: u32,

    /// Seconds between two clean-ups of expired subscriptions and of changes that everybody has seen
    #[arg(long, env = "SOJOURN_CLEAN_UP_SECONDS", default_value_t = 300, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub clean_up_seconds: u32,
}

impl Config {
    /// How long a subscription may be silent.
    #[must_use]
    pub fn retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.retention_days) * 24 * 3600)
    }

    /// How often is cleaned up.
    #[must_use]
    pub fn clean_up_every(&self) -> Duration {
        Duration::from_secs(self.clean_up_seconds.into())
    }
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}
