//! The settings of this service: the only place that reads them.

use std::time::Duration;

use sojourn_runtime::settings::ServiceSettings;
use sojourn_runtime::telemetry::LogSettings;

use crate::db::Limits;

/// Plays back what users did offline, as the user, and gives every operation its verdict.
///
/// Start as many as the load needs; they share the queue, and order is kept in Postgres.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "sojourn-replay", version)]
pub struct Config {
    /// What every service needs to know.
    #[command(flatten)]
    pub service: ServiceSettings,

    /// How many chunks of different subscriptions are played back at once; each takes a connection to Postgres
    #[arg(long, env = "SOJOURN_REPLAY_CONCURRENCY", default_value_t = 4, value_name = "N")]
    pub concurrency: u16,

    /// How many days verdicts are kept after the operations are done or settled
    #[arg(long, env = "SOJOURN_REPLAY_RETENTION_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub retention_days: u32,
    /// How long one operation may take, in seconds; longer, and it is rejected
    #[arg(long, env = "SOJOURN_REPLAY_STATEMENT_TIMEOUT", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub statement_timeout: u32,

    /// How long one operation waits for a row that somebody else is changing, in seconds; longer, and it is tried later
    #[arg(long, env = "SOJOURN_REPLAY_LOCK_TIMEOUT", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub lock_timeout: u32,
}

impl Config {
    /// What one operation may take. Waiting for somebody else is never taken for the operation's own slowness.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let statement = Duration::from_secs(self.statement_timeout.into());
        Limits { statement, lock: Duration::from_secs(self.lock_timeout.into()).min(statement / 2) }
    }
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        Config::command().debug_assert();
    }
}
