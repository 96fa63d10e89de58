//! Logs: text for people or JSON for machines, on stderr; stdout belongs to data.

use std::fmt;
use std::io::IsTerminal as _;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged when nobody says otherwise. The NATS client reports every event twice, once to our own handler
/// (`nats::events`), so its own lines stay out.
const DEFAULT_FILTER: &str = "info,async_nats=off,sqlx=warn";

/// What is logged and how.
#[derive(Debug, Clone, clap::Args)]
pub struct LogSettings {
    /// What is logged: a level, or levels by module such as info,sojourn_runtime=debug
    #[arg(long = "log", env = "SOJOURN_LOG", hide_env_values = true, default_value = DEFAULT_FILTER, value_name = "FILTER")]
    pub filter: LogFilter,

    /// How log lines look
    #[arg(
        long = "log-format",
        env = "SOJOURN_LOG_FORMAT",
        hide_env_values = true,
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One line for people.
    Text,
    /// One JSON object a line for machines.
    Json,
}

/// Levels by module, checked when it is parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(String);

/// Text that is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a log filter: {problem}; try info, debug, or info,sojourn_runtime=debug")]
pub struct NotALogFilter {
    /// What is wrong with it.
    pub problem: String,
}

impl LogFilter {
    fn layer(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl FromStr for LogFilter {
    type Err = NotALogFilter;

    fn from_str(text: &str) -> Result<Self, NotALogFilter> {
        EnvFilter::builder().parse(text).map_err(|error| NotALogFilter { problem: error.to_string() })?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Starts logging for the whole process. Only the first call has an effect, so that several services may live in one
/// process.
pub fn install(settings: &LogSettings) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(settings.filter.layer());
    let installed = match settings.format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if installed.is_err() {
        tracing::debug!("logging was started before; its first settings stay");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked_when_parsed() {
        assert!(DEFAULT_FILTER.parse::<LogFilter>().is_ok());
        assert!("sojourn=louder".parse::<LogFilter>().is_err());
    }

    #[test]
    fn installing_twice_is_harmless() {
        let settings = LogSettings { filter: "off".parse().expect("a filter"), format: LogFormat::Json };
        install(&settings);
        install(&settings);
    }
}
