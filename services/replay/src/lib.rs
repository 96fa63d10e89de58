//! Replay owns the write path: what users did offline is played back here, in order, as the user, and every operation
//! gets a verdict.
//!
//! What it promises, whatever dies and whenever, with any number of replicas:
//!
//! - **At most once, in order.** One transaction locks the subscription's row in `replay_progress`, applies the chunk,
//!   stores the verdicts and moves the fence ([`order`]). A chunk that comes again is answered with the stored ones.
//! - **Nobody pays for another.** Each operation or group lives in a savepoint ([`groups`]); a refused one is rolled
//!   back and the rest goes on. Only what may heal by itself (a lost connection, a deadlock) makes the chunk wait.
//! - **The server's rules decide.** Everything is written as the user, under row-level security, constraints, triggers
//!   and today's permissions; deferred rules are checked at the end of the operation or group that broke them.
//! - **A refusal can be acted on.** It comes in words, with the attribute where one is to blame ([`refusal`]).
//!
//! A chunk's way: [`handlers`] decodes and checks it, [`advice`] asks the plug-ins, [`pipeline`] makes writes of its
//! operations ([`validate`], [`value`]). Then, in one transaction of [`db`]: [`park`] holds back what builds on something
//! that is not settled, [`runs`] finds what can be written together, [`merge`] compares with what the rows hold now,
//! [`statement`] is the SQL, [`duplicates`] are looked for, verdicts and events are stored. After the commit [`events`] are
//! published. Triggers can read `sojourn.caller_origin` (`offline-queue`), `sojourn.captured_at` and
//! `sojourn.operation_id` (`<subscription>:<sequence>`).

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_runtime::jobs;
use sojourn_runtime::nats::{self, NatsError};
use sojourn_runtime::rpc::{Questions, RpcError};
use sojourn_runtime::{CancellationToken, Client, process};
use sojourn_wire::{Service, streams};
use sqlx::PgPool;
use tokio::sync::Notify;

pub mod advice;
pub mod announce;
pub mod answer;
pub mod config;
pub mod db;
pub mod duplicates;
pub mod error;
pub mod events;
pub mod groups;
pub mod handlers;
pub mod merge;
pub mod order;
pub mod park;
pub mod pipeline;
pub mod plugins;
pub mod refusal;
pub mod runs;
pub mod statement;
#[cfg(test)]
mod testing;
pub mod ties;
pub mod validate;
pub mod value;

pub use config::Config;
pub use db::Limits;

use handlers::Handlers;

/// The program's name.
const NAME: &str = "sojourn-replay";
/// How often old verdicts are looked for.
const UPKEEP: Duration = Duration::from_secs(3600);
/// How long the first connection to NATS may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why the service ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Postgres.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// NATS.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// Questions cannot be heard.
    #[error(transparent)]
    Rpc(#[from] RpcError),
}

/// The whole process, from its arguments (the program's name first) to its exit code.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    process::run(NAME, args, serve)
}

/// Connects as the configuration says and serves until `shutdown`.
///
/// # Errors
/// [`ServeError`] when Postgres or NATS cannot be reached at the start; later breaks are waited out.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), ServeError> {
    // One for each chunk, one for events, and one that answers whether the service is ready.
    let connections = u32::from(config.concurrency.max(1)) + 2;
    let pool = sojourn_platform::connect(config.service.database_url.expose(), NAME, connections).await?;
    let identity = nats::Identity::of_service(Service::Replay);
    let client = nats::connect(&config.service.nats_url, &config.service.nats_seed, &identity, PATIENCE).await?;
    let limits = config.limits();
    let (concurrency, days) = (config.concurrency.into(), config.retention_days);
    let served = serve_on(pool.clone(), client, limits, concurrency, days, shutdown).await;
    pool.close().await;
    served
}

/// Serves over connections that somebody else made, until `shutdown`. The pool should have `concurrency` + 2 of them.
///
/// # Errors
/// [`ServeError::Rpc`] when NATS does not take the subscription for questions.
pub async fn serve_on(
    pool: PgPool,
    client: Client,
    limits: Limits,
    concurrency: usize,
    retention_days: u32,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let committed = Arc::new(Notify::new());
    let handlers = Handlers::new(pool.clone(), client.clone(), limits, Arc::clone(&committed));
    let questions = Questions::to(Service::Replay).ready(env!("CARGO_PKG_VERSION"), {
        let pool = pool.clone();
        move || db::is_ready(pool.clone())
    });
    let operations = move |job| {
        let handlers = handlers.clone();
        async move { handlers.operations(job).await }
    };
    let queue = jobs::serve(client.clone(), &streams::REPLAY, concurrency, operations, shutdown.clone());
    let outbox = events::run(pool.clone(), client.clone(), committed, shutdown.clone());
    let upkeep = upkeep(pool, retention_days, shutdown.clone());
    tokio::try_join!(questions.serve(client, shutdown), async {
        tokio::join!(queue, outbox, upkeep);
        Ok(())
    })?;
    Ok(())
}

/// Removes what nobody will ask for again, at the start and then every hour.
async fn upkeep(pool: PgPool, retention_days: u32, shutdown: CancellationToken) {
    loop {
        match db::cleanup::clean_up(&pool, retention_days).await {
            Ok(removed) => tracing::debug!(?removed, "cleaned up verdicts and attachments"),
            Err(error) => tracing::warn!("cleaning up verdicts and attachments will be tried again: {error}"),
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(UPKEEP)).await.is_none() {
            return;
        }
    }
}
