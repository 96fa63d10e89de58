//! `cargo demo`: one device goes offline, works, comes back, settles what was refused, and is compared with the server.

mod edits;
mod settling;
mod summary;

use sojourn_runtime::{CancellationToken, clock};
use sojourn_wire::message::operation::VerdictKind;
use sqlx::PgPool;
use tempfile::TempDir;
use uuid::Uuid;

use self::edits::{Edits, Rows};
use self::settling::settle;
use self::summary::{Summary, played_back};
use super::CommandError;
use super::scratch::{self, Scratch};
use crate::agent::Agent;
use crate::machine::Machine;
use crate::stack::{Config, Database, Stack, StackPlan};
use crate::{oracle, output, samples};

/// What `cargo demo` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End when it is done; else everything stays until Ctrl-C
    #[arg(long)]
    once: bool,

    /// How many rows the user shall see at least
    #[arg(long, value_name = "N", default_value_t = 6_296, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: u64,

    /// Print one JSON object, on stdout; talk goes to stderr
    #[arg(long)]
    pub(crate) json: bool,
}

/// A stack with one device.
struct Demo {
    // The stack is dropped first: it uses the machine's folders.
    stack: Stack,
    agent: Agent,
    _home: TempDir,
}

/// Shows it all, and fails if anything is not as it should be.
pub(crate) async fn run(machine: Machine, args: Args, shutdown: CancellationToken) -> Result<(), CommandError> {
    let shown = shutdown.run_until_cancelled(show(&machine, &args)).await;
    let (demo, mut summary) = shown.ok_or(CommandError::Interrupted)??;
    if args.once {
        summary.unexpected.extend(demo.stack.stop().await.err().map(|error| error.to_string()));
        return tell(&summary, args.json);
    }
    let told = tell(&summary, args.json);
    if told.is_ok() {
        output::say(&edits::invitation(&demo.agent.database(), demo.agent.home()));
        shutdown.cancelled().await;
    }
    demo.stack.end().await;
    told
}

fn tell(summary: &Summary, json: bool) -> Result<(), CommandError> {
    if json {
        output::data(&summary.json());
    } else {
        output::data(summary);
    }
    if summary.unexpected.is_empty() { Ok(()) } else { Err(CommandError::Unexpected(summary.unexpected.clone())) }
}

async fn show(machine: &Machine, args: &Args) -> Result<(Demo, Summary), CommandError> {
    let Scratch { postgres, people } = scratch::start(machine, None, args.rows).await?;
    let database = Database::Own { postgres, name: scratch::DATABASE.to_owned() };
    let config = Config::Text(samples::CRM_CONFIG_OF_DEMO.to_owned());
    let first = people.into_iter().take(1).collect();
    let plan = StackPlan { devices: first, ..StackPlan::new(machine.clone(), database, config) };
    let plan = plan.plugin(samples::crm_plugin());
    let stack = Stack::start(plan, &|words| output::say(words)).await?;
    let home = machine.reaper.folder("demo").map_err(crate::machine::MachineError::from)?;
    let agent = Agent::new(machine, home.path().join("device"));
    let summary = travel(&stack, &agent, args.rows).await?;
    Ok((Demo { stack, agent, _home: home }, summary))
}

/// There and back.
async fn travel(stack: &Stack, agent: &Agent, rows: u64) -> Result<Summary, CommandError> {
    let device = stack.devices().first().ok_or_else(|| CommandError::Usage("the sample has no people".to_owned()))?;
    let mut summary = Summary::default();
    output::say(&format!("going offline: the rows of {} move to the device", device.name));
    agent.init(&device.credentials).await?;
    let offline = agent.ask(&["go-offline"]).await?;
    summary.went_offline(&offline, rows);
    output::say(&summary.arrival());

    output::say("\nworking offline, as any program with SQLite would:");
    let edits = Edits::new(&rows_of(stack.admin_pool(), device.user_id).await?);
    for edit in edits.list() {
        output::say(&format!("  {}", edit.what));
    }
    edits.make(&agent.database())?;

    meanwhile(stack.admin_pool(), &edits).await?;

    output::say("\ngoing online: what was done offline is played back");
    let online = agent.ask(&["go-online"]).await?;
    let expected = edits.list().iter().flat_map(|edit| edit.expected.iter().copied());
    summary.came_online(&online, played_back(&online, &edits), expected.map(VerdictKind::word));
    output::say(&summary.verdict_table());

    output::say("\nsettling what was refused, with `sojourn-agent errors`, and going online again:");
    summary.settled(settle(agent, &edits).await?);
    output::say(&summary.settled_table());
    output::say(&summary.settled_outcomes());

    output::say("\ncomparing the device with what its user may see on the server");
    let report = oracle::compare_device(stack.admin_pool(), &agent.database()).await?;
    output::say(&report);
    summary.compared(&report);
    Ok(summary)
}

/// What a colleague does while the device is offline.
async fn meanwhile(admin: &PgPool, edits: &Edits) -> Result<(), CommandError> {
    let doing = || sojourn_platform::PlatformError::doing("changing rows as a colleague");
    for (statement, row) in edits.list().iter().filter_map(|edit| edit.meanwhile) {
        sqlx::query(statement).bind(row).execute(admin).await.map_err(doing())?;
    }
    Ok(())
}

/// The rows that the edits of this user are about.
async fn rows_of(admin: &PgPool, user: Uuid) -> Result<Rows, CommandError> {
    let asking = "SELECT id FROM crm.contact WHERE owner_id = $1 AND email IS NOT NULL ORDER BY id LIMIT 3";
    let doing = sojourn_platform::PlatformError::doing("looking for the user's contacts");
    let contacts: Vec<Uuid> = sqlx::query_scalar(asking).bind(user).fetch_all(admin).await.map_err(doing)?;
    let few = |_| CommandError::Usage("the user has fewer than 3 contacts; ask for more --rows".to_owned());
    let (contacts, shared) = (contacts.try_into().map_err(few)?, shared_for_reading(admin, user).await?);
    Ok(Rows { user, contacts, shared, fresh: clock::fresh_id() })
}

/// A colleague's contact that the user may read and not write.
async fn shared_for_reading(admin: &PgPool, user: Uuid) -> Result<Uuid, CommandError> {
    let asking = "SELECT s.object_id FROM crm.share s WHERE s.principal_id = $1 AND s.object_type_code = 2
                     AND NOT s.may_write ORDER BY s.object_id LIMIT 1";
    let doing = sojourn_platform::PlatformError::doing("looking for a contact that was shared");
    Ok(sqlx::query_scalar(asking).bind(user).fetch_one(admin).await.map_err(doing)?)
}
