//! The command line: what may be asked, and how answers are shown. Answers go to stdout, talk to stderr.

mod args;

use std::ffi::OsString;
use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _};
use serde::Serialize;
use sojourn_runtime::process::{chain, discreet};
use sojourn_runtime::secret::DatabaseUrl;
use sojourn_runtime::{clock, telemetry};

use crate::connect::{connect, connect_installed};
use crate::error::AdminError;
use crate::explain::{self, Explained};
use crate::filters::define::{self, Defined};
use crate::filters::list as filters;
use crate::history;
use crate::register::{self, Registered};
use crate::subscriptions::govern::{self, Change, Governed};
use crate::subscriptions::list as subscriptions;
use crate::subscriptions::show::{self, Shown};
use args::{Cli, Command, Filters, Register, Subscriptions};

const USAGE: u8 = 2;
/// What the process exits with when it answered, but not all of it could be found out.
const PARTIAL: u8 = 3;
const QUIET: &str = "error";

/// What a command answers.
#[derive(Debug, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
enum Answer {
    Registered(Registered),
    Subscriptions(subscriptions::Listing),
    Subscription(Box<Shown>),
    Governed(Governed),
    Filters(filters::Listing),
    Filter(Defined),
    History(history::Listing),
    HistoryOfSession(Box<history::Detail>),
    Explained(Box<Explained>),
}

/// The process: parses its arguments, does what they say, and answers.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A person at a prompt wants answers and errors; what goes on behind them is there for the asking.
    let command = Cli::command().mut_arg("filter", |filter| filter.default_value(QUIET));
    let parsed = command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    let (cli, url) = match parsed.and_then(with_url) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = discreet(error);
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    telemetry::install(&cli.log);
    let json = cli.json;
    match perform(cli.command, &url) {
        Ok(answer) => {
            show_answer(json, &answer);
            ExitCode::from(if answer.is_partial() { PARTIAL } else { 0 })
        }
        Err(error) => {
            fail(json, &error);
            ExitCode::FAILURE
        }
    }
}

fn with_url(mut cli: Cli) -> Result<(Cli, DatabaseUrl), clap::Error> {
    let missing = || {
        let words = "say which database: --database-url URL, or SOJOURN_ADMIN_DATABASE_URL in the environment\n";
        Cli::command().error(ErrorKind::MissingRequiredArgument, words)
    };
    let url = cli.database_url.take().ok_or_else(missing)?;
    Ok((cli, url))
}

fn perform(command: Command, url: &DatabaseUrl) -> Result<Answer, AdminError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| AdminError::Start(error.to_string()))?;
    runtime.block_on(async {
        match command {
            Command::Register(asked) => registered(asked, url).await.map(Answer::Registered),
            Command::Subscriptions { command } => of_subscriptions(command, url).await,
            Command::Filters { command } => of_filters(command, url).await,
            Command::History { subscription, session, limit } => {
                let (pool, subscription) = (connect_installed(url).await?, subscription.as_ref());
                match session {
                    None => history::list(&pool, subscription, limit).await.map(Answer::History),
                    Some(id) => {
                        let detail = history::detail(&pool, subscription, &id).await?;
                        Ok(Answer::HistoryOfSession(Box::new(detail)))
                    }
                }
            }
            Command::Explain { subscription, entity, object_id } => {
                let pool = connect_installed(url).await?;
                let explained = explain::explain(&pool, &subscription, &entity, object_id).await?;
                Ok(Answer::Explained(Box::new(explained)))
            }
        }
    })
}

async fn registered(asked: Register, url: &DatabaseUrl) -> Result<Registered, AdminError> {
    let wanted = sojourn_schema::config::read(&asked.config)?;
    let password = asked.service_password_file.as_deref().map(register::password_in).transpose()?;
    let progress = |doing: &str| drop(writeln!(std::io::stderr(), "{doing} …"));
    register::register(&connect(url).await?, &wanted, password.as_deref(), asked.dry_run, &progress).await
}

async fn of_subscriptions(command: Subscriptions, url: &DatabaseUrl) -> Result<Answer, AdminError> {
    let pool = connect_installed(url).await?;
    let governed = match command {
        Subscriptions::List => return Ok(Answer::Subscriptions(subscriptions::list(&pool).await?)),
        Subscriptions::Show { id } => return Ok(Answer::Subscription(Box::new(show::show(&pool, &id).await?))),
        Subscriptions::Expire { id } => govern::change(&pool, &id, Change::Expire).await,
        Subscriptions::Revoke { id } => govern::change(&pool, &id, Change::Revoke).await,
        Subscriptions::Readmit { id } => govern::change(&pool, &id, Change::Readmit).await,
        Subscriptions::Full { id, entity } => govern::full(&pool, &id, entity.as_deref()).await,
        Subscriptions::Primary { id, client } => govern::primary(&pool, &id, &client).await,
    };
    governed.map(Answer::Governed)
}

async fn of_filters(command: Filters, url: &DatabaseUrl) -> Result<Answer, AdminError> {
    let pool = connect_installed(url).await?;
    let defined = match command {
        Filters::List { entity, dataset } => {
            return Ok(Answer::Filters(filters::list(&pool, dataset.as_deref(), entity.as_deref()).await?));
        }
        Filters::Add(asked) => {
            let dataset = asked.dataset.clone();
            define::add(&pool, dataset.as_deref(), clock::fresh_id(), &asked.into()).await
        }
        Filters::Change(asked) => define::change(&pool, asked.id, &asked.into()).await,
        Filters::Remove { id } => define::remove(&pool, id).await,
    };
    defined.map(Answer::Filter)
}

impl Answer {
    /// Whether not all of it could be found out.
    fn is_partial(&self) -> bool {
        matches!(self, Self::Explained(explained) if explained.is_partial())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered(registered) => registered.fmt(f),
            Self::Subscriptions(listing) => listing.fmt(f),
            Self::Subscription(shown) => shown.fmt(f),
            Self::Governed(governed) => governed.fmt(f),
            Self::Filters(listing) => listing.fmt(f),
            Self::Filter(defined) => defined.fmt(f),
            Self::History(listing) => listing.fmt(f),
            Self::HistoryOfSession(detail) => detail.fmt(f),
            Self::Explained(explained) => explained.fmt(f),
        }
    }
}

fn show_answer(json: bool, answer: &Answer) {
    let text = if json { to_json(answer) } else { answer.to_string() };
    // Whoever closed the pipe does not want to hear.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn fail(json: bool, error: &AdminError) {
    let words = chain(error);
    if json {
        let _ = writeln!(std::io::stdout(), "{}", to_json(&serde_json::json!({ "error": words })));
    }
    let _ = writeln!(std::io::stderr(), "sojourn-admin: {words}");
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(args: &[&str]) -> String {
        format!("{:?}", run(["sojourn-admin"].iter().chain(args).map(OsString::from)))
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn wrong_usage_is_told_apart() {
        let usage = format!("{:?}", ExitCode::from(USAGE));
        assert_eq!(exit(&["--help"]), format!("{:?}", ExitCode::SUCCESS));
        let url = ["--database-url", "postgres://a@127.0.0.1:1/b"];
        for args in [&["subscriptions"][..], &["explain", "s1", "contact"], &["filters", "remove", "x"]] {
            assert_eq!(exit(&[&url, args].concat()), usage, "{args:?}");
        }
        let both = ["filters", "add", "contact", "n", "true", "--role", "r", "--user", "x"];
        assert_eq!(exit(&[&url[..], &both].concat()), usage);
        assert_eq!(exit(&["subscriptions", "list", "--database-url", "mysql://a:hunter2@b/c"]), usage);
    }
}
