//! The administrator's connections.

use std::io;
use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_prepare::db::overview::overview_is_installed;
use sojourn_runtime::deadline;
use sojourn_runtime::secret::DatabaseUrl;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool};

use crate::error::AdminError;

/// One that explains, and one that looks metadata up meanwhile.
const CONNECTIONS: u32 = 2;
/// How long Postgres may take to let the administrator in.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects to a database that may have nothing of ours yet.
pub(crate) async fn connect(url: &DatabaseUrl) -> Result<PgPool, AdminError> {
    reach(url).await.map_err(AdminError::Connect)?;
    Ok(sojourn_platform::connect(url.expose(), "sojourn-admin", CONNECTIONS).await?)
}

/// Connects to a database that has everything of ours.
pub(crate) async fn connect_installed(url: &DatabaseUrl) -> Result<PgPool, AdminError> {
    let pool = connect(url).await?;
    let mut admin = pool.acquire().await.map_err(PlatformError::doing("taking a connection"))?;
    if overview_is_installed(&mut admin).await? { Ok(pool) } else { Err(AdminError::NotInstalled) }
}

/// A service waits for its database; a person at a prompt wants to hear at once that it is not there.
async fn reach(url: &DatabaseUrl) -> Result<(), PlatformError> {
    let options: PgConnectOptions =
        url.expose().parse().map_err(|error: sqlx::Error| PlatformError::Url(error.to_string()))?;
    let place = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    let attempt = deadline(CONNECT, "an answer", PgConnection::connect_with(&options)).await;
    let connected = attempt.map_err(|late| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)));
    match connected.and_then(|connected| connected) {
        Ok(connection) => drop(connection.close().await),
        Err(source) => return Err(PlatformError::Connect { place, source }),
    }
    Ok(())
}
