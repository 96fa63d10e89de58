//! `cargo stack`: everything runs until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use sojourn_runtime::CancellationToken;
use sojourn_runtime::secret::DatabaseUrl;
use sojourn_runtime::telemetry::LogFilter;
use uuid::Uuid;

use super::CommandError;
use super::report::Report;
use super::scratch::{self, Scratch};
use crate::cli::absolute;
use crate::machine::Machine;
use crate::stack::{self, Config, Database, DeviceSpec, Stack, StackPlan};
use crate::{output, samples};

/// How often the services are looked after.
const LOOK: Duration = Duration::from_secs(1);

/// What `cargo stack` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which tables go offline [default: those of the CRM sample]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Your own Postgres, as an administrator: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    ///
    /// Makes the roles sojourn_owner, sojourn_scan and sojourn_service and the schema sojourn, and sets a new password
    /// for sojourn_service. Your tables get triggers that note changes, and no other change. Without it, a Postgres of our own is started with the CRM sample.
    #[arg(long, env = "SOJOURN_ADMIN_DATABASE_URL", hide_env_values = true, value_name = "URL", requires = "config")]
    database_url: Option<DatabaseUrl>,

    /// A user who gets a device; may be repeated. Needed with a Postgres of your own; the sample has its people
    #[arg(long = "user", value_name = "UUID")]
    users: Vec<Uuid>,

    /// Keep data, keys and credentials here, so that the next start serves the same devices
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,

    /// How many rows the sample's first user shall see at least
    #[arg(long, value_name = "N", default_value_t = 6_296, value_parser = clap::value_parser!(u64).range(1_000..), conflicts_with = "database_url")]
    rows: u64,

    /// What the services log, such as debug or info,sojourn_runtime=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<LogFilter>,

    /// Print one line of JSON when everything runs
    #[arg(long)]
    json: bool,
}

/// Starts everything, says where it is, and serves until `shutdown`.
pub(crate) async fn run(machine: Machine, args: Args, shutdown: CancellationToken) -> Result<(), CommandError> {
    let json = args.json;
    let started = shutdown.run_until_cancelled(start(machine, args)).await;
    let (mut stack, scratch) = started.ok_or(CommandError::Interrupted)??;
    let report = Report::of(&stack, scratch, stack.keep_plugin_login()?);
    if json {
        output::data(&report.json());
    } else {
        output::data(&report);
    }
    let died = shutdown.run_until_cancelled(until_death(&mut stack)).await;
    stack.end().await;
    died.map_or(Ok(()), Err)
}

/// Everything, and the file with the URL of a database of our own.
async fn start(machine: Machine, args: Args) -> Result<(Stack, Option<PathBuf>), CommandError> {
    let home = args.home.as_deref().map(absolute);
    let own_config = args.config.as_deref().map(absolute).map(Config::File);
    let mut devices: Vec<DeviceSpec> = args.users.iter().map(|user| device_of(*user)).collect();
    let mut plugins = Vec::new();
    let (database, config, scratch) = match args.database_url {
        Some(url) => {
            let no_config = || CommandError::Usage("--database-url needs --config FILE".to_owned());
            (Database::Existing(url), own_config.ok_or_else(no_config)?, None)
        }
        None => {
            let Scratch { postgres, people } = scratch::start(&machine, home.as_deref(), args.rows).await?;
            if devices.is_empty() {
                devices = people;
            }
            let database = Database::Own { postgres, name: scratch::DATABASE.to_owned() };
            // The sample comes with its rules about duplicates and its plug-in.
            if own_config.is_none() {
                plugins.push(samples::crm_plugin());
            }
            let config = own_config.unwrap_or_else(|| Config::Text(samples::CRM_CONFIG_OF_DEMO.to_owned()));
            (database, config, Some(scratch::DATABASE))
        }
    };
    if devices.is_empty() && !home.as_deref().is_some_and(stack::is_home) {
        return Err(CommandError::Usage("nobody gets a device; name at least one user with --user UUID".to_owned()));
    }
    let plan = StackPlan {
        devices,
        home,
        plugins,
        log: args.log.map(|filter| filter.to_string()),
        ..StackPlan::new(machine, database, config)
    };
    let stack = Stack::start(plan, &|words| output::say(words)).await?;
    let file = scratch.map(|_| stack.keep_admin_url()).transpose()?;
    Ok((stack, file))
}

/// A device of a user of whom nothing but the id is known.
fn device_of(user_id: Uuid) -> DeviceSpec {
    DeviceSpec { user_id, name: format!("device-of-{}", &user_id.simple().to_string()[..8]) }
}

/// Returns when a process has died by itself.
async fn until_death(stack: &mut Stack) -> CommandError {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = stack.check() {
            return error.into();
        }
    }
}
