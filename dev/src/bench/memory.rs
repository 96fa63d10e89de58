//! `memory`: the most memory that the agent and each service had resident while a device got all its rows.
//!
//! Beside both processes of the pipe that moves the same rows. The goals are 50 MB for the agent and 80 MB for each
//! service, however many rows there are: nobody ever holds more than a few batches. PowerSync's service 1.25 had 484 MB
//! resident and its Node client 283 MB at 100,000 rows.

use std::collections::BTreeMap;

use serde_json::json;
use sojourn_wire::Service;

use super::Bench;
use super::error::BenchError;
use super::line::{Measured, Ratio};
use super::offline::{Fleet, Offline};
use super::peak::Peak;
use super::pipe::Pipe;
use super::run::Run;
use super::sample::Sample;
use crate::os;

pub(super) const BENCH: Bench = Bench {
    name: "memory",
    about: "peak resident memory of agent and services",
    rows: 1_000_000,
    measure: |run| Box::pin(measure(run)),
};

const REPETITIONS: usize = 3;
const MEGABYTE: f64 = 1_000_000.0;
/// What they may have, in megabytes.
const AGENT_GOAL: u64 = 50;
const SERVICE_GOAL: u64 = 80;

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    if os::usage(std::process::id()).is_none() {
        run.say("left out: only Linux tells how much memory other processes had");
        return Ok(());
    }
    let repetitions = run.repetitions(REPETITIONS);
    let fleet = Fleet { contacts: vec![run.rows], hidden: 0, devices: repetitions };
    let mut world = Offline::start(run, fleet).await?;
    run.doing("the pipe");
    let piped = Pipe::new(run, world.stack().admin_url())?.run(&world.users()[0], world.file("pipe.db")).await?;
    let pipe = piped.peak_bytes.into_iter().map(|bytes| bytes as f64 / MEGABYTE).collect();
    let mut peaks: BTreeMap<&str, Sample> = BTreeMap::new();
    for repetition in 0..repetitions {
        run.doing(format!("device {} of {repetitions}", repetition + 1));
        let agent = went_offline(&world, repetition).await?;
        // A service goes on; its peak is that of all devices until then.
        for (name, bytes) in services(&mut world).into_iter().chain([("agent", agent)]) {
            peaks.entry(name).or_default().push(bytes as f64 / MEGABYTE);
        }
    }
    for (name, value) in &peaks {
        let goal = if *name == "agent" { AGENT_GOAL } else { SERVICE_GOAL };
        run.report(Measured {
            case: vec![("rows", json!(run.rows)), ("process", json!(name))],
            metric: "peak",
            unit: "MB",
            value,
            baseline: "psql and sqlite3 together",
            baseline_value: &pipe,
            ratio: Ratio::ValueByBaseline,
            note: Some(format!("the goal is {goal} MB")),
        });
    }
    world.end().await
}

/// The agent's peak, in bytes.
async fn went_offline(world: &Offline, round: usize) -> Result<u64, BenchError> {
    let device = world.device(round, 0).await?;
    let agent = device.agent.begin(&["go-offline"])?;
    let peak = Peak::watch(agent.pid());
    device.arrived(&agent.answer().await?)?;
    device.forget();
    peak.bytes().await.ok_or_else(|| BenchError::Beside("the agent was over before it was looked at".to_owned()))
}

/// The peak of each service until now, in bytes.
fn services(world: &mut Offline) -> Vec<(&'static str, u64)> {
    let is_service = |name: &str| Service::ALL.iter().any(|service| service.name() == name);
    let services = world.stack().pids().into_iter().filter(|(name, _)| is_service(name));
    services.filter_map(|(name, pid)| Some((name, os::usage(pid)?.peak_bytes))).collect()
}
