//! Duplicate rules on a real Postgres: the indexes that a registration makes, that the generated statements use them, and
//! that nobody learns of rows that are not theirs.

mod found;
mod indexes;
mod plans;

use sojourn_metadata::Config;
use sojourn_platform::Identity;
use sojourn_platform::acting::{become_service, become_user};
use sojourn_platform::entities::Published;
use sojourn_platform::sql::Ident;
use sojourn_replay::db::duplicate::duplicates_of;
use sojourn_replay::duplicates::Written;
use sojourn_schema::register::Registration;
use sojourn_schema::{Indexed, SchemaError};
use sojourn_wire::message::operation::{FieldValue, RowCommand};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::registration::{database, drop_database, file};
use super::tracking::set_up;

/// A row is its owner's, or everybody's.
const SQL: &str = "
    SET ROLE case_owner;
    CREATE TABLE crm.contact (id uuid PRIMARY KEY, owner uuid, email varchar(200), last_name text COLLATE \"C\", born date,
                              code char(6), notes text);
    CREATE TABLE crm.lead (id uuid PRIMARY KEY, owner uuid, full_name text COLLATE \"POSIX\", born date);
    ALTER TABLE crm.contact ENABLE ROW LEVEL SECURITY;
    ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON crm.contact USING (owner IS NULL OR owner::text = current_setting('sojourn.user_id', true));
    CREATE POLICY own ON crm.lead USING (owner IS NULL OR owner::text = current_setting('sojourn.user_id', true));
    GRANT SELECT, INSERT, UPDATE, DELETE ON crm.contact, crm.lead TO case_user;
    RESET ROLE";

const ENTITIES: &str = "[{name: contact, type_code: 2}, {name: lead, type_code: 4}]";

const MAIL: &str = "{name: mail, entity: contact, when: [{attribute: email, by: ignoring_case_and_spaces}]}";
const NAME: &str = "{name: name, entity: contact, matches: lead, when: [
    {attribute: last_name, with: full_name, by: first, characters: 4}, {attribute: born}]}";
const CODE: &str = "{name: code, entity: contact, when: [{attribute: code}, {attribute: born}]}";

/// A database whose duplicates are found.
struct Guarded {
    name: &'static str,
    connection: PgConnection,
    registration: Registration,
}

impl Guarded {
    /// Makes the tables, and registers them with these rules.
    async fn begin(name: &'static str, rules: &[&str]) -> Self {
        let mut connection = database(name, SQL).await;
        let registration = check(&mut connection, rules).await.expect("it is accepted");
        set_up(&mut connection).await;
        let mut guarded = Self { name, connection, registration };
        guarded.register(rules).await;
        guarded
    }

    async fn end(self) {
        drop_database(self.name, self.connection).await;
    }

    /// Registers again, with these rules; what was done about indexes, and what was said meanwhile.
    async fn register(&mut self, rules: &[&str]) -> (Indexed, Vec<String>) {
        self.registration = check(&mut self.connection, rules).await.expect("it is accepted");
        sojourn_schema::track(&mut self.connection, &self.registration).await.expect("it is tracked");
        let told = std::sync::Mutex::new(Vec::new());
        let progress = |doing: &str| told.lock().expect("nobody failed").push(doing.to_owned());
        let indexed = sojourn_schema::index(&mut self.connection, &self.registration, &progress).await;
        (indexed.expect("indexes are made"), told.into_inner().expect("nobody failed"))
    }

    async fn run(&mut self, statements: &'static str) {
        sqlx::raw_sql(statements).execute(&mut self.connection).await.expect("the statements run");
    }

    fn metadata(&self) -> Published {
        Published::new(1, self.registration.metadata.clone()).expect("good names")
    }

    /// What written rows are taken for: position, rule, and the candidates with their values.
    async fn duplicates(&mut self, written: &[Written<'_>]) -> Vec<(usize, String, Vec<(Uuid, String)>)> {
        let (metadata, rules) = (self.metadata(), self.registration.replay.clone());
        let identity = me();
        self.run("SET SESSION AUTHORIZATION sojourn_service").await;
        let mut tx = self.connection.begin().await.expect("a transaction");
        become_user(&mut tx, &identity).await.expect("it takes");
        sqlx::raw_sql("SAVEPOINT unit").execute(&mut *tx).await.expect("a savepoint");
        let found = duplicates_of(&mut tx, &metadata, &rules, written, &identity).await.expect("it is found out");
        let role: String =
            sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut *tx).await.expect("there is one");
        assert_eq!(role, "case_user", "it acts as the user again");
        become_service(&mut tx).await.expect("it takes");
        tx.rollback().await.expect("it ends");
        self.run("RESET SESSION AUTHORIZATION").await;
        let value = |(name, value): (String, FieldValue)| match value {
            FieldValue::Text(text) => format!("{name}={text}"),
            other => format!("{name}={other:?}"),
        };
        let found = found.into_iter().map(|(position, found)| {
            let told = found.candidates.into_iter().map(|candidate| {
                let values: Vec<String> = candidate.values.into_iter().map(value).collect();
                (candidate.object_id, format!("{} {}", candidate.object_type_code, values.join(" ")))
            });
            (position, found.rule, told.collect())
        });
        found.collect()
    }
}

async fn check(connection: &mut PgConnection, rules: &[&str]) -> Result<Registration, SchemaError> {
    let yaml = format!("{ENTITIES}\nreplay: {{duplicates: [{}]}}", rules.join(", "));
    let wanted = Config::parse(&file(&yaml)).expect("a good file");
    sojourn_schema::check(connection, &wanted).await
}

/// The user.
fn me() -> Identity {
    Identity { user_id: i(1), acting_role: Ident::new("case_user").expect("a name") }
}

fn i(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn created(n: u128) -> Written<'static> {
    let attributes = Vec::new();
    Written { object_id: i(n), entity: "contact", command: RowCommand::Create, attributes, create_anyway: false }
}

fn updated(n: u128, attribute: &str) -> Written<'static> {
    Written { command: RowCommand::Update, attributes: vec![attribute.to_owned()], ..created(n) }
}
