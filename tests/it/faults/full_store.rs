//! A store of batch files that is too small for everybody at once: export waits, nothing is lost, and all devices are
//! served in the end.

use async_nats::jetstream;
use futures_util::future::join_all;
use sojourn_sample_crm::People;
use sojourn_wire::{Service, streams};
use uuid::Uuid;

use super::running::{LONG, Running};
use crate::support::{World, WorldPlan, run, until};

const SALES: fn(&People) -> Uuid = |people| people.sales[0].id;
const MANAGER: fn(&People) -> Uuid = |people| people.manager.id;
const CEO: fn(&People) -> Uuid = |people| people.ceo.id;

/// Bytes that nothing compresses, a quarter of a megabyte in each: a batch of them has several parts.
const LARGE: &str = "UPDATE crm.annotation SET body = (
        SELECT string_agg(decode(md5(a.id::text || n), 'hex'), '') FROM generate_series(1, 16384) n)
    FROM (SELECT id FROM crm.annotation WHERE owner_id = $1 ORDER BY id LIMIT 8) a WHERE annotation.id = a.id";

/// Gives the store this much room.
async fn room(world: &World, bytes: i64) {
    let context = jetstream::new(world.stack.administrator().clone());
    let stream = context.get_stream(streams::BATCH.name).await.expect("the store");
    let mut config = stream.cached_info().config.clone();
    config.max_bytes = bytes;
    context.update_stream(config).await.expect("the store is changed");
}

/// How often export was told that the store is full.
fn full(world: &World) -> usize {
    let export = world.stack.replicas().filter(|(service, _)| *service == Service::Export);
    let log = |path| std::fs::read_to_string(path).expect("a log");
    export.map(|(_, replica)| log(replica.log()).matches("is full").count()).sum()
}

/// Returns when export has met a full store so many more times.
async fn until_full(world: &World, times: usize) {
    let before = full(world);
    until("a full store", LONG, async || (full(world) >= before + times).then_some(())).await;
}

async fn world(users: &[fn(&People) -> Uuid], batch_rows: u32) -> World {
    let world = WorldPlan::of(users).with(move |plan| plan.batch_rows(batch_rows)).start().await;
    join_all(world.devices.iter().map(|device| device.init())).await;
    world
}

/// All devices go offline at once, while `meanwhile` happens to the store.
async fn all_are_served(world: World, meanwhile: impl AsyncFnOnce(&World)) {
    let agents: Vec<Running> = world.devices.iter().map(|device| Running::start(device, &["go-offline"])).collect();
    meanwhile(&world).await;
    for ran in join_all(agents.into_iter().map(Running::ended)).await {
        let answer = ran.expect(0);
        assert_eq!(answer["data"]["retries"].as_u64(), Some(0), "{answer}");
    }
    println!("the store was full {} times", full(&world));
    for device in 0..world.devices.len() {
        world.assert_converged(device).await;
    }
    world.stop().await;
}

#[test]
fn a_store_too_small_for_all_serves_all_one_after_the_other() {
    run(async {
        let world = world(&[SALES, SALES, MANAGER, CEO], 40).await;
        // The largest file fits, with one or two beside it; four devices may have two each.
        room(&world, 60 * 1024).await;
        all_are_served(world, async |world| until_full(world, 1).await).await;
    });
}

#[test]
fn a_store_that_stays_full_until_it_is_enlarged_holds_everybody_up_and_loses_nothing() {
    run(async {
        let world = world(&[SALES, MANAGER], 100).await;
        room(&world, 512).await;
        all_are_served(world, async |world| {
            until_full(world, 8).await;
            assert!(!world.stack.streams_left().await.expect("the streams").contains_key("BATCH"), "nothing fits");
            room(world, streams::BATCH.max_bytes.expect("a limit")).await;
        })
        .await;
    });
}

#[test]
fn files_of_many_parts_do_not_keep_each_other_out_of_a_store_that_holds_one() {
    run(async {
        let world = world(&[SALES, SALES], 500).await;
        let user = world.devices[0].user_id;
        assert_eq!(world.sql(LARGE, user).await, 8);
        let part = 257 * 1024;
        // The first is refused after three of its eight parts, so often that it does not try again soon.
        room(&world, 3 * part).await;
        let first = Running::start(&world.devices[0], &["go-offline"]);
        until_full(&world, 4).await;
        // Nor does the second come through.
        room(&world, 6 * part).await;
        let second = Running::start(&world.devices[1], &["go-offline"]);
        until_full(&world, 2).await;
        // Now there is room for a whole file, and not for a half beside it.
        room(&world, 9 * part).await;
        for (device, agent) in [first, second].into_iter().enumerate() {
            agent.ended().await.expect(0);
            world.assert_converged(device).await;
        }
        world.stop().await;
    });
}
