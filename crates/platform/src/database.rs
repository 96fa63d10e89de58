//! The connection to Postgres, and what can go wrong on it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};
use tokio::time::Instant;

use crate::acting::ActingError;
use crate::sql::InvalidIdent;

/// An error of the platform: what was being done, and what the database said.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The URL is none.
    #[error("the database URL cannot be read: {0}")]
    Url(String),
    /// Nobody answers, or the login is refused.
    #[error("cannot connect to Postgres at {place}: {source}")]
    Connect {
        /// Host, port and database.
        place: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// A statement failed.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        source: sqlx::Error,
    },
    /// The database is there, but is not set up for this.
    #[error("{0}")]
    Setup(String),
    /// The identity did not take.
    #[error(transparent)]
    Acting(#[from] ActingError),
    /// The metadata holds a name that Postgres cannot have.
    #[error(transparent)]
    Name(#[from] InvalidIdent),
}

impl PlatformError {
    /// For `map_err`: says what was being done.
    pub fn doing(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Database { doing, source }
    }

    /// Whether it may go away by itself: the database is down, restarting or overloaded, or a lock was lost.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Database { source, .. } | Self::Acting(ActingError::Database(source)) => is_transient(source),
            Self::Url(_) | Self::Setup(_) | Self::Acting(_) | Self::Name(_) => false,
        }
    }
}

impl PlatformError {
    /// Whether a statement took longer than it may.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::Database { source: sqlx::Error::Database(error), .. } => error.code().as_deref() == Some("57014"),
            _ => false,
        }
    }
}

/// Whether a database error may go away by itself.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => true,
        // Connection exceptions, refused logins (passwords change), serialization failures and deadlocks, resources, operator intervention, system; locks
        // that were not to be had, and transactions that were idle for too long.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "28", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))
                || ["25P03", "55P03"].contains(&code.as_ref())
        }),
        _ => false,
    }
}

/// Settings of every connection of a service.
const SETTINGS: [(&str, &str); 3] = [
    // Statements are short and run as many users: compiling them costs more than it saves.
    ("jit", "off"),
    // What is committed is announced at once: it must not be forgotten after that, whatever the database's default.
    ("synchronous_commit", "on"),
    // A service that hangs must not hold its locks for ever. None waits this long inside a transaction.
    ("idle_in_transaction_session_timeout", "60s"),
];
/// How long a database that does not answer is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The wait between two tries.
const AGAIN: Duration = Duration::from_millis(200);

/// Connects with a small pool, waiting a little while for a database that is still starting.
///
/// # Errors
/// [`PlatformError::Url`] or [`PlatformError::Connect`], naming the place.
pub async fn connect(url: &str, application: &str, max_connections: u32) -> Result<PgPool, PlatformError> {
    let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| PlatformError::Url(error.to_string()))?;
    let options = options.application_name(application).options(SETTINGS);
    let place = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    reach(&options).await.map_err(|source| PlatformError::Connect { place, source })?;
    let pool = PgPoolOptions::new().max_connections(max_connections).acquire_timeout(PATIENCE);
    // Who uses a connection next is not what a user's trigger has made of it: SET without LOCAL outlives its transaction.
    let pool = pool.after_release(|connection, _| {
        Box::pin(async move { sqlx::raw_sql("RESET ROLE; RESET ALL").execute(connection).await.map(|_| true) })
    });
    Ok(pool.connect_lazy_with(options))
}

/// Waits until the database lets us in: a service may be started before it. The pool alone would only say that it
/// timed out, and not why.
async fn reach(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let give_up = Instant::now() + PATIENCE;
    loop {
        match options.connect().await {
            Ok(connection) => return connection.close().await,
            Err(error) if is_transient(&error) && Instant::now() < give_up => tokio::time::sleep(AGAIN).await,
            Err(error) => return Err(error),
        }
    }
}

/// Whether the database answers within a second, for a health check.
pub async fn is_reachable(pool: &PgPool) -> bool {
    let asked = tokio::time::timeout(Duration::from_secs(1), sqlx::query("SELECT 1").execute(pool)).await;
    asked.is_ok_and(|answered| answered.is_ok())
}
