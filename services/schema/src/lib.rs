//! The schema service owns the metadata: it reads the catalog and `sojourn.yaml`, and publishes what they say as a
//! numbered version.
//!
//! It promises that a version in force is one that can be served: every entity is a table with one uuid for a key,
//! guarded by row-level security that holds the acting role back, unless the file says `rls: none`. What is not is
//! refused as a whole, with everything that is wrong and what to do about it, and changes nothing. The same metadata
//! keeps its number, and an entity keeps its object type code for life. No column of the user's tables is ever altered.
//!
//! It also makes the rules by which changes are followed, and promises that none is missed: it does not start unless
//! the triggers that note them are installed as they must be. To install them is an administrator's act ([`track`]()),
//! as it is to make the indexes by which replay finds duplicates ([`index`]()).

pub mod check;
pub mod config;
pub mod db;
pub mod document;
pub mod error;
pub mod index;
pub mod publish;
pub mod register;
pub mod statement;
pub mod track;
pub mod types;
pub mod watch;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::PlatformError;
use sojourn_runtime::nats::{self, Identity};
use sojourn_runtime::rpc::Questions;
use sojourn_runtime::{CancellationToken, Client, process};
use sojourn_wire::Service;
use sqlx::PgPool;

pub use check::check;
pub use config::Config;
use db::InForce;
pub use error::SchemaError;
pub use index::{Indexed, index};
pub use publish::publish;
pub use track::{Tracked, track};

/// Connections to Postgres: one to publish, one to say that it is ready.
const CONNECTIONS: u32 = 2;
/// How long a starting service waits for NATS.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process: parses its arguments and serves until a signal.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    process::run("sojourn-schema", args, serve)
}

/// Serves until `shutdown`.
///
/// # Errors
/// [`SchemaError`] when the file and the database do not go together, or when Postgres or NATS cannot be reached at the
/// start.
pub async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), SchemaError> {
    let wanted = config::read(&config.config)?;
    let pool = sojourn_platform::connect(config.service.database_url.expose(), "sojourn-schema", CONNECTIONS).await?;
    let identity = Identity::of_service(Service::Schema);
    let client = nats::connect(&config.service.nats_url, &config.service.nats_seed, &identity, PATIENCE).await?;
    serve_with(pool, client, wanted, config.watch_every(), shutdown).await
}

/// Serves over these connections until `shutdown`: publishes the version in force, then answers questions and watches.
///
/// # Errors
/// See [`serve`].
pub async fn serve_with(
    pool: PgPool,
    client: Client,
    wanted: SojournYaml,
    watch_every: Duration,
    shutdown: CancellationToken,
) -> Result<(), SchemaError> {
    let Some(published) = shutdown.run_until_cancelled(start(&pool, &client, &wanted)).await else {
        return Ok(());
    };
    published?;
    let watching = watch::watch(pool.clone(), wanted, watch_every, shutdown.clone());
    let questions = Questions::to(Service::Schema).ready(env!("CARGO_PKG_VERSION"), move || {
        let pool = pool.clone();
        async move { sojourn_platform::database::is_reachable(&pool).await }
    });
    let (answered, ()) = tokio::join!(questions.serve(client, shutdown), watching);
    Ok(answered?)
}

/// Checks and publishes; once more when another dataset took a code in between.
async fn start(pool: &PgPool, client: &Client, wanted: &SojournYaml) -> Result<u32, SchemaError> {
    match check_and_publish(pool, client, wanted).await {
        Err(SchemaError::CodeLost { .. }) => check_and_publish(pool, client, wanted).await,
        published => published,
    }
}

async fn check_and_publish(pool: &PgPool, client: &Client, wanted: &SojournYaml) -> Result<u32, SchemaError> {
    let mut conn = pool.acquire().await.map_err(PlatformError::doing("taking a connection to check the metadata"))?;
    let (registration, definition) = check::check_with_definition(&mut conn, wanted).await?;
    let numbers = db::stream::numbers(&mut conn, &registration.streams).await?;
    db::scan::check_granted(&mut conn, &registration).await?;
    drop(conn);
    registration.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let in_force = InForce::of(&registration, &numbers, definition);
    publish(pool, client, &registration.metadata, &in_force).await
}
