//! What cannot go offline is refused in words that say what to do, and nothing is changed by asking.

use std::collections::BTreeSet;

use sojourn_metadata::{Attribute, Config, Metadata, Relationship};
use sojourn_schema::SchemaError;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::OnceCell;

use crate::support::{run, shared};

#[path = "../../../services/schema/cases/every_type.rs"]
pub mod every_type;
#[path = "../../../services/schema/cases/refusals.rs"]
mod refusals;

use refusals::{CASES, COMMON, Case, HEAD, ROLES};

static ROLES_ARE_THERE: OnceCell<()> = OnceCell::const_new();

/// Makes a database from nothing but these statements, and connects to it as its superuser.
pub async fn database(name: &str, sql: &'static str) -> PgConnection {
    let postgres = &shared().await.postgres;
    let url = postgres.create_database(name, None).await.expect("a database");
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    ROLES_ARE_THERE.get_or_init(async || run_all(&mut connection, ROLES).await).await;
    run_all(&mut connection, COMMON).await;
    run_all(&mut connection, sql).await;
    connection
}

async fn run_all(connection: &mut PgConnection, sql: &'static str) {
    sqlx::raw_sql(sql).execute(connection).await.expect("the statements run");
}

/// Drops it.
pub async fn drop_database(name: &str, connection: PgConnection) {
    connection.close().await.expect("it closes");
    shared().await.postgres.drop_database(name).await.expect("the database is dropped");
}

/// A whole file from the entities of a case.
pub fn file(yaml: &str) -> String {
    if yaml.starts_with("dataset:") { yaml.to_owned() } else { format!("{HEAD}{yaml}") }
}

async fn check(connection: &mut PgConnection, yaml: &str) -> Result<Metadata, SchemaError> {
    let wanted = Config::parse(&file(yaml)).expect("a good file");
    Ok(sojourn_schema::check(connection, &wanted).await?.metadata)
}

/// What is wrong with the answer to a case; nothing, if it is as expected.
fn mismatch(case: &Case, who: &str, answer: &Result<Metadata, SchemaError>) -> Option<String> {
    let problems: Vec<String> = match answer {
        Ok(_) => Vec::new(),
        Err(SchemaError::Refused(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => vec![other.to_string()],
    };
    let pairs = problems.iter().zip(case.problems);
    let fits = problems.len() == case.problems.len() && pairs.into_iter().all(|(said, part)| said.contains(part));
    (!fits).then(|| format!("{} (as {who}): {problems:#?} instead of {:#?}", case.name, case.problems))
}

#[test]
fn every_refusal_is_said_in_the_expected_words_and_changes_nothing() {
    run(async {
        let mut wrong = Vec::new();
        for (number, case) in CASES.iter().enumerate() {
            let name = format!("case_{number}");
            let mut connection = database(&name, case.sql).await;
            wrong.extend(mismatch(case, "superuser", &check(&mut connection, case.yaml).await));
            run_all(&mut connection, "SET SESSION AUTHORIZATION case_admin").await;
            wrong.extend(mismatch(case, "somebody", &check(&mut connection, case.yaml).await));
            run_all(&mut connection, "RESET SESSION AUTHORIZATION").await;
            let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'sojourn'";
            let made: i64 = sqlx::query_scalar(made).fetch_one(&mut connection).await.expect("a count");
            assert_eq!(made, 0, "{}: something was made", case.name);
            drop_database(&name, connection).await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn a_table_of_every_type_registers_with_its_attributes_and_relationships() {
    run(async {
        let name = "case_every_type";
        let mut connection = database(name, every_type::SQL).await;
        let metadata = check(&mut connection, every_type::YAML).await.expect("it is accepted");
        let every = metadata.entity("every").expect("it is there");
        let told = |attribute: &Attribute| {
            (attribute.name.clone(), format!("{:?}", attribute.data_type), attribute.sql_type.clone())
        };
        let owned = |(name, kind, spelling): &(&str, &str, &str)| {
            ((*name).to_owned(), (*kind).to_owned(), (*spelling).to_owned())
        };
        let attributes: Vec<_> = every.attributes.iter().map(told).collect();
        assert_eq!(attributes, every_type::ATTRIBUTES.iter().map(owned).collect::<Vec<_>>());

        let of_entity = |entity: &sojourn_metadata::Entity| {
            let told = |to: &Relationship| {
                (entity.name.clone(), to.attribute.clone(), to.target.clone(), format!("{:?}", to.on_delete))
            };
            entity.relationships.iter().map(told).collect::<Vec<_>>()
        };
        let relationships: BTreeSet<_> = metadata.entities.iter().flat_map(of_entity).collect();
        let owned = |(entity, attribute, target, rule): &(&str, &str, &str, &str)| {
            ((*entity).to_owned(), (*attribute).to_owned(), (*target).to_owned(), (*rule).to_owned())
        };
        assert_eq!(relationships, every_type::RELATIONSHIPS.iter().map(owned).collect());
        drop_database(name, connection).await;
    });
}
