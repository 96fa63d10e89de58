//! `sojourn-agent errors`: its arguments, and its help, which teaches.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};
use dialoguer::Confirm;
use serde_json::Value;
use uuid::Uuid;

use crate::commands::{self, Answer, ErrorsProblem};
use crate::error::AgentError;
use crate::store::Settlement;

pub(super) const SETTLING: &str = "\
Examples:
  sojourn-agent errors                                  what was refused, and why
  sojourn-agent errors show 7                           all about entry 7, with the commands that fit
  sojourn-agent errors fix 7 --set email=ada@b.example  another value, and again
  sojourn-agent errors keep-mine 7                      of a conflict: your values count
  sojourn-agent errors discard 7                        give it up
  sojourn-agent errors export refused.csv               hand everything over to somebody who can help

Verdicts: rejected (a rule of the server says no), conflict (both sides changed the same), duplicate (it looks like a row
that is there), parked (it waits for another to be settled), cancelled (another operation of its group was refused).
What you wrote stays on the device until you settle it. Then `sync` or `go-online` sends it; what waited for it follows by
itself. What settles one member of a group settles the group.";

/// What may be asked of the error centre.
#[derive(Debug, Subcommand)]
pub(super) enum ErrorsCommand {
    /// Show what was refused
    List,
    /// Show everything about one entry, and the commands that settle it
    Show {
        /// Its number
        number: u64,
    },
    /// Send it again with other values
    #[command(group(ArgGroup::new("values").required(true).multiple(true).args(["set", "unset"])))]
    #[command(after_help = "Example:\n  sojourn-agent errors fix 7 --set probability=90 --unset est_close")]
    Fix {
        /// Its number
        number: u64,
        /// An attribute and its new value: a single JSON value, or else text; `attribute=` is empty text; bytes are
        /// {"base64":"…"}
        #[arg(long, value_name = "ATTRIBUTE=VALUE", value_parser = commands::assignment)]
        set: Vec<(String, Value)>,
        /// An attribute that shall have no value
        #[arg(long, value_name = "ATTRIBUTE")]
        unset: Vec<String>,
    },
    /// Send it again as it is
    Retry(Which),
    /// Of a conflict: what you wrote counts
    KeepMine {
        /// Its number
        number: u64,
    },
    /// Of a conflict: what the server has counts; the rest of it is sent
    TakeTheirs {
        /// Its number
        number: u64,
    },
    /// Of a duplicate: both rows are wanted
    CreateAnyway {
        /// Its number
        number: u64,
    },
    /// Of a duplicate: the row that is there takes the place of the new one, in everything that refers to it
    UseExisting {
        /// Its number
        number: u64,
        /// Which row, where there are several
        #[arg(long, value_name = "ID")]
        candidate: Option<Uuid>,
    },
    /// Give it up; its row becomes what the server has
    Discard {
        #[command(flatten)]
        which: Which,
        /// With --all: do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Write everything that was refused to a file: JSON or CSV, as its name ends in .json or .csv
    Export {
        /// The file; bytes of binary values go to files beside it
        file: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
    },
}

/// One entry, or all.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["number", "all"])))]
pub(super) struct Which {
    /// Its number
    number: Option<u64>,
    /// Everything that is refused
    #[arg(long)]
    all: bool,
}

pub(super) fn perform(command: Option<ErrorsCommand>, home: &Path, json: bool) -> Result<Answer, AgentError> {
    let settle = |number, settlement: Settlement| commands::settle(home, number, &settlement);
    match command {
        None | Some(ErrorsCommand::List) => commands::errors(home),
        Some(ErrorsCommand::Show { number }) => commands::error(home, number),
        Some(ErrorsCommand::Fix { number, set, unset }) => {
            settle(number, Settlement::Fix(commands::values(set, unset)?))
        }
        Some(ErrorsCommand::Retry(Which { number: Some(number), .. })) => settle(number, Settlement::Retry),
        Some(ErrorsCommand::Retry(Which { number: None, .. })) => commands::retry_all(home),
        Some(ErrorsCommand::KeepMine { number }) => settle(number, Settlement::KeepMine),
        Some(ErrorsCommand::TakeTheirs { number }) => settle(number, Settlement::TakeTheirs),
        Some(ErrorsCommand::CreateAnyway { number }) => settle(number, Settlement::CreateAnyway),
        Some(ErrorsCommand::UseExisting { number, candidate }) => settle(number, Settlement::UseExisting(candidate)),
        Some(ErrorsCommand::Discard { which: Which { number: Some(number), .. }, .. }) => {
            settle(number, Settlement::Discard)
        }
        Some(ErrorsCommand::Discard { which: Which { number: None, .. }, yes }) => {
            if !yes {
                confirm(commands::discarding_all(home)?, json)?;
            }
            commands::discard_all(home)
        }
        Some(ErrorsCommand::Export { file, force }) => commands::export(home, &file, force),
    }
}

fn confirm(what: String, json: bool) -> Result<(), ErrorsProblem> {
    if json || !asks() {
        return Err(ErrorsProblem::Unsure { what });
    }
    let question = format!("{what} cannot be undone. Go on?");
    match Confirm::new().with_prompt(question).default(false).interact()? {
        true => Ok(()),
        false => Err(ErrorsProblem::Declined),
    }
}

/// Whether somebody is there to be asked.
pub(super) fn asks() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
