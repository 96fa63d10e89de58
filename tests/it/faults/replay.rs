//! Replay killed and frozen while devices play back what their users did.

use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sojourn_sample_crm::People;
use sojourn_wire::Service;
use uuid::Uuid;

use super::audit::{assert_once_and_in_order, effects, install, work};
use super::ledger::hand_out_again_soon;
use super::running::{LONG, Running};
use crate::support::{World, WorldPlan, run, until};

const SEED: u64 = 3;
/// Operations of each device: several chunks.
const OPERATIONS: u64 = 500;
const USERS: [fn(&People) -> Uuid; 3] = [|people| people.sales[0].id, |people| people.sales[1].id, |p| p.manager.id];

/// Devices that have worked offline, and a witness of what becomes of it.
async fn worked_offline() -> World {
    let world = WorldPlan::of(&USERS).start().await;
    hand_out_again_soon(&world.stack).await;
    install(&world).await;
    join_all(world.devices.iter().map(async |device| {
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        work(device, OPERATIONS);
    }))
    .await;
    world
}

/// Waits for the agents, and asserts that nothing was lost, doubled or out of order.
async fn assert_played_back(world: &World, agents: Vec<Running>) {
    for ran in join_all(agents.into_iter().map(Running::ended)).await {
        assert_eq!(ran.verdicts("applied"), OPERATIONS, "{ran:?}");
        ran.expect(0);
    }
    for (number, device) in world.devices.iter().enumerate() {
        assert_once_and_in_order(world, device, OPERATIONS).await;
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(number).await;
    }
    assert_eq!(effects(world).await, OPERATIONS * USERS.len() as u64);
}

/// How many of replay's transactions are under way, those that a frozen process holds among them.
async fn under_way(world: &World) -> (i64, i64) {
    sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'active'), count(*) FILTER (WHERE state LIKE 'idle in transaction%')
           FROM pg_stat_activity WHERE application_name = 'sojourn-replay' AND datname = current_database()",
    )
    .fetch_one(world.admin())
    .await
    .expect("the activity")
}

#[test]
fn replay_killed_and_frozen_at_random_moments_applies_each_operation_once_and_in_order() {
    run(async {
        println!("seed {SEED}");
        let mut chance = ChaCha8Rng::seed_from_u64(SEED);
        let mut world = worked_offline().await;
        let agents: Vec<_> = world.devices.iter().map(|device| Running::start(device, &["go-online"])).collect();
        let mut seen = 0;
        for _ in 0..2 {
            seen += chance.random_range(1..=OPERATIONS / 2);
            until("more effects", LONG, async || (effects(&world).await >= seen).then_some(())).await;
            println!("killed after {seen} effects");
            world.stack.service(Service::Replay).kill();
            world.stack.service(Service::Replay).start().await.expect("it starts again");
        }
        seen += chance.random_range(1..=OPERATIONS / 2);
        until("more effects", LONG, async || (effects(&world).await >= seen).then_some(())).await;
        world.stack.service(Service::Replay).freeze();
        // What Postgres was asked before goes on; then nothing moves.
        until("standstill", LONG, async || (under_way(&world).await.0 == 0).then_some(())).await;
        println!("frozen after {seen} effects, {} transactions open", under_way(&world).await.1);
        world.stack.service(Service::Replay).thaw();
        assert_played_back(&world, agents).await;
        world.stop().await;
    });
}

#[test]
fn a_replay_that_is_frozen_until_another_did_its_work_applies_nothing_when_it_wakes() {
    run(async {
        let mut world = worked_offline().await;
        let agents: Vec<_> = world.devices.iter().map(|device| Running::start(device, &["go-online"])).collect();
        until("replay at work", LONG, async || (under_way(&world).await != (0, 0)).then_some(())).await;
        world.stack.service(Service::Replay).freeze();
        world.stack.add_replica(Service::Replay).await.expect("a second replay");
        let ended = join_all(agents.into_iter().map(Running::ended)).await;
        world.stack.service(Service::Replay).thaw();
        for ran in ended {
            assert_eq!(ran.verdicts("applied"), OPERATIONS, "{ran:?}");
        }
        assert_played_back(&world, Vec::new()).await;
        world.stop().await;
    });
}
