//! The database as the services log in to it.

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::shared::shared;
use super::world::World;

/// A connection as the services' own login.
pub async fn service_pool(world: &World) -> PgPool {
    let service = sojourn_platform::install::SERVICE_ROLE;
    let options: PgConnectOptions = world.stack.admin_url().parse().expect("a URL");
    let options = options.username(service).password(&shared().await.postgres.password_for(service));
    PgPoolOptions::new().max_connections(1).connect_with(options).await.expect("the service may log in")
}
