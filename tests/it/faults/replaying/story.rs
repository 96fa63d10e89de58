//! A story: devices that play back what they did, while replay is killed, frozen and cut off.

use std::fmt;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sojourn_sample_crm::People;
use sojourn_wire::Service;
use sojourn_wire::message::operation::VerdictKind;
use uuid::Uuid;

use super::audit::audit;
use super::chaos::{self, Broken};
use super::device::{Device, Habits};
use super::mutants::Mutation;
use crate::faults::ledger::hand_out_again_soon;
use crate::faults::running::LONG;
use crate::support::{World, WorldPlan, until};

const TABLES: &str = include_str!("tables.sql");
const CONFIG: &str = include_str!("sojourn.yaml");
/// Processes of replay.
const REPLICAS: usize = 3;
/// So many devices, the first ones, have a link that can be cut.
const LINKS: usize = 10;
const USER: fn(&People) -> Uuid = |people| people.sales[0].id;

/// What a story is to be.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub devices: usize,
    pub habits: Habits,
    /// Whether things break.
    pub chaos: bool,
    pub mutation: Option<Mutation>,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    pub operations: u64,
    refused: u64,
    parked: u64,
    devices: super::device::Counts,
    broken: Broken,
    took: Duration,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operations, refused, parked, devices, broken, took } = self;
        write!(
            f,
            "{operations} operations, {refused} refused and {parked} parked among them, in {took:?}: {devices:?}; "
        )?;
        write!(f, "{broken:?}")
    }
}

/// Tells it. Answers what was counted, or everything that was wrong.
pub async fn tell(seed: u64, plan: Plan) -> Result<Counts, Vec<String>> {
    let users = vec![USER; plan.devices];
    let world = WorldPlan::of(&users).of_tables(TABLES, CONFIG).with(|plan| plan.replicas(Service::Replay, REPLICAS));
    let mut world = world.start().await;
    hand_out_again_soon(&world.stack).await;
    if let Some(mutation) = plan.mutation {
        mutation.strike(world.admin()).await;
    }
    let mut links = Vec::new();
    for device in 0..plan.devices.min(LINKS) {
        links.push(world.stack.link(device).await.expect("a link"));
    }
    let mut devices = join_all(world.devices.iter().enumerate().map(async |(number, device)| {
        let credentials = links.get(number).map_or(device.credentials.as_path(), |link| link.credentials());
        Device::connect(credentials, seed.wrapping_mul(1_000) + number as u64, plan.habits).await
    }))
    .await;

    let (started, mut counts) = (Instant::now(), Counts::default());
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut wrong: Vec<String> = {
        let lives = join_all(devices.iter_mut().map(Device::live));
        let chaos = async {
            match plan.chaos {
                true => chaos::reign(&mut world.stack, &links, REPLICAS, &mut chance, &mut counts.broken).await,
                false => std::future::pending().await,
            }
        };
        tokio::select! {
            lives = lives => lives.into_iter().filter_map(Result::err).collect(),
            () = chaos => unreachable!("it goes on for ever"),
        }
    };
    counts.took = started.elapsed();
    chaos::heal(&mut world.stack, &links, REPLICAS).await;
    if plan.mutation.is_none() {
        settled(&world).await;
    }
    wrong.extend(audit(world.admin(), &devices).await);
    for device in &devices {
        counts.add(device);
    }
    // What was broken on purpose may leave something behind.
    if wrong.is_empty() {
        world.stop().await
    } else {
        world.end().await
    }
    if wrong.is_empty() { Ok(counts) } else { Err(wrong) }
}

/// Returns when nothing that was sent twice is on its way any more.
async fn settled(world: &World) {
    until("the end of all repetitions", LONG, async || {
        let left = world.stack.streams_left().await.ok()?;
        left.is_empty().then_some(())
    })
    .await;
}

impl Counts {
    fn add(&mut self, device: &Device) {
        let of = |kind| device.answers.iter().filter(|answer| answer.verdict == kind).count() as u64;
        self.operations += device.answers.len() as u64;
        self.refused += of(VerdictKind::Rejected) + of(VerdictKind::Cancelled);
        self.parked += of(VerdictKind::Parked);
        let (all, one) = (&mut self.devices, &device.counts);
        all.chunks += one.chunks;
        all.repeated += one.repeated;
        all.overlapping += one.overlapping;
        all.at_once += one.at_once;
        all.dry += one.dry;
        all.ignored += one.ignored;
        all.silent += one.silent;
    }
}
