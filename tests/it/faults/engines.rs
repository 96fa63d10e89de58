//! NATS and Postgres killed in the middle of a load.

use sojourn_dev::instances::{Postgres, PostgresOptions};
use sojourn_dev::stack::{Database, StackPlan};
use sojourn_sample_crm::{People, Plan};
use sqlx::PgPool;
use uuid::Uuid;

use super::ledger::hand_out_again_soon;
use super::running::{Running, through_link};
use crate::support::{World, WorldPlan, machine, run};

const BYTES_PER_SECOND: u64 = 200_000;

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// A Postgres for one world alone, with the same people and rows.
pub async fn own_postgres(name: &str) -> Postgres {
    let machine = tokio::task::spawn_blocking(machine).await.expect("the tools are found");
    // A commit must outlive the process; that it would not outlive the machine is all the same here.
    let settings = vec![("synchronous_commit".to_owned(), "on".to_owned())];
    let options = PostgresOptions { settings, ..PostgresOptions::default() };
    let postgres = Postgres::start(&machine.tools, &machine.reaper, options).await.expect("Postgres");
    let url = postgres.create_database(name, None).await.expect("a database");
    let pool = PgPool::connect(&url).await.expect("a connection");
    sojourn_sample_crm::install(&pool).await.expect("the sample's tables");
    sojourn_sample_crm::generate(&pool, &Plan::new(7, 12, 500), |_| ()).await.expect("the sample's rows");
    pool.close().await;
    postgres
}

/// An agent in the middle of a first load.
async fn in_the_middle(world: &mut World) -> Running {
    hand_out_again_soon(&world.stack).await;
    let link = through_link(world, 0).await;
    link.throttle(BYTES_PER_SECOND);
    let agent = Running::start(&world.devices[0], &["go-offline"]);
    agent.until_batch(3).await;
    agent
}

/// The run that was under way may have given up; then the next one completes.
async fn completes(world: &World, agent: Running) {
    let ran = agent.ended().await;
    println!("the run under way ended with {:?} {}", ran.code, ran.talk);
    if ran.code != Some(0) {
        world.devices[0].run(&["go-offline"]).await.expect(0);
    }
    world.assert_converged(0).await;
}

#[test]
fn a_load_survives_the_death_of_nats() {
    run(async {
        let mut world = WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(100)).start().await;
        let agent = in_the_middle(&mut world).await;
        world.stack.nats().kill();
        world.stack.nats().restart().await.expect("it starts again");
        completes(&world, agent).await;
        world.stop().await;
    });
}

#[test]
fn a_load_survives_the_death_of_postgres() {
    run(async {
        let name = "crm".to_owned();
        let postgres = own_postgres(&name).await;
        let database = Database::Own { postgres, name };
        let plan = WorldPlan::of(&[sales]).with(|plan| StackPlan { database, ..plan.batch_rows(100) });
        let mut world = plan.start().await;
        let agent = in_the_middle(&mut world).await;
        let postgres = world.stack.postgres().expect("it is the stack's own");
        postgres.kill().await;
        postgres.restart().await.expect("it starts again");
        completes(&world, agent).await;
        world.stop().await;
    });
}
