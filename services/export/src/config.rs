//! The settings of this service: the only place that reads them.

use std::net::SocketAddr;
use std::time::Duration;

use sojourn_runtime::settings::ServiceSettings;
use sojourn_runtime::telemetry::LogSettings;
use sojourn_wire::batch::MAX_BATCH_BYTES;
use url::Url;

/// Makes the batch files that carry rows to devices.
///
/// Start as many as the load needs; they share the queue.
#[derive(Debug, Clone, clap::Parser)]
#[command(name = "sojourn-export", version)]
pub struct Config {
    /// What every service needs to know.
    #[command(flatten)]
    pub service: ServiceSettings,

    /// How many sessions, and beside them verifications, are worked on at once; both together take four connections to
    /// Postgres
    #[arg(long, env = "SOJOURN_EXPORT_CONCURRENCY", default_value_t = 8, value_name = "N")]
    pub concurrency: u16,

    /// The most rows of a batch, whatever a device asks for
    #[arg(long, env = "SOJOURN_BATCH_ROWS", default_value_t = 50_000, value_name = "ROWS",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_rows: u32,

    /// The most bytes of a batch, before compression, whatever a device asks for; a larger row is a batch of its own
    #[arg(long, env = "SOJOURN_BATCH_BYTES", default_value_t = 8 << 20, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH_BYTES))]
    pub batch_bytes: u64,

    /// The most bytes of one row; a larger one is not sent to devices, and waits until it is smaller
    #[arg(long, env = "SOJOURN_ROW_BYTES", default_value_t = MAX_BATCH_BYTES, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH_BYTES))]
    pub row_bytes: u64,

    /// Batches over HTTP.
    #[command(flatten)]
    pub http: HttpSettings,
}

/// Batches over HTTP; off when neither of the first two is set.
#[derive(Debug, Clone, clap::Args)]
pub struct HttpSettings {
    /// Serve batches over HTTP here; off when absent
    ///
    /// It speaks plain HTTP: let a proxy in front of it do TLS.
    #[arg(long = "http-listen", env = "SOJOURN_EXPORT_HTTP", value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,

    /// Where clients reach it, as they are told with their tokens: https://HOST/PATH
    #[arg(long = "http-url", env = "SOJOURN_EXPORT_HTTP_URL", value_name = "URL", value_parser = http_url)]
    announced: Option<String>,

    /// How long a token for it lives
    #[arg(long = "http-token-seconds", env = "SOJOURN_EXPORT_HTTP_TOKEN_SECONDS", default_value_t = 3600,
          value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=7 * 86_400))]
    token_seconds: u64,
}

impl HttpSettings {
    /// Whether tokens are handed out: this process serves batches, or another one does.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.listen.is_some() || self.announced.is_some()
    }

    /// Where clients reach it, without a slash at the end, if that was said.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.announced.as_deref()
    }

    /// How long a token lives.
    #[must_use]
    pub fn token_life(&self) -> Duration {
        Duration::from_secs(self.token_seconds)
    }
}

/// A URL that paths can be added to.
fn http_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !plain || url.password().is_some() {
        return Err("expected http://HOST:PORT/PATH or https://HOST/PATH, without user and query".to_owned());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    /// The settings alone.
    #[derive(Debug, clap::Parser)]
    struct Alone {
        #[command(flatten)]
        http: HttpSettings,
    }

    #[test]
    fn nothing_is_served_and_no_token_handed_out_unless_it_is_asked_for() {
        let on = |args: &[&str]| Alone::try_parse_from(["export"].iter().chain(args)).expect("settings").http.is_on();
        assert!(!on(&[]));
        assert!(on(&["--http-listen", "127.0.0.1:8088"]));
        assert!(on(&["--http-url", "https://sync.example"]), "another process may serve");
    }

    #[test]
    fn an_announced_url_is_one_that_paths_can_be_added_to() {
        assert_eq!(http_url("https://sync.example/"), Ok("https://sync.example".to_owned()));
        assert_eq!(http_url("http://sync.example:81/a/"), Ok("http://sync.example:81/a".to_owned()));
        for text in ["", "sync.example", "ftp://sync.example", "https://me:hunter2@sync.example", "https://a/?b=c"] {
            let words = http_url(text).expect_err("refused");
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
}
