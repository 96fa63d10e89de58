//! The prepare service owns subscriptions and their sync entries: it decides what every device holds.
//!
//! It promises that after a PrepareSync the sync entries say exactly what must move so that the device holds the rows
//! its user may see, that PostSync settles exactly what the device has committed, and that doing either twice, or
//! dying in between, changes nothing. User data is read only as the user; this service writes only its own tables.

pub mod config;
pub mod db;
pub mod error;
pub mod handlers;
pub mod statement;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sojourn_runtime::nats::{self, Identity, NatsError};
use sojourn_runtime::rpc::{Questions, RpcError};
use sojourn_runtime::{CancellationToken, Client, jobs, process};
use sojourn_wire::{Service, streams};
use sqlx::PgPool;

pub use config::Config;
pub use db::subscription::subscription_enroll;
use handlers::Handlers;

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
    process::run("sojourn-prepare", args, serve)
}

/// Serves until `shutdown`.
///
/// # Errors
/// [`ServeError`] when Postgres or NATS cannot be reached at the start; later the service waits for them.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    let connections = u32::from(config.concurrency) * 2 + 1;
    let pool = sojourn_platform::connect(config.service.database_url.expose(), "sojourn-prepare", connections).await?;
    let identity = Identity::of_service(Service::Prepare);
    let client = nats::connect(&config.service.nats_url, &config.service.nats_seed, &identity, PATIENCE).await?;
    serve_with(pool, client, config.concurrency.into(), shutdown).await
}

/// Serves over these connections until `shutdown`.
///
/// # Errors
/// [`ServeError::Rpc`] when NATS takes no subscription.
pub async fn serve_with(
    pool: PgPool,
    client: Client,
    concurrency: usize,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let handlers = Handlers::new(pool.clone(), client.clone());
    let acks = handlers.clone();
    let questions = Questions::to(Service::Prepare).ready(env!("CARGO_PKG_VERSION"), move || {
        let pool = pool.clone();
        async move { sojourn_platform::database::is_reachable(&pool).await }
    });
    let (answered, (), ()) = tokio::join!(
        questions.serve(client.clone(), shutdown.clone()),
        jobs::serve(
            client.clone(),
            &streams::PREPARE,
            concurrency,
            move |job| handlers.clone().prepare(job),
            shutdown.clone()
        ),
        jobs::serve(client, &streams::ACKS, concurrency, move |job| acks.clone().ack(job), shutdown),
    );
    Ok(answered?)
}
