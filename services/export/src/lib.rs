//! The export service makes batch files of what PrepareSync decided must move.
//!
//! It promises that a batch holds only rows that its user may read at the moment it is made, that a device hears of no
//! batch that could not be made again or PostSynced, that at most a window of them is in the store, and that dying
//! anywhere costs no more than making one batch again. It answers with digests of what a device should hold, when the
//! device asks. Rows are read only as the user; this service writes only the record of its batches, and the hashes of the
//! tokens for fetching them over HTTP.

pub mod compare;
pub mod config;
pub mod cut;
pub mod db;
pub mod error;
pub mod file;
pub mod handlers;
pub mod hints;
pub mod http;
pub mod output;
pub mod pace;
pub mod plan;
pub mod reading;
pub mod statement;
pub mod store;
pub mod verify;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sojourn_runtime::nats::{self, Identity, NatsError};
use sojourn_runtime::rpc::{Questions, RpcError};
use sojourn_runtime::{CancellationToken, Client, jobs, process};
use sojourn_wire::message::token::TOKEN;
use sojourn_wire::{Service, streams};
use sqlx::PgPool;

pub use config::Config;
use handlers::Handlers;
use hints::Hints;
use http::Http;
use http::listen::ListenError;
use pace::Ceiling;
use verify::Verifier;

/// How long a starting service waits for NATS.
const PATIENCE: Duration = Duration::from_secs(30);
/// Connections to Postgres for tokens and HTTP: beside those of the workers, so that requests take none of theirs.
const HTTP_CONNECTIONS: u32 = 2;

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
    /// No address to serve batches on.
    #[error(transparent)]
    Listen(#[from] ListenError),
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
    let http_pool = match config.http.is_on() {
        true => {
            let url = config.service.database_url.expose();
            sojourn_platform::connect(url, "sojourn-export-http", HTTP_CONNECTIONS).await?
        }
        false => pool.clone(),
    };
    let http = Http::new(http_pool, client.clone(), config.http.clone());
    let batches_served = http.open(shutdown.clone()).await?;
    let serving = serve_with(pool, client, ceiling, config.concurrency.into(), http, shutdown);
    let batches_served = async {
        batches_served.await;
        Ok(())
    };
    tokio::try_join!(serving, batches_served).map(|((), ())| ())
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
    http: Http,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let hints = Hints::default();
    let handlers = Handlers::new(pool.clone(), client.clone(), ceiling, hints.clone());
    let verifier = Verifier::new(pool.clone(), client.clone());
    let questions = Questions::to(Service::Export).ready(env!("CARGO_PKG_VERSION"), move || {
        let pool = pool.clone();
        async move { sojourn_platform::database::is_reachable(&pool).await }
    });
    let questions = questions.verb(TOKEN, move |question| http.clone().token(question));
    let export = move |job| handlers.clone().export(job);
    let verify = move |job| verifier.clone().verify(job);
    let (answered, (), (), ()) = tokio::join!(
        questions.serve(client.clone(), shutdown.clone()),
        jobs::serve(client.clone(), &streams::EXPORT, concurrency, export, shutdown.clone()),
        jobs::serve(client.clone(), &streams::VERIFY, concurrency, verify, shutdown.clone()),
        hints.serve(client, shutdown),
    );
    Ok(answered?)
}
