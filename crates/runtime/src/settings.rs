//! The settings that every service shares, read once by clap from arguments and the environment.
//!
//! A service flattens [`ServiceSettings`] into its own `Config`. Secrets hide from help, logs and `Debug`.

use crate::secret::{DatabaseUrl, NkeySeed};
use crate::telemetry::LogSettings;

/// What every service needs to know.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceSettings {
    /// Postgres as the service's role: postgres://sojourn_service:PASSWORD@HOST:PORT/DATABASE
    ///
    /// The role must be able to set the acting role, and must own nothing.
    #[arg(long, env = "SOJOURN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: DatabaseUrl,

    /// NATS: nats://HOST:PORT, several servers of one cluster separated by commas
    #[arg(
        long,
        env = "SOJOURN_NATS_URL",
        hide_env_values = true,
        default_value = "nats://127.0.0.1:4222",
        value_name = "URL"
    )]
    pub nats_url: String,

    /// The service's nkey seed, or @FILE to read it from a file
    ///
    /// An argument can be seen by every user of the machine: prefer the variable or a file.
    #[arg(long, env = "SOJOURN_NATS_SEED", hide_env_values = true, value_name = "SEED|@FILE")]
    pub nats_seed: NkeySeed,

    /// What is logged and how.
    #[command(flatten)]
    pub log: LogSettings,
}

impl AsRef<LogSettings> for ServiceSettings {
    fn as_ref(&self) -> &LogSettings {
        &self.log
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    /// A service for tests.
    #[derive(Debug, Parser)]
    #[command(name = "sojourn-test")]
    struct Config {
        #[command(flatten)]
        service: ServiceSettings,
    }

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(["sojourn-test"].iter().chain(args))
    }

    #[test]
    fn debug_never_shows_a_secret() {
        let seed = nkeys::KeyPair::new_user().seed().expect("a fresh pair has a seed");
        let url = "postgres://me:hunter2@localhost/crm";
        let config = parse(&["--database-url", url, "--nats-seed", &seed]).expect("complete");
        let shown = format!("{config:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(&seed), "{shown}");
        assert_eq!(config.service.nats_url, "nats://127.0.0.1:4222");
    }

    #[test]
    fn a_wrong_seed_says_what_is_expected() {
        let error = parse(&["--database-url", "postgres://localhost/crm", "--nats-seed", "@/nowhere"])
            .expect_err("refused")
            .to_string();
        assert!(error.contains("cannot read the nkey seed from /nowhere"), "{error}");
    }

    #[test]
    fn help_is_as_reviewed() {
        let help = Config::command().term_width(100).render_help().to_string();
        insta::assert_snapshot!(help);
    }
}
