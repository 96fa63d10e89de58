//! The prepare service owns subscriptions and their sync entries: it decides what every device holds.
//!
//! It promises that after a PrepareSync the sync entries say exactly what must move so that the device holds the rows
//! its user may see, that PostSync settles exactly what the device has committed, and that doing either twice, or
//! dying in between, changes nothing. User data is read only as the user; this service writes only its own tables.

pub mod config;
pub mod db;
pub mod error;
pub mod filters;
pub mod groups;
pub mod handlers;
pub mod local_data_groups;
pub mod plan;
pub mod prepare_sync;
pub mod situation;
pub mod sources;
pub mod statement;
pub mod sync;
#[cfg(test)]
mod testing;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sojourn_runtime::nats::{self, Identity, NatsError};
use sojourn_runtime::rpc::{Questions, RpcError};
use sojourn_runtime::{CancellationToken, Client, jobs, process};
use sojourn_wire::{Service, streams};
use sqlx::PgPool;

pub use config::Config;
use db::clean_up::{CleanedUp, clean_up};
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
    serve_with(pool, client, &config, shutdown).await
}

/// Serves over these connections until `shutdown`.
///
/// # Errors
/// [`ServeError::Rpc`] when NATS takes no subscription.
pub async fn serve_with(
    pool: PgPool,
    client: Client,
    config: &Config,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let concurrency = config.concurrency.into();
    let handlers = Handlers::new(pool.clone(), client.clone());
    let acks = handlers.clone();
    let cleaning_up = clean_up_regularly(pool.clone(), config.clean_up_every(), config.retention(), shutdown.clone());
    let questions = Questions::to(Service::Prepare).ready(env!("CARGO_PKG_VERSION"), move || {
        let pool = pool.clone();
        async move { sojourn_platform::database::is_reachable(&pool).await }
    });
    let filters = handlers.clone();
    let (answered, (), (), (), ()) = tokio::join!(
        questions.serve(client.clone(), shutdown.clone()),
        jobs::serve(
            client.clone(),
            &streams::PREPARE,
            concurrency,
            move |job| handlers.clone().prepare(job),
            shutdown.clone()
        ),
        jobs::serve(
            client.clone(),
            &streams::FILTERS,
            concurrency,
            move |job| filters.clone().filters(job),
            shutdown.clone()
        ),
        jobs::serve(client, &streams::ACKS, concurrency, move |job| acks.clone().ack(job), shutdown),
        cleaning_up,
    );
    Ok(answered?)
}

/// Cleans up now and then until `shutdown`. What fails is tried again the next time.
async fn clean_up_regularly(pool: PgPool, every: Duration, retention: Duration, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(every);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(due.tick()).await.is_some() {
        match clean_up(&pool, retention).await {
            Ok(done) if done == CleanedUp::default() => {}
            Ok(CleanedUp { expired, forgotten }) => {
                tracing::info!(
                    expired,
                    forgotten,
                    "{expired} subscriptions expired, {forgotten} changes were forgotten"
                );
            }
            Err(error) => tracing::warn!(%error, "cleaning up failed, and is tried again in {every:?}: {error}"),
        }
    }
}
