//! The connection to Postgres, and what can go wrong on it.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

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
        // Connection exceptions, serialization failures and deadlocks, resources, operator intervention, system.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class)) || code == "55P03"
        }),
        _ => false,
    }
}

/// Connects with a small pool.
///
/// # Errors
/// [`PlatformError::Url`] or [`PlatformError::Connect`], naming the place.
pub async fn connect(url: &str, application: &str, max_connections: u32) -> Result<PgPool, PlatformError> {
    let options: PgConnectOptions = url.parse().map_err(|error: sqlx::Error| PlatformError::Url(error.to_string()))?;
    // Statements are short and run as many users: compiling them costs more than it saves.
    let options = options.application_name(application).options([("jit", "off")]);
    let place = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_with(options)
        .await
        .map_err(|source| PlatformError::Connect { place, source })
}

/// Whether the database answers, for a health check.
pub async fn is_reachable(pool: &PgPool) -> bool {
    sqlx::query("SELECT 1").execute(pool).await.is_ok()
}
