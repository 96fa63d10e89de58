//! The stack's database: checked first, so that wrong input changes nothing, then set up, and its devices registered.

use std::io;
use std::time::Duration;

use sojourn_metadata::Config as SojournYaml;
use sojourn_platform::{Ident, PlatformError, install};
use sojourn_runtime::secret::DatabaseUrl;
use sojourn_runtime::{clock, deadline};
use sqlx::{Connection as _, PgConnection, PgPool};
use tokio::sync::Mutex;
use url::Url;

use super::error::StackError;
use super::kept::KeptDevice;
use super::plan::Database;
use super::start::Progress;
use crate::instances::Postgres;

/// The administrator's connections: for the set-up, and for whoever looks on.
const CONNECTIONS: u32 = 4;
/// How long Postgres may take to let the administrator in.
const CONNECT: Duration = Duration::from_secs(10);
/// Roles belong to the whole cluster, and Postgres lets only one change a role at a time.
static SETTING_UP: Mutex<()> = Mutex::const_new(());

/// A database that is ready for the services.
#[derive(Debug)]
pub(super) struct Opened {
    /// The instance, if it is ours.
    pub(super) postgres: Option<Postgres>,
    /// The administrator's URL.
    pub(super) admin_url: DatabaseUrl,
    /// The services' URL.
    pub(super) service_url: DatabaseUrl,
    /// The administrator's connections.
    pub(super) admin: PgPool,
}

/// Opens the database, checks it against the configuration, and makes or updates what Sojourn keeps there.
pub(super) async fn set_up(
    database: Database<'_>,
    wanted: &SojournYaml,
    progress: Progress<'_>,
) -> Result<Opened, StackError> {
    let is_foreign = matches!(database, Database::Existing(_));
    let (admin_url, password, postgres) = match database {
        Database::Own { postgres, name } => {
            (parse(&postgres.url_for(&name))?, postgres.password_for(install::SERVICE_ROLE), Some(postgres))
        }
        Database::Shared { postgres, name } => {
            (parse(&postgres.url_for(&name))?, postgres.password_for(install::SERVICE_ROLE), None)
        }
        Database::Existing(url) => (url, format!("{}{}", clock::fresh_id().simple(), clock::fresh_id().simple()), None),
    };
    let service_url = url_of(&admin_url, install::SERVICE_ROLE, &password)?;
    let mut connection = connect(&admin_url).await?;
    let registration = sojourn_schema::check(&mut connection, wanted).await?;
    for warning in &registration.warnings {
        progress(&format!("warning: {warning}"));
    }
    if is_foreign {
        not_in_use(&mut connection).await?;
    }
    let one_at_a_time = SETTING_UP.lock().await;
    install::install(&mut connection, &Ident::new(&wanted.acting_role)?, Some(&password)).await?;
    drop(one_at_a_time);
    sojourn_schema::track(&mut connection, &registration).await?;
    sojourn_schema::index(&mut connection, &registration, progress).await?;
    drop(connection);
    let admin = sojourn_platform::connect(admin_url.expose(), "sojourn-stack", CONNECTIONS).await?;
    Ok(Opened { postgres, admin_url, service_url, admin })
}

/// The services of another stack would be locked out by a new password.
async fn not_in_use(connection: &mut PgConnection) -> Result<(), StackError> {
    let sessions: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_stat_activity WHERE usename = $1")
        .bind(install::SERVICE_ROLE)
        .fetch_one(connection)
        .await
        .map_err(PlatformError::doing("looking for other services at this Postgres"))?;
    if sessions == 0 { Ok(()) } else { Err(StackError::InUse { sessions }) }
}

/// One connection as the administrator. A pool would try for long and then not say why.
async fn connect(url: &DatabaseUrl) -> Result<PgConnection, PlatformError> {
    let attempt = deadline(CONNECT, "an answer", PgConnection::connect(url.expose())).await;
    let connected = attempt.map_err(|late| sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late)));
    connected.and_then(|connected| connected).map_err(|source| PlatformError::Connect { place: shown(url), source })
}

/// Registers the devices; those that are registered stay.
pub(super) async fn enroll(admin: &PgPool, dataset: &str, devices: &[KeptDevice]) -> Result<(), StackError> {
    let mut connection = admin.acquire().await.map_err(PlatformError::doing("registering the devices"))?;
    for device in devices {
        let KeptDevice { user_id, name, agent, subscription, .. } = device;
        sojourn_prepare::subscription_enroll(&mut connection, dataset, *user_id, subscription, agent, name).await?;
    }
    Ok(())
}

fn parse(url: &str) -> Result<DatabaseUrl, StackError> {
    url.parse().map_err(|_| PlatformError::Url("it is no postgres:// URL".to_owned()).into())
}

/// The same database as another user. User and password move to the query, where they stand for any kind of host.
fn url_of(admin: &DatabaseUrl, user: &str, password: &str) -> Result<DatabaseUrl, StackError> {
    let mut url = Url::parse(admin.expose()).map_err(|error| PlatformError::Url(error.to_string()))?;
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "user" && name != "password")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    // Without a host there is no user to remove.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.query_pairs_mut().clear().extend_pairs(others).append_pair("user", user).append_pair("password", password);
    parse(url.as_str())
}

/// A URL as it may be shown: without passwords.
pub(super) fn shown(url: &DatabaseUrl) -> String {
    let Ok(mut url) = Url::parse(url.expose()) else { return String::new() };
    let _ = url.set_password(None);
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "password")
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    match others.is_empty() {
        true => url.set_query(None),
        false => drop(url.query_pairs_mut().clear().extend_pairs(others)),
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_service(admin: &str) -> String {
        url_of(&parse(admin).unwrap(), "sojourn_service", "se&cret").unwrap().expose().to_owned()
    }

    #[test]
    fn the_services_connect_to_the_same_place_as_somebody_else() {
        assert_eq!(
            as_service("postgres://me:hunter2@db.example:5433/crm?sslmode=require&password=hunter2"),
            "postgres://db.example:5433/crm?sslmode=require&user=sojourn_service&password=se%26cret"
        );
        let socket = as_service("postgres:///crm?host=/run/postgresql&user=me");
        assert_eq!(socket, "postgres:///crm?host=%2Frun%2Fpostgresql&user=sojourn_service&password=se%26cret");
    }

    #[test]
    fn no_password_is_shown() {
        let url = parse("postgres://me:hunter2@db/crm?sslmode=require&password=hunter2").unwrap();
        assert_eq!(shown(&url), "postgres://me@db/crm?sslmode=require");
        assert_eq!(shown(&parse("postgres://me:hunter2@db/crm").unwrap()), "postgres://me@db/crm");
    }
}
