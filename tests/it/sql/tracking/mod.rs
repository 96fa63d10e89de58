//! Tracking on a real Postgres: every kind of write leaves exactly the rows it should, the definition changes with what
//! decides who sees what, and policies lead to the tables they read.

mod definition;
mod installing;
mod partitions;
mod policies;
mod storing;
mod writes;

use sojourn_metadata::{Config, Rules};
use sojourn_platform::definition::definition_hash;
use sojourn_platform::{Ident, install};
use sojourn_schema::register::Registration;
use sojourn_schema::{SchemaError, Tracked, db};
use sqlx::PgConnection;
use tokio::sync::Mutex;

use super::registration::{database, drop_database, file};

/// Roles are the cluster's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A short way to write ids: `i(7)`, which is shown as `7`.
const IDS: &str = "CREATE FUNCTION public.i(n int) RETURNS uuid LANGUAGE sql IMMUTABLE
                   RETURN lpad(n::text, 32, '0')::uuid";

/// A database whose changes are tracked.
struct Followed {
    name: &'static str,
    connection: PgConnection,
    yaml: String,
    registration: Registration,
}

impl Followed {
    /// Makes the tables, and tracks the entities (in YAML's flow style).
    async fn begin(name: &'static str, sql: &'static str, yaml: &str) -> Self {
        let mut connection = database(name, IDS).await;
        sqlx::raw_sql(sql).execute(&mut connection).await.expect("the tables are made");
        let registration = check(&mut connection, yaml).await.expect("it is accepted");
        set_up(&mut connection).await;
        let mut followed = Self { name, connection, yaml: yaml.to_owned(), registration };
        followed.track().await.expect("it is installed");
        followed
    }

    async fn end(self) {
        drop_database(self.name, self.connection).await;
    }

    /// Checks and tracks again.
    async fn track(&mut self) -> Result<Tracked, SchemaError> {
        self.registration = check(&mut self.connection, &self.yaml).await?;
        sojourn_schema::track(&mut self.connection, &self.registration).await
    }

    /// Runs statements, each by itself as a client would.
    async fn run(&mut self, statements: &str) {
        for statement in statements.split(";\n") {
            #[expect(clippy::disallowed_methods, reason = "a test's own words")]
            let run = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
            let run = run.execute(&mut self.connection).await;
            run.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// What statements leave in the log: table and id, in order. `*` is everything.
    async fn noted(&mut self, statements: &str) -> Vec<String> {
        self.run("DELETE FROM sojourn.tracking").await;
        self.run(statements).await;
        sqlx::query_scalar(
            "SELECT format('%s %s', s.name, CASE l.object_id WHEN public.i(0) THEN '*'
                                            ELSE ltrim(replace(l.object_id::text, '-', ''), '0') END)
               FROM sojourn.tracking l JOIN sojourn.tracked_table s USING (stream)
              ORDER BY s.name COLLATE \"C\", l.object_id",
        )
        .fetch_all(&mut self.connection)
        .await
        .expect("the log can be read")
    }

    /// Asserts what statements leave in the log.
    async fn assert_noted(&mut self, statements: &str, expected: &[&str]) {
        assert_eq!(self.noted(statements).await, expected, "{statements}");
    }

    /// The rules, with the numbers that the service finds.
    async fn rules(&mut self) -> Result<Rules, SchemaError> {
        let numbers = db::stream::numbers(&mut self.connection, &self.registration.streams).await?;
        Ok(self.registration.rules(&numbers))
    }

    async fn definition(&mut self) -> String {
        let watched = self.registration.watched();
        definition_hash(&mut self.connection, "case_user", watched).await.expect("it can be read")
    }

    /// The name of the stream of this number: its table, and its column in brackets.
    async fn stream(&mut self, number: i32) -> String {
        sqlx::query_scalar(
            "SELECT name || coalesce('(' || key_column || ')', '') FROM sojourn.tracked_table WHERE stream = $1",
        )
        .bind(number)
        .fetch_one(&mut self.connection)
        .await
        .expect("it has a row")
    }
}

async fn check(connection: &mut PgConnection, yaml: &str) -> Result<Registration, SchemaError> {
    let wanted = Config::parse(&file(yaml)).expect("a good file");
    sojourn_schema::check(connection, &wanted).await
}

/// Installs Sojourn, or migrates what there is.
pub(super) async fn set_up(connection: &mut PgConnection) {
    let _one_at_a_time = ONE_AT_A_TIME.lock().await;
    let acting_role = Ident::new("case_user").expect("a name");
    install::install(connection, &acting_role, None).await.expect("it is installed");
}
