//! The arguments, and the help that teaches them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use sojourn_metadata::rules::Audience;
use sojourn_runtime::secret::DatabaseUrl;
use sojourn_runtime::telemetry::LogSettings;
use sojourn_wire::{AgentId, SubscriptionId};
use uuid::Uuid;

use crate::filters::define::{Changes, Wanted};

/// Registers what goes offline, governs subscriptions, and explains what is on a device.
///
/// It talks to Postgres alone, as its administrator: a superuser, or the owner of the database and its tables who may
/// become sojourn_owner, sojourn_scan and the acting role.
#[derive(Debug, Parser)]
#[command(name = "sojourn-admin", version, after_help = EXAMPLES)]
pub(super) struct Cli {
    /// Postgres as its administrator: postgres://USER:PASSWORD@HOST:PORT/DATABASE
    ///
    /// An argument can be seen by every user of the machine: prefer the variable.
    #[arg(long, global = true, env = "SOJOURN_ADMIN_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(super) database_url: Option<DatabaseUrl>,

    /// Answer with one JSON object on stdout, for scripts
    #[arg(long, global = true)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) log: LogSettings,

    #[command(subcommand)]
    pub(super) command: Command,
}

const EXAMPLES: &str = "\
First steps:
  sojourn-admin register --config sojourn.yaml --dry-run   see what is wrong, without changing anything
  sojourn-admin register --config sojourn.yaml             install it; then start the services

When somebody asks:
  sojourn-admin subscriptions list                         who synchronises what, and how far they are
  sojourn-admin history                                    what the last sessions moved, and how long that took
  sojourn-admin explain SUBSCRIPTION contact OBJECT_ID     why a row is on that device, or is not
  sojourn-admin filters add contact near \"city = 'Oslo'\"   what devices hold of contacts by default

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 explained, but a policy or filter could not be evaluated";

const HISTORY: &str = "\
Examples:
  sojourn-admin history                      the last sessions of every device
  sojourn-admin history --session 3f0c       one of them, entity by entity, with the time in each stage

What a session moved is known once its device has said that it is over; until then there are dashes.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check sojourn.yaml against the database, and install what Sojourn keeps there
    ///
    /// Tables get the triggers that note changes, and the indexes by which duplicate rules find rows: those that are
    /// missing are made while users write, which takes a while for large tables, and is told on stderr. Those that no
    /// rule needs any more are removed. Doing it again is harmless.
    Register(Register),
    /// Look at subscriptions, and govern them
    Subscriptions {
        #[command(subcommand)]
        command: Subscriptions,
    },
    /// Define local data groups: which of the rows that users see their devices hold
    Filters {
        #[command(subcommand)]
        command: Filters,
    },
    /// Show what sessions moved, and how long that took, as their devices said
    #[command(after_help = HISTORY)]
    History {
        /// Of this subscription alone
        #[arg(value_name = "SUBSCRIPTION")]
        subscription: Option<SubscriptionId>,
        /// One session in full: its id, of which the first characters are enough
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// The most sessions to show, newest first
        #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Say why a row is on a device, or is not
    ///
    /// Every policy and every local data group is asked by itself, as the user, about a copy of the row in a
    /// transaction that is rolled back. Ids and decisions are told, never the row's values.
    Explain {
        /// The subscription
        #[arg(value_name = "SUBSCRIPTION")]
        subscription: SubscriptionId,
        /// The entity
        #[arg(value_name = "ENTITY")]
        entity: String,
        /// The row
        #[arg(value_name = "OBJECT_ID")]
        object_id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(super) struct Register {
    /// The file that names the tables
    #[arg(long, env = "SOJOURN_CONFIG", default_value = "sojourn.yaml", value_name = "FILE")]
    pub(super) config: PathBuf,
    /// Only check: change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Give sojourn_service, the login of the services, the password on the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub(super) service_password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Subscriptions {
    /// Every subscription: its user, devices, status and rows
    List,
    /// One subscription in full: how far it is, its rows, sessions and local data groups, what its next prepare does
    Show {
        /// The subscription
        id: SubscriptionId,
    },
    /// Let it expire: what changed since its last prepare counts as unknown, and the next one evaluates everything
    Expire {
        /// The subscription
        id: SubscriptionId,
    },
    /// Refuse its devices from now on; what they have not sent stays in their queues
    Revoke {
        /// The subscription
        id: SubscriptionId,
    },
    /// Take a revocation back
    Readmit {
        /// The subscription
        id: SubscriptionId,
    },
    /// Have the next prepare evaluate everything, of every entity or of one
    Full {
        /// The subscription
        id: SubscriptionId,
        /// Of this entity alone
        #[arg(long, value_name = "ENTITY")]
        entity: Option<String>,
    },
    /// Have this device synchronise it instead of another
    Primary {
        /// The subscription
        id: SubscriptionId,
        /// The device
        client: AgentId,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Filters {
    /// Every local data group, those of sojourn.yaml and of users among them
    List {
        /// Of this entity alone
        #[arg(long, value_name = "ENTITY")]
        entity: Option<String>,
        /// The dataset, where there are several
        #[arg(long, value_name = "DATASET")]
        dataset: Option<String>,
    },
    /// Define one: for everyone, unless a role or a user is named
    Add(Add),
    /// Change one, wherever it is in force; those of sojourn.yaml are changed there
    Change(Change),
    /// Remove one
    Remove {
        /// Its id: see `filters list`
        id: Uuid,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The entity
    entity: String,
    /// Its name, unique within the entity
    name: String,
    /// A condition on the entity's attributes and those it refers to: city = 'Oslo' AND account_id.state = 1
    filter: String,
    /// For users of this role, as `in_role` of sojourn.yaml says
    #[arg(long, value_name = "ROLE", conflicts_with = "user")]
    role: Option<String>,
    /// For this user
    #[arg(long, value_name = "UUID")]
    user: Option<Uuid>,
    /// It holds whatever users define; otherwise it is a default, until they define their own
    #[arg(long)]
    enforced: bool,
    /// The dataset, where there are several
    #[arg(long, value_name = "DATASET")]
    pub(super) dataset: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    /// Its id: see `filters list`
    pub(super) id: Uuid,
    /// Another condition
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Whether it holds whatever users define
    #[arg(long, value_name = "true|false")]
    enforced: Option<bool>,
}

impl From<Add> for Wanted {
    fn from(asked: Add) -> Self {
        let audience = match (asked.role, asked.user) {
            (Some(role), _) => Audience::Role(role),
            (None, Some(user)) => Audience::User(user),
            (None, None) => Audience::Everyone,
        };
        let Add { entity, name, filter, enforced, .. } = asked;
        Self { entity, name, filter, audience, enforced }
    }
}

impl From<Change> for Changes {
    fn from(asked: Change) -> Self {
        Self { filter: asked.filter, name: asked.name, enforced: asked.enforced }
    }
}
