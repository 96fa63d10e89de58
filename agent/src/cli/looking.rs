//! `sojourn-agent history` and `sojourn-agent inspect`: their arguments, and their help, which teaches.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::commands::{self, Answer, View};
use crate::error::AgentError;

pub(super) const HISTORY: &str = "\
Examples:
  sojourn-agent history                      the last sessions, newest first
  sojourn-agent history --session 3f0c       one of them, entity by entity, with the time in each stage

Of each session: when it began, how long the server prepared it, rows, deletes and batches, bytes of the batch files on
the wire and of the rows in them, parts that were fetched again, and how long the data moved. A session that is not
finished is under way, or was cut short; the next sync goes on where it stopped. A hundred are remembered.

Stages: the server reads rows from Postgres, encodes a batch file of them and stores its parts; the device fetches,
decodes and loads them. Stages overlap, so that their sum may be more than the time that passed.";

pub(super) const INSPECT: &str = "\
Examples:
  sojourn-agent inspect 1.batch                         the header, and the first ten rows
  sojourn-agent inspect 1.batch --rows 50 --offset 100  rows 100 to 149
  sojourn-agent inspect 1.batch --header --json         the header alone, for a script

Names and types of entities and attributes are those of the device in --home, if there is one that holds data; without,
values are shown as bytes: \\x and hex. Batches that wait for the end of their session are in HOME/spool.

A file that is damaged, cut or none of ours is an error that says where, and ends with 1; with --header the header of a
damaged file is shown all the same, if that is whole.";

/// What to show of sessions.
#[derive(Debug, Args)]
pub(super) struct HistoryArgs {
    /// One session in full: its id, of which the first characters are enough
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// The most sessions to show, newest first
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// What to show of a batch file.
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The batch file
    file: PathBuf,
    /// The most rows to show
    #[arg(long, default_value_t = 10, value_name = "N")]
    rows: usize,
    /// The first row to show, from 0
    #[arg(long, default_value_t = 0, value_name = "N")]
    offset: usize,
    /// Only the header
    #[arg(long, conflicts_with_all = ["rows", "offset"])]
    header: bool,
}

pub(super) fn history(HistoryArgs { session, limit }: &HistoryArgs, home: &Path) -> Result<Answer, AgentError> {
    commands::history(home, session.as_deref(), *limit as usize)
}

pub(super) fn inspect(args: &InspectArgs, home: &Path) -> Result<Answer, AgentError> {
    let view = match args.header {
        true => View::Header,
        false => View::Rows { offset: args.offset, limit: args.rows },
    };
    commands::inspect(home, &args.file, view)
}
