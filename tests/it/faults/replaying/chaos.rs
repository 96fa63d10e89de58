//! What breaks meanwhile, and breaking it.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use sojourn_dev::stack::{Link, Stack};
use sojourn_wire::Service;
use tokio::time::{sleep, timeout};

/// How many times what broke.
pub type Broken = BTreeMap<&'static str, u64>;

/// Breaks something every now and then, for ever. What it begins it ends, unless it is dropped.
pub async fn reign(stack: &mut Stack, links: &[Link], replicas: usize, chance: &mut ChaCha8Rng, broken: &mut Broken) {
    loop {
        sleep(Duration::from_millis(chance.random_range(20..500))).await;
        let moment = Duration::from_millis(chance.random_range(0..400));
        let replica = chance.random_range(0..replicas);
        let what = match chance.random_range(0..20) {
            0..=8 => {
                let replica = stack.replica(Service::Replay, replica).expect("a process");
                replica.kill();
                sleep(moment).await;
                replica.start().await.expect("it starts again");
                "replay killed"
            }
            9..=13 => {
                let long = if chance.random_bool(0.2) { 3_000 } else { 300 };
                let replica = stack.replica(Service::Replay, replica).expect("a process");
                replica.freeze();
                sleep(moment + Duration::from_millis(long)).await;
                replica.thaw();
                "replay frozen"
            }
            14..=18 => {
                let link = &links[chance.random_range(0..links.len())];
                link.cut_after(chance.random_range(1..8_000));
                // The device may have nothing more to say.
                let _ = timeout(Duration::from_millis(500), link.until_cut()).await;
                sleep(moment).await;
                link.heal();
                "link cut"
            }
            _ => {
                stack.nats().kill();
                sleep(moment).await;
                stack.nats().restart().await.expect("it starts again");
                "nats-server killed"
            }
        };
        *broken.entry(what).or_default() += 1;
    }
}

/// Brings everything back.
pub async fn heal(stack: &mut Stack, links: &[Link], replicas: usize) {
    links.iter().for_each(|link| link.heal());
    if stack.nats().pid().is_none() {
        stack.nats().restart().await.expect("it starts again");
    }
    for replica in 0..replicas {
        let replica = stack.replica(Service::Replay, replica).expect("a process");
        replica.thaw();
        replica.start().await.expect("it starts again");
    }
}
