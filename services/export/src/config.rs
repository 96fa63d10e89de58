//! The settings of this service: the only place that reads them.

use sojourn_runtime::settings::ServiceSettings;
use sojourn_runtime::telemetry::LogSettings;
use sojourn_wire::batch::MAX_BATCH_BYTES;

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
    #[arg(long, env = "SOJOURN_EXPORT_CONCURRENCY", default_value_t = 4, value_name = "N")]
    pub concurrency: u16,

    /// The most rows of a batch
    #[arg(long, env = "SOJOURN_BATCH_ROWS", default_value_t = 10_000, value_name = "ROWS",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub batch_rows: u32,

    /// The most bytes of a batch, before compression; a larger row is a batch of its own
    #[arg(long, env = "SOJOURN_BATCH_BYTES", default_value_t = 8 << 20, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH_BYTES))]
    pub batch_bytes: u64,

    /// The most bytes of one row; a larger one is not sent to devices, and waits until it is smaller
    #[arg(long, env = "SOJOURN_ROW_BYTES", default_value_t = MAX_BATCH_BYTES, value_name = "BYTES",
          value_parser = clap::value_parser!(u64).range(1..=MAX_BATCH_BYTES))]
    pub row_bytes: u64,
}

impl AsRef<LogSettings> for Config {
    fn as_ref(&self) -> &LogSettings {
        self.service.as_ref()
    }
}
