//! The command line: what may be asked, and how answers are shown. Answers go to stdout, talk and bars to stderr.

mod errors;
mod filters;
mod invoke;
mod looking;
mod settings;
mod shown;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde::Serialize;
use sojourn_runtime::process::chain;
use sojourn_runtime::telemetry::{self, LogSettings};

use self::shown::ProgressShown;
use crate::commands::{self, Answer, OnErrors, Verification};
use crate::download;
use crate::error::AgentError;
use crate::filters::pointed_at;

/// What the process exits with when operations were refused: it worked, and somebody should look.
const REFUSED: u8 = 3;
const USAGE: u8 = 2;
const QUIET: &str = "error,async_nats=off";

/// Takes your part of a Postgres database offline, and brings your work back.
///
/// The device's rows are in HOME/sojourn.db, a plain SQLite file that any program may read and write.
#[derive(Debug, Parser)]
#[command(name = "sojourn-agent", version, after_help = EXAMPLES)]
pub struct Cli {
    /// The device's folder: its database and its credentials
    #[arg(long, global = true, env = "SOJOURN_HOME", default_value = ".sojourn", value_name = "DIR")]
    home: PathBuf,

    /// Answer with one JSON object on stdout, for scripts
    #[arg(long, global = true)]
    json: bool,

    /// Give up when the server is silent for this long; what was done until then is kept
    #[arg(long, global = true, default_value_t = download::PATIENCE.as_secs(), value_name = "SECONDS")]
    patience: u64,

    /// Show progress on stderr: as bars on a terminal, or as a line about once a second, wherever it goes
    #[arg(long, global = true, value_enum, default_value_t = ProgressShown::Auto, value_name = "HOW")]
    progress: ProgressShown,

    #[command(flatten)]
    log: LogSettings,

    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
First steps:
  sojourn-agent init --credentials laptop.json   make this folder a device
  sojourn-agent go-offline                       take your rows offline
  sqlite3 .sojourn/sojourn.db                    read and write them with anything
  sojourn-agent queue                            see what waits to be played back
  sojourn-agent go-online                        play it back, and see each verdict

When the server refused something:
  sojourn-agent errors                           what, and why
  sojourn-agent errors show 7                    all about entry 7, with the commands that settle it
  sojourn-agent sync --dry-run                   what would become of the queue; nothing is changed

When in doubt:
  sojourn-agent sync --verify                    compare every row with the server, and repair what differs
  sojourn-agent verify --no-repair               only tell what differs

What happened:
  sojourn-agent history                          what the last sessions moved, and how long each stage took
  sojourn-agent go-offline --progress lines      progress as lines, for a log

Exit codes: 0 done, 1 failed, or rows differ from the server and were not repaired, or a batch file is damaged, 2 wrong
usage, 3 done, but the server refused operations (see `errors`), or would; of `go-online` also when such from before are
not settled";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the folder a device
    Init {
        /// The file the administrator made for this device
        #[arg(long, value_name = "FILE")]
        credentials: PathBuf,
    },
    /// Play the queue back, load your rows, and work without the server from then on
    GoOffline,
    /// Play the queue back, show each verdict, load what changed, and be online
    GoOnline {
        /// What to do when operations are refused
        #[arg(long, value_enum, default_value_t = OnErrors::Ask, value_name = "CHOICE", conflicts_with = "dry_run")]
        on_errors: OnErrors,
        /// Only ask what would become of the queue; nothing is changed, neither here nor there
        #[arg(long)]
        dry_run: bool,
    },
    /// Play the queue back and load what changed, without changing the mode
    Sync {
        /// Only ask what would become of the queue; nothing is changed, neither here nor there
        #[arg(long, conflicts_with = "verify")]
        dry_run: bool,
        /// Then compare every row with the server, by digests, and load again what differs
        #[arg(long)]
        verify: bool,
        /// With --verify: only tell what differs
        #[arg(long, requires = "verify")]
        no_repair: bool,
    },
    /// Compare every row with the server, by digests, and load again what differs; unsent work is left alone
    ///
    /// Rows that differ, are missing here, or should not be here are named and sent again, and nothing else. Rows that
    /// the server changed since the last sync are named too, and come with the next one.
    Verify {
        /// Only tell what differs
        #[arg(long)]
        no_repair: bool,
    },
    /// Show the mode, the rows and the queue; needs no server
    Status,
    /// Show what was captured and what became of it; needs no server
    Queue {
        /// The most entries to show, oldest first
        #[arg(long, default_value_t = 1000, value_name = "N")]
        limit: usize,
    },
    /// See what the server refused, and settle it; needs no server
    #[command(after_help = errors::SETTLING)]
    Errors {
        #[command(subcommand)]
        command: Option<errors::ErrorsCommand>,
    },
    /// Carry out a named command of a row, at once
    #[command(after_help = invoke::INVOKE)]
    Invoke(invoke::InvokeArgs),
    /// Show what the last sessions moved, and how long that took; needs no server
    #[command(after_help = looking::HISTORY)]
    History(looking::HistoryArgs),
    /// Show the header and the rows of a batch file; needs no server and no device
    #[command(after_help = looking::INSPECT)]
    Inspect(looking::InspectArgs),
    /// See and change how the device sizes the batches its data comes in; needs no server
    #[command(after_help = settings::BATCHING)]
    Settings {
        #[command(subcommand)]
        command: Option<settings::SettingsCommand>,
    },
    /// See and change your local data groups: which of your rows this device holds
    #[command(subcommand, after_help = filters::LANGUAGE)]
    Filters(filters::FiltersCommand),
    /// Get a token for fetching your batches over HTTP, while they are on their way; an agent may be at work meanwhile
    Token,
}

/// The process: parses its arguments, does what they say, and answers.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A person at a prompt wants answers and errors; what goes on behind them is there for the asking.
    let command = Cli::command().mut_arg("filter", |filter| filter.default_value(QUIET));
    let parsed = command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    telemetry::install(&cli.log);
    let json = cli.json;
    match perform(cli) {
        Ok(answer) => {
            show(json, &answer);
            exit_code(&answer)
        }
        Err(error) => {
            fail(json, &error);
            ExitCode::FAILURE
        }
    }
}

fn exit_code(answer: &Answer) -> ExitCode {
    match (answer.differs() || answer.damaged(), answer.refused()) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(REFUSED),
        (false, false) => ExitCode::SUCCESS,
    }
}

fn perform(cli: Cli) -> Result<Answer, AgentError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|_| AgentError::Stopped("starting its threads"))?;
    let patience = Duration::from_secs(cli.patience);
    let progress = cli.progress.progress(cli.json);
    runtime.block_on(async {
        match cli.command {
            Command::Init { credentials } => commands::init(&cli.home, &credentials),
            Command::GoOffline => commands::go_offline(&cli.home, patience, progress).await,
            Command::GoOnline { dry_run: true, .. } | Command::Sync { dry_run: true, .. } => {
                commands::dry_run(&cli.home, patience, progress).await
            }
            Command::GoOnline { on_errors, .. } => {
                let on_errors = if cli.json || !errors::asks() { on_errors.unasked() } else { on_errors };
                commands::go_online(&cli.home, patience, progress, on_errors).await
            }
            Command::Sync { verify, no_repair, .. } => {
                let verification = if verify { asked(no_repair) } else { Verification::WhenDue };
                commands::sync(&cli.home, patience, progress, verification).await
            }
            Command::Verify { no_repair } => commands::verify(&cli.home, patience, progress, asked(no_repair)).await,
            Command::Status => commands::status(&cli.home),
            Command::Queue { limit } => commands::queue(&cli.home, limit),
            Command::Errors { command } => errors::perform(command, &cli.home, cli.json),
            Command::Invoke(args) => invoke::perform(args, &cli.home, patience, progress).await,
            Command::History(args) => looking::history(&args, &cli.home),
            Command::Inspect(args) => looking::inspect(&args, &cli.home),
            Command::Settings { command } => settings::perform(command, &cli.home),
            Command::Filters(command) => filters::perform(command, &cli.home, patience, progress).await,
            Command::Token => commands::token(&cli.home, patience).await,
        }
    })
}

fn asked(no_repair: bool) -> Verification {
    if no_repair { Verification::Report } else { Verification::Repair }
}

fn show(json: bool, answer: &Answer) {
    let text = if json { to_json(answer) } else { answer.to_string() };
    // Whoever closed the pipe does not want to hear.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn fail(json: bool, error: &AgentError) {
    #[derive(Serialize)]
    struct Failure {
        error: String,
        /// In a filter, in characters from 0: the first, and the one after the last.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<(u32, u32)>,
    }
    let words = chain(error);
    let wrong = error.wrong_filter();
    if json {
        let failure = Failure { error: words.clone(), place: wrong.map(|(_, place)| place) };
        let _ = writeln!(std::io::stdout(), "{}", to_json(&failure));
    }
    let _ = writeln!(std::io::stderr(), "sojourn-agent: {words}");
    if let Some((filter, place)) = wrong {
        let _ = writeln!(std::io::stderr(), "\n{}", pointed_at(filter, place));
    }
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
