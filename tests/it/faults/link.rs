//! A link that is cut at the worst moments.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sojourn_dev::stack::Link;
use sojourn_sample_crm::People;
use uuid::Uuid;

use super::audit::{assert_once_and_in_order, effects, install, work};
use super::ledger::{Entries, entries, until_blocked};
use super::running::{LONG, Running, through_link};
use crate::support::{Device, Ran, WorldPlan, run, until};

const SEED: u64 = 8;
const CUTS: usize = 7;
/// Agents here give up soon, so that they are run again.
const IMPATIENT: [&str; 2] = ["--patience", "2"];

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// Runs the agent on a link that is cut after so many bytes, and heals it when the agent has given up, or got through.
async fn run_until_cut(device: &Device, link: &Link, command: &str, bytes: u64) -> Ran {
    link.cut_after(bytes);
    let ran = Running::start(device, &[&[command], &IMPATIENT[..]].concat()).ended().await;
    link.heal();
    ran
}

#[test]
fn a_first_load_on_a_link_that_is_cut_again_and_again_sends_nothing_twice() {
    run(async {
        println!("seed {SEED}");
        let mut chance = ChaCha8Rng::seed_from_u64(SEED);
        let mut world = WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(100)).start().await;
        let link = through_link(&mut world, 0).await;
        let mut before = Entries { settled: 0, waiting: 0 };
        for _ in 0..CUTS {
            let bytes = chance.random_range(1_000..60_000);
            let ran = run_until_cut(&world.devices[0], &link, "go-offline", bytes).await;
            let after = entries(&world, 0).await;
            println!("cut after {bytes} bytes: {after:?}, exit code {:?}", ran.code);
            assert!(after.settled >= before.settled, "what was PostSynced stays so: {before:?}, {after:?}");
            before = after;
        }
        let answer = world.devices[0].run(&["go-offline"]).await.expect(0);
        assert_eq!(answer["data"]["rows"].as_u64(), Some(before.waiting), "{before:?}");
        assert!(before.settled > 0, "nothing was PostSynced before the last run: cut later");
        let whole = before.settled + before.waiting;
        assert_eq!(entries(&world, 0).await, Entries { settled: whole, waiting: 0 });
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_link_cut_again_and_again_while_playing_back_applies_each_operation_once() {
    run(async {
        println!("seed {SEED}");
        let mut chance = ChaCha8Rng::seed_from_u64(SEED);
        let mut world = WorldPlan::of(&[sales]).start().await;
        let link = through_link(&mut world, 0).await;
        install(&world).await;
        let device = &world.devices[0];
        device.run(&["go-offline"]).await.expect(0);
        let mut operations = 0;
        for _ in 0..CUTS {
            work(device, 30);
            operations += 30;
            let bytes = chance.random_range(4_000..20_000);
            let ran = run_until_cut(device, &link, "sync", bytes).await;
            println!("cut after {bytes} bytes: exit code {:?}", ran.code);
        }
        device.run(&["go-online"]).await.expect(0);
        assert_once_and_in_order(&world, device, operations).await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn an_operation_whose_answer_was_lost_is_applied_once_and_gets_its_verdict() {
    const OPERATIONS: u64 = 40;
    run(async {
        let mut world = WorldPlan::of(&[sales]).start().await;
        let link = through_link(&mut world, 0).await;
        install(&world).await;
        let device = &world.devices[0];
        device.run(&["go-offline"]).await.expect(0);
        work(device, OPERATIONS);
        // Nobody can write tasks until the link is cut: the answer comes too late for this agent, surely.
        let mut lock = world.admin().begin().await.expect("a transaction");
        sqlx::raw_sql("LOCK TABLE crm.task IN SHARE MODE").execute(&mut *lock).await.expect("the lock");
        let agent = Running::start(device, &[&["go-online"], &IMPATIENT[..]].concat());
        until_blocked(&world, "sojourn-replay").await;
        link.cut();
        lock.rollback().await.expect("the end of the lock");
        until("the effect", LONG, async || (effects(&world).await == OPERATIONS).then_some(())).await;
        agent.ended().await.expect(1);
        link.heal();
        let online = device.run(&["go-online"]).await;
        assert_eq!(online.verdicts("applied"), OPERATIONS, "{online:?}");
        online.expect(0);
        assert_once_and_in_order(&world, device, OPERATIONS).await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}
