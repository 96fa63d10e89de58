//! Sessions that were left in the middle for so long that the store has dropped their files: what was PostSynced is not
//! sent again, and nobody waits for what does not come any more.

use async_nats::jetstream;
use sojourn_agent::store::Store;
use sojourn_sample_crm::People;
use sojourn_wire::streams;
use uuid::Uuid;

use super::ledger::entries;
use super::moving::Agent;
use super::running::{LONG, Running, through_link};
use crate::support::{World, WorldPlan, machine, run, until};

/// Slow enough to be caught at any batch.
const BYTES_PER_SECOND: u64 = 200_000;
/// Makes a later session of many batches.
const CHANGE: &str = "UPDATE crm.contact SET city = 'Elsewhere' WHERE $1::uuid IS NOT NULL";

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// Drops every file in the store, as their age would.
async fn drop_files(world: &World) {
    let context = jetstream::new(world.stack.administrator().clone());
    let stream = context.get_stream(streams::BATCH.name).await.expect("the store");
    let dropped = stream.purge().await.expect("it is emptied").purged;
    assert!(dropped > 0, "nothing was in the store");
}

/// Returns when export has nothing to do before the device asks for more, and the device has something to fetch.
async fn until_it_waits_for_the_device(world: &World) {
    until("files that wait for the device", LONG, async || {
        let left = world.stack.streams_left().await.expect("the streams");
        let settled = !left.contains_key("REQ") && !left.contains_key("JOBS");
        (settled && left.contains_key("BATCH")).then_some(())
    })
    .await;
}

#[test]
fn a_session_whose_files_are_gone_goes_on_with_what_was_not_post_synced() {
    run(async {
        let mut world = WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(40)).start().await;
        let link = through_link(&mut world, 0).await;
        link.throttle(BYTES_PER_SECOND);
        let agent = Running::start(&world.devices[0], &["go-offline"]);
        agent.until_batch(5).await;
        agent.kill();
        link.heal();
        until_it_waits_for_the_device(&world).await;
        drop_files(&world).await;
        let before = entries(&world, 0).await;
        assert!(before.settled > 0 && before.waiting > 0, "{before:?}");
        let answer = world.devices[0].run(&["go-offline"]).await.expect(0);
        let moved = ["rows", "retries"].map(|name| answer["data"][name].as_u64());
        assert_eq!(moved, [Some(before.waiting), Some(0)], "{answer}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

/// An agent that is frozen in the middle of a session finds its files gone when it wakes, and begins anew by itself.
async fn begins_anew(world: &World, agent: &mut Agent) {
    agent.freeze();
    until_it_waits_for_the_device(world).await;
    drop_files(world).await;
    agent.thaw();
    assert!(agent.ended().await, "{}", agent.words());
    let answer = agent.words();
    let answer: serde_json::Value = serde_json::from_str(answer.lines().last().expect("an answer")).expect("JSON");
    assert_eq!(answer["data"]["retries"].as_u64(), Some(1), "{answer}");
    world.assert_converged(0).await;
}

/// Returns when another session than `before` has so many batches on the device.
async fn until_another(store: &Store, before: Option<Uuid>, batches: u32) {
    let under_way = || store.session().expect("the session is read").filter(|session| !session.finished);
    until("a session in its middle", LONG, async || {
        under_way().filter(|session| Some(session.id) != before && session.last_batch >= batches).map(drop)
    })
    .await;
}

#[test]
fn an_agent_that_finds_its_files_gone_begins_anew_and_completes() {
    run(async {
        let machine = tokio::task::spawn_blocking(machine).await.expect("the tools are found");
        let mut world = WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(10)).start().await;
        let link = through_link(&mut world, 0).await;
        link.throttle(BYTES_PER_SECOND);
        let store = Store::open(&world.devices[0].database()).expect("the database opens");

        let mut agent = Agent::start(&machine, &world.devices[0], &["go-offline"]);
        until_another(&store, None, 4).await;
        begins_anew(&world, &mut agent).await;

        let user = world.devices[0].user_id;
        assert!(world.sql(CHANGE, user).await > 0);
        let first = store.session().expect("the session is read").map(|session| session.id);
        let mut agent = Agent::start(&machine, &world.devices[0], &["sync"]);
        until_another(&store, first, 2).await;
        begins_anew(&world, &mut agent).await;
        world.stop().await;
    });
}
