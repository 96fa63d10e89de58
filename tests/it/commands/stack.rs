//! A stack that cannot be is refused before anything is made: wrong configurations and databases, through the real
//! command line.

use std::net::TcpListener;

use sqlx::{Connection as _, PgConnection};

use super::{assert_refused, ran, sojourn_dev};
use crate::support::{Ran, run, shared};

const TEMPLATE: &str = "crm_template";
const USER: &str = "00000000-0000-0000-0000-000000000001";

/// Runs `stack` with this file on this database.
async fn stack(yaml: &str, url: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("sojourn.yaml");
    std::fs::write(&config, yaml).expect("the folder can be written");
    let config = config.display().to_string();
    ran(sojourn_dev(&["stack", "--json", "--user", USER, "--config", &config, "--database-url", url])).await
}

fn file(acting_role: &str, entities: &str) -> String {
    format!("dataset: crm\nacting_role: {acting_role}\nschema: crm\nentities: [{entities}]")
}

/// Asserts that nothing of ours is in a database.
async fn assert_untouched(url: &str) {
    let mut connection = PgConnection::connect(url).await.expect("a connection");
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'sojourn'";
    let made: i64 = sqlx::query_scalar(made).fetch_one(&mut connection).await.expect("a count");
    assert_eq!(made, 0, "the schema sojourn was made");
    connection.close().await.expect("it closes");
}

#[test]
fn a_configuration_that_does_not_fit_the_database_is_refused_and_makes_nothing() {
    run(async {
        let (name, postgres) = ("stack_refused", &shared().await.postgres);
        let url = postgres.create_database(name, Some(TEMPLATE)).await.expect("a database");
        let wrong: [(String, &[&str]); 8] = [
            (file("sojourn_user", "{name: acount}"), &["acount", "did you mean crm.account?", "nothing was changed"]),
            (file("sojourn_user", "{name: team_member}"), &["team_member", "2 columns (user_id, team_id)", "uuid"]),
            (file("sojourn_user", "{name: role}"), &["row-level security is off", "ALTER TABLE \"crm\".\"role\""]),
            (file("crm_owner", "{name: account}"), &["belongs to the acting role \"crm_owner\""]),
            (file("nobody_at_all", "{name: account}"), &["CREATE ROLE \"nobody_at_all\" NOLOGIN"]),
            ("entities: [".to_owned(), &["sojourn.yaml"]),
            ("dataset: crm\nentities: []".to_owned(), &["name at least one table"]),
            ("dataset: a.b\nentities: [{name: account}]".to_owned(), &["dataset", "a.b", "characters"]),
        ];
        for (yaml, words) in wrong {
            let refused = stack(&yaml, &url).await;
            assert_refused(&refused, 1, words);
            let report = refused.answer.get("nats_url");
            assert_eq!(report, None, "a script is not told of a stack that is not there");
            assert_untouched(&url).await;
        }
        postgres.drop_database(name).await.expect("the database is dropped");
    });
}

#[test]
fn a_configuration_that_is_not_there_is_named() {
    run(async {
        let url = shared().await.postgres.url_for(TEMPLATE);
        let args = ["stack", "--config", "/nowhere/sojourn.yaml", "--database-url", &url, "--user", USER];
        assert_refused(&ran(sojourn_dev(&args)).await, 1, &["cannot read", "/nowhere/sojourn.yaml"]);
    });
}

#[test]
fn a_database_that_cannot_be_reached_is_named_without_its_password() {
    run(async {
        let postgres = &shared().await.postgres;
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
        let here = format!("127.0.0.1:{}", postgres.port());
        let yaml = file("sojourn_user", "{name: account}");
        let cases = [
            (postgres.url_for("no_such_db"), vec![here.clone(), "\"no_such_db\" does not exist".to_owned()]),
            (format!("postgres://me:hunter2@{gone}/crm"), vec![gone.to_string(), "refused".to_owned()]),
            (format!("postgres://me:hunter2@{here}/crm"), vec![here, "password authentication failed".to_owned()]),
        ];
        for (url, words) in cases {
            let answer = stack(&yaml, &url).await;
            assert_refused(&answer, 1, &["cannot connect to Postgres at"]);
            assert_refused(&answer, 1, &words.iter().map(String::as_str).collect::<Vec<_>>());
            assert!(!answer.talk.contains("hunter2"), "{}", answer.talk);
        }
    });
}
