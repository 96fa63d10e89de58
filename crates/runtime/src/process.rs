//! A service's `main` in one breath: parse, observe, build, run, drain.
//!
//! ```no_run
//! use std::process::ExitCode;
//! # use sojourn_runtime::{CancellationToken, nats::NatsError, settings::ServiceSettings, telemetry::LogSettings};
//! # #[derive(clap::Parser)] struct Config { #[command(flatten)] service: ServiceSettings }
//! # impl AsRef<LogSettings> for Config { fn as_ref(&self) -> &LogSettings { &self.service.log } }
//! # async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), NatsError> { Ok(()) }
//!
//! fn main() -> ExitCode {
//!     sojourn_runtime::process::run("sojourn-prepare", std::env::args_os(), serve)
//! }
//! ```

use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use tokio_util::sync::CancellationToken;

use crate::telemetry::{self, LogSettings};

/// What a process exits with when it was asked something it does not understand.
const USAGE: u8 = 2;
/// Arguments whose values are not repeated in errors.
const SECRET_ARGUMENTS: [&str; 2] = ["--database-url", "--nats-seed"];
/// Threads of a service: it waits for Postgres and NATS most of the time.
const WORKERS: usize = 2;
/// How long left-over blocking work may take at the end.
const DRAIN: Duration = Duration::from_secs(2);

/// Runs a process from its arguments to its exit code: 0 for a clean end, 1 for a failure, 2 for wrong usage.
///
/// `args` begin with the program's name, as [`std::env::args_os`] gives them; a program of several commands hands in
/// what belongs to this one. `serve` gets the parsed configuration and a token that is cancelled by Ctrl-C or SIGTERM;
/// a second signal ends the process at once. An error is told once, with its causes, on stderr.
pub fn run<C, F, Fut, E>(name: &'static str, args: impl IntoIterator<Item = OsString>, serve: F) -> ExitCode
where
    C: clap::Parser + AsRef<LogSettings>,
    F: FnOnce(C, CancellationToken) -> Fut,
    Fut: Future<Output = Result<(), E>>,
    E: Error,
{
    let config = match C::try_parse_from(args) {
        Ok(config) => config,
        Err(error) => {
            let error = discreet(error);
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    telemetry::install(config.as_ref());
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(name, &error),
    };
    let ended = runtime.block_on(async {
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(name, shutdown.clone()));
        serve(config, shutdown).await
    });
    runtime.shutdown_timeout(DRAIN);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(name, &error),
    }
}

/// The error without the value of an argument that holds a secret.
#[must_use]
pub fn discreet(mut error: clap::Error) -> clap::Error {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    if SECRET_ARGUMENTS.iter().any(|secret| argument.starts_with(secret)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("(hidden)".to_owned()));
    }
    error
}

async fn cancel_on_signal(name: &'static str, shutdown: CancellationToken) {
    signal().await;
    tracing::info!("{name} is asked to stop");
    shutdown.cancel();
    signal().await;
    tracing::warn!("{name} is asked to stop again, and stops at once");
    std::process::exit(1);
}

/// Returns at Ctrl-C or SIGTERM. Where the system gives no signals it never does.
pub async fn signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupt => {}
        () = terminate() => {}
    }
}

#[cfg(unix)]
async fn terminate() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminate() {
    std::future::pending().await
}

/// Tells an error and its causes once, on stderr.
#[expect(clippy::print_stderr, reason = "the last word of a process goes to its user, whatever the log filter")]
fn failed(name: &str, error: &dyn Error) -> ExitCode {
    eprintln!("{name}: {}", chain(error));
    ExitCode::FAILURE
}

/// An error and its causes in one line, each said once.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Config {
        #[command(flatten)]
        log: LogSettings,
        #[arg(long)]
        fail: bool,
    }

    impl AsRef<LogSettings> for Config {
        fn as_ref(&self) -> &LogSettings {
            &self.log
        }
    }

    async fn serve(config: Config, _shutdown: CancellationToken) -> Result<(), std::io::Error> {
        if config.fail { Err(std::io::Error::other("it broke")) } else { Ok(()) }
    }

    fn exit(args: &[&str]) -> String {
        let args = ["test", "--log", "off"].iter().chain(args).map(OsString::from);
        format!("{:?}", run::<Config, _, _, _>("test", args, serve))
    }

    #[test]
    fn exit_codes_tell_success_failure_and_usage_apart() {
        assert_eq!(exit(&[]), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(exit(&["--fail"]), format!("{:?}", ExitCode::FAILURE));
        assert_eq!(exit(&["--no-such-flag"]), format!("{:?}", ExitCode::from(2)));
        assert_eq!(exit(&["--help"]), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot start")]
        struct Outer(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("cannot start: {0}")]
        struct Repeats(#[source] std::io::Error);
        let cause = || std::io::Error::other("port in use");
        assert_eq!(chain(&Outer(cause())), "cannot start: port in use");
        assert_eq!(chain(&Repeats(cause())), "cannot start: port in use");
    }
}
