//! The world of one story: a database of its own, subscriptions of users of different roles, and who writes.

use std::sync::atomic::{AtomicU32, Ordering};

use sojourn_platform::install::SERVICE_ROLE;
use sojourn_prepare::prepare_sync::PrepareSync;
use sojourn_prepare::subscription_enroll;
use sojourn_wire::{AgentId, SubscriptionId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, PgPool};
use uuid::Uuid;

use super::chance::Chance;
use super::clock::Clock;
use super::device::Device;
use super::groups::TestGroup;
use super::server::{DATASET, server};

static WORLDS: AtomicU32 = AtomicU32::new(0);
/// No step waits for a lock: who holds it would never let go.
const LOCK_TIMEOUT: &str = "20ms";

/// Somebody who synchronises.
pub struct Subscriber {
    pub user: Uuid,
    pub agent: AgentId,
    pub id: SubscriptionId,
    /// What its sync entry table is named after.
    pub number: i64,
    pub device: Device,
}

/// A transaction that somebody has open.
pub struct Hand {
    pub connection: PgConnection,
    /// For the log.
    pub number: u32,
}

/// The world of one story.
pub struct World {
    pub name: String,
    pub chance: Chance,
    pub clock: Clock,
    pub admin: PgPool,
    pub service: PgPool,
    pub prepare: PrepareSync,
    /// The users who own things; those who synchronise come first.
    pub users: Vec<Uuid>,
    pub subscribers: Vec<Subscriber>,
    pub groups: Vec<TestGroup>,
    /// Transactions that are open.
    pub open: Vec<Hand>,
    /// Connections without one.
    pub idle: Vec<PgConnection>,
    /// Transactions that are prepared, by name.
    pub prepared: Vec<String>,
    /// Ids that rows had before they got others.
    pub old_keys: Vec<Uuid>,
    /// Who is silent, and for how many prepares of others.
    pub silent: Option<(usize, u32)>,
    /// What the catalog says is not what is registered.
    pub unregistered: bool,
    numbers: u32,
    options: PgConnectOptions,
}

/// A statement that a test has made up.
#[expect(clippy::disallowed_methods, reason = "a test's own words")]
pub fn own(text: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(text)
}

impl World {
    /// Makes it.
    pub async fn make(seed: u64) -> Self {
        let server = server().await;
        let name = format!("equivalence_{}", WORLDS.fetch_add(1, Ordering::Relaxed));
        let url = server.postgres.create_database(&name, Some("equivalence_template")).await.expect("a copy");
        let options: PgConnectOptions = url.parse().expect("a URL");
        let options = options.options([("lock_timeout", LOCK_TIMEOUT)]);
        let admin = PgPoolOptions::new().max_connections(2).connect_with(options.clone()).await.expect("a connection");
        let as_service = options.clone().username(SERVICE_ROLE).password(&server.postgres.password_for(SERVICE_ROLE));
        let as_service = as_service.options([("lock_timeout", "10s")]);
        let service = PgPoolOptions::new().max_connections(2).connect_with(as_service).await.expect("a connection");
        let people = &server.people;
        let subscribed = [people.sales[0].id, people.sales[1].id, people.manager.id, people.ceo.id];
        let mut users = subscribed.to_vec();
        users.extend([people.sales[2].id, people.outsider.id]);
        let mut world = Self {
            name,
            chance: Chance::of(seed),
            clock: Clock::new(),
            prepare: PrepareSync::new(service.clone()),
            admin,
            service,
            users,
            subscribers: Vec::new(),
            groups: Vec::new(),
            open: Vec::new(),
            idle: Vec::new(),
            prepared: Vec::new(),
            old_keys: Vec::new(),
            silent: None,
            unregistered: false,
            numbers: 0,
            options,
        };
        for user in subscribed {
            world.subscribe(user).await;
        }
        world
    }

    async fn subscribe(&mut self, user: Uuid) {
        let at = self.subscribers.len();
        let id: SubscriptionId = format!("subscription-{at}").parse().expect("an id");
        let agent: AgentId = format!("agent-{at}").parse().expect("an id");
        let mut connection = self.admin.acquire().await.expect("a connection");
        let enrolled = subscription_enroll(&mut connection, DATASET, user, &id, &agent, "a device").await;
        enrolled.expect("it is registered");
        let number = sqlx::query_scalar("SELECT number FROM sojourn.subscription WHERE id = $1")
            .bind(id.as_str())
            .fetch_one(&mut *connection)
            .await
            .expect("its number");
        self.subscribers.push(Subscriber { user, agent, id, number, device: Device::default() });
    }

    /// A number that was not had before.
    pub fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    /// A connection without a transaction.
    pub async fn hand(&mut self) -> Hand {
        let connection = match self.idle.pop() {
            Some(connection) => connection,
            None => self.options.connect().await.expect("a connection"),
        };
        Hand { connection, number: self.number() }
    }

    /// Runs statements as the administrator. Answers what is wrong with them.
    pub async fn run(&self, text: impl Into<String>) -> Result<(), sqlx::Error> {
        let mut connection = self.admin.acquire().await?;
        let done = sqlx::raw_sql(own(text.into())).execute(&mut *connection).await.map(drop);
        if done.is_err() {
            // It may have begun a transaction; where it has not, this says so and does nothing.
            sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await?;
        }
        done
    }

    /// Ends it.
    pub async fn end(mut self) {
        self.open.clear();
        self.idle.clear();
        for name in std::mem::take(&mut self.prepared) {
            self.run(format!("ROLLBACK PREPARED '{name}'")).await.expect("it was prepared");
        }
        self.admin.close().await;
        self.service.close().await;
        server().await.postgres.drop_database(&self.name).await.expect("the database is dropped");
    }
}
