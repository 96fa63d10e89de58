//! Batches that arrive broken, and batches whose PostSync never left the device.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sojourn_agent::store::StoreError;
use sojourn_sample_crm::People;
use sojourn_wire::Subject;
use sojourn_wire::message::ack::{Ack, Stage};
use uuid::Uuid;

use super::hand::Hand;
use super::ledger::{Entries, entries};
use crate::support::{World, WorldPlan, run};

const SEED: u64 = 6;
/// How many places of a file are broken, one after the other.
const FLIPS: usize = 24;

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

async fn world() -> World {
    WorldPlan::of(&[sales]).with(|plan| plan.batch_rows(100)).start().await
}

/// Puts another file of one part in the place of a batch's.
async fn replace(world: &World, hand: &Hand, batch: u32, file: Vec<u8>) {
    let device = &world.devices[0];
    let (agent, subscription) = (device.agent.clone(), device.subscription.clone());
    let part = Subject::BatchPart { agent, subscription, session: hand.session, batch, part: 0 };
    let context = async_nats::jetstream::new(world.stack.administrator().clone());
    let stored = context.publish(part.to_string(), file.into()).await.expect("it is sent");
    stored.await.expect("it is stored");
}

#[test]
fn a_batch_with_a_flipped_byte_is_refused_and_changes_nothing() {
    run(async {
        println!("seed {SEED}");
        let mut chance = ChaCha8Rng::seed_from_u64(SEED);
        let world = world().await;
        let mut hand = Hand::begin(&world.devices[0]).await;
        let whole = hand.file(1).await;
        for _ in 0..FLIPS {
            let (at, bit) = (chance.random_range(0..whole.len()), chance.random_range(0..8));
            let mut broken = whole.clone();
            broken[at] ^= 1 << bit;
            replace(&world, &hand, 1, broken).await;
            let error = hand.load(1).await.expect_err("it is refused");
            // A flip in the header may name another session, version or number: refused as well, in other words.
            assert!(!error.to_string().is_empty(), "byte {at}, bit {bit}");
            let in_body = at >= whole.len() / 2;
            assert!(!in_body || matches!(error, StoreError::Batch(_)), "byte {at}, bit {bit}: {error}");
            assert_eq!(held(&hand), (0, 0), "byte {at}, bit {bit}: {error}");
        }
        drop(hand);
        world.devices[0].run(&["go-offline"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

/// The last batch that is in the tables, and how many rows these have.
fn held(hand: &Hand) -> (u32, u64) {
    let session = hand.store.session().expect("the session").expect("it began");
    let (_, metadata) = hand.store.metadata().expect("it was adopted");
    let count = |entity: &str| hand.store.count_rows(entity).expect("a count");
    (session.last_batch, metadata.entities.iter().map(|entity| count(&entity.name)).sum())
}

#[test]
fn a_batch_whose_post_sync_was_lost_comes_again_and_is_there_once() {
    run(async {
        let world = world().await;
        let mut hand = Hand::begin(&world.devices[0]).await;
        let loaded = hand.load(1).await.expect("it loads");
        let again = hand.load(1).await.expect("it may come twice");
        assert!(again.repeated && again.rows == 0, "{again:?}");
        let ack = |batch, stage| Ack {
            session: hand.session,
            batch,
            stage,
            rows: loaded.rows,
            elapsed_ms: 1,
            batch_rows: None,
            sync_info: None,
        };
        hand.link.acknowledge(&ack(1, Stage::Received)).await.expect("it is stored");
        hand.ready(2).await;
        // The device ends here: batch 1 is in its tables, and the server never hears it.
        let before = entries(&world, 0).await;
        assert_eq!(before.settled, 0);
        drop(hand);
        let answer = world.devices[0].run(&["go-offline"]).await.expect(0);
        assert_eq!(answer["data"]["rows"].as_u64(), Some(before.waiting), "everything is sent, batch 1 again");
        world.assert_converged(0).await;
        assert_eq!(entries(&world, 0).await, Entries { settled: before.waiting, waiting: 0 });
        world.stop().await;
    });
}
