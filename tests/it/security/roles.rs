//! What the database's roles may do without acting as a user: next to nothing.

use sojourn_platform::sql::{Ident, Sql};
use sqlx::PgConnection;

use crate::support::{World, WorldPlan, run, service_pool};

const DENIED: &str = "42501";

/// The tables of a schema.
async fn tables(world: &World, schema: &str) -> Vec<[Ident; 2]> {
    let names = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm')";
    let names: Vec<(String, String)> =
        sqlx::query_as(names).bind(schema).fetch_all(world.admin()).await.expect("names");
    let ident = |name: &str| Ident::new(name).expect("a name");
    names.iter().map(|(schema, table)| [ident(schema), ident(table)]).collect()
}

/// The code of Postgres' refusal to read, or none if it was read.
async fn refusal(connection: &mut PgConnection, [schema, table]: &[Ident; 2]) -> Option<String> {
    let read = Sql::new("SELECT FROM ").table(schema, table).raw(" LIMIT 1");
    let error = sqlx::query(read.into_sqlx()).execute(connection).await.err()?;
    Some(error.as_database_error().and_then(|error| error.code()).expect("Postgres says why").into_owned())
}

#[test]
fn the_services_login_owns_nothing_and_is_nobody_special() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let owned: Vec<String> = sqlx::query_scalar(
            "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
              WHERE refclassid = 'pg_authid'::regclass AND refobjid = 'sojourn_service'::regrole AND deptype = 'o'
                AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))",
        )
        .fetch_all(world.admin())
        .await
        .expect("the catalog can be read");
        assert_eq!(owned, Vec::<String>::new());
        let powers: Vec<String> = sqlx::query_scalar(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('sojourn_service', 'sojourn_user', 'sojourn_owner')
                AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
                     OR rolcanlogin <> (rolname = 'sojourn_service') OR (rolinherit AND rolname = 'sojourn_service'))",
        )
        .fetch_all(world.admin())
        .await
        .expect("the catalog can be read");
        assert_eq!(powers, Vec::<String>::new());
        world.stop().await;
    });
}

#[test]
fn the_services_login_reads_no_user_table_without_acting() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let pool = service_pool(&world).await;
        let mut service = pool.acquire().await.expect("a connection");
        let tables = tables(&world, "crm").await;
        assert!(tables.len() >= 16, "{tables:?}");
        for table in &tables {
            assert_eq!(refusal(&mut service, table).await.as_deref(), Some(DENIED), "{table:?}");
        }
        drop(service);
        pool.close().await;
        world.stop().await;
    });
}

#[test]
fn users_see_nothing_of_what_sojourn_keeps() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        world.devices[0].init().await;
        world.devices[0].run(&["go-offline"]).await.expect(0);
        let pool = service_pool(&world).await;
        let mut service = pool.acquire().await.expect("a connection");
        let tables = tables(&world, "sojourn").await;
        assert!(tables.iter().any(|[_, name]| name.name().starts_with("sync_entry_")), "{tables:?}");
        sqlx::query("SET ROLE sojourn_user").execute(&mut *service).await.expect("the service may act");
        for table in &tables {
            assert_eq!(refusal(&mut service, table).await.as_deref(), Some(DENIED), "{table:?}");
        }
        let made = sqlx::query("SELECT sojourn.sync_entry_create(99)").execute(&mut *service).await;
        assert!(made.is_err(), "and calls no function of it");
        drop(service);
        pool.close().await;
        world.stop().await;
    });
}
