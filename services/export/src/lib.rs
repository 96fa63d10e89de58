//! The export service makes batch files of what PrepareSync decided must move.
//!
//! It promises that a batch holds only rows that its user may read at the moment it is made, that a device hears of no
//! batch that could not be made again or PostSynced, that at most a window of them is in the store, and that dying
//! anywhere costs no more than making one batch again. It answers with digests of what a device should hold, when the
//! device asks. Rows are read only as the user; this service writes only the record of its batches.

pub mod compare;
pub mod config;
pub mod db;
pub mod error;
pub mod file;
pub mod handlers;
pub mod plan;
pub mod statement;
pub mod store;
pub mod verify;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sojourn_runtime::nats::{self, Identity, NatsError};
use sojourn_runtime::rpc::{Questions, RpcError};
use sojourn_runtime::{CancellationToken, Client, jobs, process};
use sojourn_wire::{Service, streams};
use sqlx::PgPool;

pub use config::Config;
use db::rows::Ceiling;
use handlers::Handlers;
use verify::Verifier;

/// How long a starting service waits for NATS.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// No Postgres.
    #[error(transparent)]
    Platform(#[from] sojourn_platform::PlatformError),
    /// No NATS.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// No questions.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// The process: parses its arguments and serves until a signal.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    process::run("sojourn-export", args, serve)
}

/// Serves until `shutdown`.
///
/// # Errors
/// [`ServeError`] when Postgres or NATS cannot be reached at the start; later the service waits for them.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    let connections = u32::from(config.concurrency) * 4 + 1;
    let pool = sojourn_platform::connect(config.service.database_url.expose(), "sojourn-export", connections).await?;
    let identity = Identity::of_service(Service::Export);
    let client = nats::connect(&config.service.nats_url, &config.service.nats_seed, &identity, PATIENCE).await?;
    let ceiling = Ceiling { rows: config.batch_rows, bytes: config.batch_bytes, row_bytes: config.row_bytes };
    serve_with(pool, client, ceiling, config.concurrency.into(), shutdown).await
}

/// Serves over these connections until `shutdown`.
///
/// # Errors
/// [`ServeError::Rpc`] when NATS takes no subscription.
pub async fn serve_with(
    pool: PgPool,
    client: Client,
    ceiling: Ceiling,
    concurrency: usize,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let handlers = Handlers::new(pool.clone(), client.clone(), ceiling);
    let verifier = Verifier::new(pool.clone(), client.clone());
    let questions = Questions::to(Service::Export).ready(env!("CARGO_PKG_VERSION"), move || {
        let pool = pool.clone();
        async move { sojourn_platform::database::is_reachable(&pool).await }
    });
    let export = move |job| handlers.clone().export(job);
    let verify = move |job| verifier.clone().verify(job);
    let (answered, (), ()) = tokio::join!(
        questions.serve(client.clone(), shutdown.clone()),
        jobs::serve(client.clone(), &streams::EXPORT, concurrency, export, shutdown.clone()),
        jobs::serve(client, &streams::VERIFY, concurrency, verify, shutdown),
    );
    Ok(answered?)
}
