//! The service stores the rules with the metadata, as its own login.

use sojourn_metadata::replay::{ConflictPolicy, ReplayRules};
use sojourn_metadata::{Config, Rules};
use sojourn_schema::check::check_with_definition;
use sojourn_schema::db::{self, InForce};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use sqlx::types::Json;

use super::Followed;
use crate::sql::registration::file;
use crate::support::{run, shared};

const SQL: &str = "
CREATE TABLE crm.member (id int);
CREATE POLICY guard ON crm.account USING (EXISTS (SELECT FROM crm.member));";

/// What the service does at its start.
async fn store(service: &PgPool, yaml: &str) -> i64 {
    let wanted = Config::parse(&file(yaml)).expect("a good file");
    let mut connection = service.acquire().await.expect("a connection");
    let (registration, definition) = check_with_definition(&mut connection, &wanted).await.expect("it is accepted");
    let numbers = db::stream::numbers(&mut connection, &registration.streams).await.expect("all is installed");
    let in_force = InForce::of(&registration, &numbers, definition.clone());
    db::version_store(service, &registration.metadata, &in_force).await.expect("it is stored");
    let stored = "SELECT rules, definition, registration FROM sojourn.dataset";
    let (rules, stored, number): (Json<Rules>, String, i64) =
        sqlx::query_as(stored).fetch_one(service).await.expect("one dataset");
    assert_eq!((rules.0, stored), (in_force.rules, definition));
    number
}

#[test]
fn another_registration_is_counted_and_the_same_is_not() {
    run(async {
        let name = "track_stored";
        let mut db = Followed::begin(name, SQL, "[{name: account}]").await;
        let options: PgConnectOptions = shared().await.postgres.url_for(name).parse().expect("a URL");
        let service = PgPool::connect_with(options.options([("role", "sojourn_service")])).await.expect("connections");
        assert_eq!(store(&service, "[{name: account}]").await, 1);
        assert_eq!(store(&service, "[{name: account}]").await, 1, "nothing is new");
        assert_eq!(store(&service, "[{name: account, users_define: false}]").await, 2, "other rules");
        db.run("GRANT SELECT ON crm.member TO case_login").await;
        assert_eq!(store(&service, "[{name: account, users_define: false}]").await, 3, "another definition");
        service.close().await;
        db.end().await;
    });
}

#[test]
fn rules_of_the_write_path_are_stored_and_leave_what_prepares_go_by() {
    run(async {
        let name = "track_replay_rules";
        let db = Followed::begin(name, SQL, "[{name: account}]").await;
        let options: PgConnectOptions = shared().await.postgres.url_for(name).parse().expect("a URL");
        let service = PgPool::connect_with(options.options([("role", "sojourn_service")])).await.expect("connections");
        let written = async || -> String {
            let select = "SELECT xmin::text FROM sojourn.dataset";
            sqlx::query_scalar(select).fetch_one(&service).await.expect("one dataset")
        };
        store(&service, "[{name: account}]").await;
        let before = written().await;
        let with = "[{name: account}]\nreplay: {conflicts: {account: {policy: last_wins}}}";
        assert_eq!(store(&service, with).await, 1, "it is the same registration");
        assert_eq!(written().await, before);
        let stored: Json<ReplayRules> = sqlx::query_scalar("SELECT rules FROM sojourn.replay_rules")
            .fetch_one(&service)
            .await
            .expect("the rules of one dataset");
        assert_eq!(stored.row_policy("account"), ConflictPolicy::LastWins);
        service.close().await;
        db.end().await;
    });
}
