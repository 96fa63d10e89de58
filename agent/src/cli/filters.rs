//! `sojourn-agent filters`: its arguments, and its help, which teaches the language.

use std::path::Path;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};

use crate::commands::{self, Answer, Extent};
use crate::error::AgentError;
use crate::filters::{Named, Wish};
use crate::progress::Progress;

/// The language of filters, in short.
pub(super) const LANGUAGE: &str = "\
A filter is a condition on one entity's attributes, as in the WHERE of SQL:
  city = 'Oslo' AND birth_date IS NOT NULL       =, <>, <, <=, >, >=, IS NULL, joined by AND, OR, NOT and (...)
  stage IN ('propose', 'negotiate')              one of several values
  last_name LIKE 'A%' OR satisfaction BETWEEN 4 AND 5
                                                 patterns (also ILIKE) and ranges
  account_id.industry = 'energy'                 attributes of the row that an attribute refers to, link by link
  owner_id = current_user_id() AND modified_on > now() - interval '90 days'
                                                 you, and the clock: rows come and go as time passes
Functions: lower, upper, trim, char_length, coalesce. Put the whole filter in double quotes for your shell.

A row that you may see is on the device when one of your groups of its entity lets it through; what your
administrator enforces holds besides, and defaults hold until you have a group. Filters only narrow what you may see.
Rows that leave are not deleted on the server, and what you have not sent of them stays in the queue.";

/// What may be asked about local data groups.
#[derive(Debug, Subcommand)]
pub(super) enum FiltersCommand {
    /// Show the local data groups in force, your administrator's and yours
    List,
    /// Define a local data group: of its entity, only rows of your groups stay on the device
    #[command(after_long_help = LANGUAGE)]
    Add {
        /// The entity that it filters
        entity: String,
        /// A name for it
        name: String,
        /// The condition, in quotes
        filter: String,
        #[command(flatten)]
        how: How,
    },
    /// Give one of your local data groups another filter, or another name
    #[command(after_long_help = LANGUAGE)]
    #[command(group(ArgGroup::new("new").required(true).multiple(true).args(["name", "filter"])))]
    Change {
        #[command(flatten)]
        which: Which,
        /// Its new name
        #[arg(long)]
        name: Option<String>,
        /// Its new filter, in quotes
        #[arg(long)]
        filter: Option<String>,
        #[command(flatten)]
        how: How,
    },
    /// Remove one of your local data groups
    Remove {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        how: How,
    },
    /// Tell how many rows and bytes a filter would bring and take away, and what it costs; stores nothing
    #[command(after_long_help = LANGUAGE)]
    Preview {
        /// The entity that it filters
        entity: String,
        /// The condition, in quotes
        filter: String,
        /// In place of this one of your groups, instead of beside them
        #[arg(long, value_name = "NAME-OR-ID")]
        replacing: Option<String>,
    },
}

/// How far a change goes.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct How {
    /// Only tell what would move; store nothing
    #[arg(long)]
    preview: bool,
    /// Sync at once
    #[arg(long, conflicts_with = "preview")]
    sync: bool,
}

/// Which group is meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Its name, or its id, of which the first characters are enough
    #[arg(value_name = "NAME-OR-ID")]
    group: String,
    /// Its entity, where groups of several have the name
    #[arg(long)]
    entity: Option<String>,
}

impl From<How> for Extent {
    fn from(how: How) -> Self {
        match how {
            How { preview: true, .. } => Self::Preview,
            How { sync: true, .. } => Self::Sync,
            How { .. } => Self::Store,
        }
    }
}

impl From<Which> for Named {
    fn from(Which { group, entity }: Which) -> Self {
        Self { group, entity }
    }
}

pub(super) async fn perform(
    command: FiltersCommand,
    home: &Path,
    patience: Duration,
    progress: Progress,
) -> Result<Answer, AgentError> {
    let (wish, extent) = match command {
        FiltersCommand::List => return commands::filters_list(home, patience, progress).await,
        FiltersCommand::Add { entity, name, filter, how } => (Wish::Add { entity, name, filter }, how.into()),
        FiltersCommand::Change { which, name, filter, how } => {
            (Wish::Change { group: which.into(), name, filter }, how.into())
        }
        FiltersCommand::Remove { which, how } => (Wish::Remove { group: which.into() }, how.into()),
        FiltersCommand::Preview { entity, filter, replacing } => {
            (Wish::Try { entity, filter, replacing }, Extent::Preview)
        }
    };
    commands::filters_change(home, patience, progress, wish, extent).await
}
