//! The Postgres of all stories, and the database that each begins with a copy of.

use sojourn_dev::instances::Postgres;
use sojourn_metadata::Config;
use sojourn_platform::definition::definition_hash;
use sojourn_platform::{Ident, install};
use sojourn_sample_crm::{People, Plan};
use sojourn_schema::db::{self, InForce};
use sojourn_schema::{SchemaError, check, track};
use sqlx::PgPool;
use tokio::sync::OnceCell;

use crate::support::with_sample;

/// What goes offline.
const YAML: &str = include_str!("sojourn.yaml");
/// The tables beside the CRM.
const EXTRA: &str = include_str!("extra.sql");
/// The dataset.
pub const DATASET: &str = "equivalence";
/// The database every story's is copied from.
const TEMPLATE: &str = "equivalence_template";

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// A Postgres of its own: its transactions are left open and prepared, its roles and clocks are nobody else's.
pub struct Server {
    pub postgres: Postgres,
    pub people: People,
}

/// Starts it, once.
pub async fn server() -> &'static Server {
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    let (postgres, pool, people) = with_sample(TEMPLATE, &Plan::new(7, 12, 40)).await;
    sqlx::raw_sql(EXTRA).execute(&pool).await.expect("the tables beside it");
    let mut admin = pool.acquire().await.expect("a connection");
    let password = postgres.password_for(install::SERVICE_ROLE);
    let acting_role = Ident::new(&wanted().acting_role).expect("a name");
    install::install(&mut admin, &acting_role, Some(&password)).await.expect("Sojourn's own tables");
    drop(admin);
    follow(&pool).await.expect("the triggers are installed");
    register(&pool).await.expect("it is registered");
    // A template must have no visitors.
    pool.close().await;
    Server { postgres, people }
}

fn wanted() -> Config {
    Config::parse(YAML).expect("a good file")
}

/// Installs the triggers, or what is missing of them.
pub async fn follow(admin: &PgPool) -> Result<(), SchemaError> {
    let mut connection = admin.acquire().await.expect("a connection");
    let registration = check(&mut connection, &wanted()).await?;
    track(&mut connection, &registration).await.map(drop)
}

/// Puts in force what the catalog says now, as the schema service does when it starts.
pub async fn register(admin: &PgPool) -> Result<(), SchemaError> {
    let mut connection = admin.acquire().await.expect("a connection");
    let wanted = wanted();
    let registration = check(&mut connection, &wanted).await?;
    let numbers = db::stream::numbers(&mut connection, &registration.streams).await?;
    let definition = definition_hash(&mut connection, &wanted.acting_role, registration.watched()).await?;
    drop(connection);
    let in_force = InForce::of(&registration, &numbers, definition);
    db::version_store(admin, &registration.metadata, &in_force).await.map(drop)
}
