//! `fanout`: many devices that get all their rows at the same time.
//!
//! Each belongs to another user, who sees as many contacts as every other and none of theirs, in one table. All agents
//! are processes of their own, begun at once. They are compared with as many pipes, each of the same rows as one of
//! them, as many at a time as there are processors. The goal is 4 s; 50 of PowerSync's Node clients took 34 s.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use super::Bench;
use super::device::BenchDevice;
use super::error::BenchError;
use super::line::{Measured, Ratio};
use super::offline::{Fleet, Offline};
use super::pipe::Pipe;
use super::run::Run;
use super::sample::Sample;

pub(super) const BENCH: Bench = Bench {
    name: "fanout",
    about: "fifty devices go offline at once",
    rows: 6_296,
    measure: |run| Box::pin(measure(run)),
};

const REPETITIONS: usize = 3;
const DEVICES: usize = 50;
const DEVICES_QUICK: usize = 5;
/// Devices that are made at a time, before it begins.
const MADE_AT_ONCE: usize = 4;

/// What all devices, or all pipes, took, and each of them; in seconds.
#[derive(Debug, Default)]
struct Taken {
    all: Sample,
    each: Sample,
}

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    let devices = if run.is_quick() { DEVICES_QUICK } else { DEVICES };
    let repetitions = run.repetitions(REPETITIONS);
    let fleet = Fleet { contacts: vec![run.rows; devices], hidden: 0, devices: repetitions };
    let mut world = Offline::start(run, fleet).await?;
    let pipe = Pipe::new(run, world.stack().admin_url())?;
    let (mut ours, mut theirs) = (Taken::default(), Taken::default());
    for repetition in 0..repetitions {
        run.doing(format!("{devices} pipes, {} of {repetitions}", repetition + 1));
        piped(&world, &pipe, &mut theirs).await?;
        run.doing(format!("{devices} devices, {} of {repetitions}", repetition + 1));
        went_offline(&world, repetition, &mut ours).await?;
    }
    let fairness = format!("the slowest took {:.1} times the fastest", ours.each.greatest() / ours.each.least());
    for (metric, value, baseline_value, note) in [
        ("all devices", &ours.all, &theirs.all, None),
        ("one device among them", &ours.each, &theirs.each, Some(fairness)),
    ] {
        run.report(Measured {
            case: vec![("devices", json!(devices)), ("rows each", json!(run.rows))],
            metric,
            unit: "s",
            value,
            baseline: "as many pipes, one for each processor at a time",
            baseline_value,
            ratio: Ratio::BaselineByValue,
            note,
        });
    }
    world.end().await
}

async fn piped(world: &Offline, pipe: &Pipe, taken: &mut Taken) -> Result<(), BenchError> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = Instant::now();
    let pipes = world.users().iter().enumerate();
    let pipes = pipes.map(|(user, unit)| pipe.run(unit, world.file(&format!("pipe-{user}.db"))));
    let each: Vec<_> = stream::iter(pipes).buffer_unordered(processors).try_collect().await?;
    taken.add(begun, each.iter().map(|piped| piped.elapsed));
    Ok(())
}

async fn went_offline(world: &Offline, round: usize, taken: &mut Taken) -> Result<(), BenchError> {
    let making = (0..world.users().len()).map(|user| world.device(round, user));
    let devices: Vec<BenchDevice> = stream::iter(making).buffered(MADE_AT_ONCE).try_collect().await?;
    let begun = Instant::now();
    let trips = try_join_all(devices.iter().map(BenchDevice::go_offline)).await?;
    taken.add(begun, trips.iter().map(|trip| trip.elapsed));
    devices.iter().for_each(BenchDevice::forget);
    Ok(())
}

impl Taken {
    fn add(&mut self, begun: Instant, each: impl Iterator<Item = Duration>) {
        self.all.push(begun.elapsed().as_secs_f64());
        each.for_each(|elapsed| self.each.push(elapsed.as_secs_f64()));
    }
}
