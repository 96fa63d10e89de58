//! The agent killed at every step of a load.

use sojourn_platform::sql::Sql;
use sojourn_sample_crm::People;
use uuid::Uuid;

use super::ledger::{Entries, entries, entry_table, until_blocked};
use super::running::{Running, through_link};
use crate::support::{World, WorldPlan, run};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// Slow enough to be caught at any batch.
const BYTES_PER_SECOND: u64 = 200_000;

/// The second run of a device that has an agent killed in the first: it moves exactly what was not settled.
async fn goes_on(world: &World, device: usize, whole: u64) -> Entries {
    let before = entries(world, device).await;
    let answer = world.devices[device].run(&["go-offline"]).await.expect(0);
    let sent = answer["data"]["rows"].as_u64().expect("a count");
    assert_eq!(sent, whole - before.settled, "{before:?}: what was PostSynced is not sent again, and all else is");
    world.assert_converged(device).await;
    assert_eq!(entries(world, device).await, Entries { settled: whole, waiting: 0 });
    before
}

#[test]
fn an_agent_killed_at_every_step_of_a_load_goes_on_where_it_was() {
    run(async {
        let user: fn(&People) -> Uuid = sales;
        let plan = WorldPlan::of(&[user; 6]).with(|plan| plan.batch_rows(100));
        let mut world = plan.start().await;
        let undisturbed = &world.devices[0];
        undisturbed.init().await;
        let answer = undisturbed.run(&["go-offline"]).await.expect(0);
        let rows = answer["data"]["rows"].as_u64().expect("a count");
        let batches = u32::try_from(answer["data"]["batches"].as_u64().expect("a count")).expect("a small count");
        assert!(batches >= 8, "{batches} batches are too few to be killed between");
        for (device, batch) in [1, 2, batches / 2, batches - 1].into_iter().enumerate() {
            let device = device + 1;
            let link = through_link(&mut world, device).await;
            link.throttle(BYTES_PER_SECOND);
            let agent = Running::start(&world.devices[device], &["go-offline"]);
            let caught = agent.until_batch(batch).await;
            agent.kill();
            println!("killed at batch {} of {batches}", caught.last_batch);
            link.heal();
            let before = goes_on(&world, device, rows).await;
            assert_eq!(before.settled + before.waiting, rows, "nothing was lost from the list");
        }
        killed_during_prepare(&world, 5, rows).await;
        world.stop().await;
    });
}

/// Holds the lock that every PrepareSync takes first, so that the agent is surely killed while it waits.
async fn killed_during_prepare(world: &World, device: usize, rows: u64) {
    world.devices[device].init().await;
    let table = entry_table(world, device).await;
    let mut lock = world.admin().begin().await.expect("a transaction");
    let statement = Sql::new("LOCK TABLE sojourn.").ident(&table).raw(" IN SHARE ROW EXCLUSIVE MODE");
    sqlx::query(statement.into_sqlx()).execute(&mut *lock).await.expect("the lock");
    let agent = Running::start(&world.devices[device], &["go-offline"]);
    until_blocked(world, "sojourn-prepare").await;
    agent.kill();
    lock.rollback().await.expect("the end of the lock");
    goes_on(world, device, rows).await;
}
