//! Replay under faults: many devices play back what their users did, in chunks that come twice, late, overlapping and at once,
//! while processes of replay are killed and frozen, links are cut and nats-server dies. However it went, each operation was
//! carried out once and in order or not at all, and has one verdict: the one that the device was told.
//!
//! What the server should come to is computed beside it, one operation after the other ([`model`]); witnesses are triggers in
//! the tables, which know operations by what replay tells triggers.
//!
//! `SOJOURN_FAULTS_SECONDS` lets the stories go on for longer; `SOJOURN_FAULTS_SEED` tells one of them again.

mod audit;
mod chaos;
mod device;
mod model;
mod mutants;
mod queue;
mod settling;
mod story;

use std::time::{Duration, Instant};

use device::Habits;
use story::{Plan, tell};

use super::moving::setting;
use crate::support::run;

/// Devices of a story, and operations of each.
const DEVICES: usize = 40;
const OPERATIONS: u64 = 600;

#[test]
fn whatever_dies_each_operation_is_carried_out_once_in_order_and_gets_one_verdict() {
    run(async {
        let started = Instant::now();
        let told = Duration::from_secs(setting("SOJOURN_FAULTS_SECONDS").unwrap_or(0));
        let one = setting("SOJOURN_FAULTS_SEED");
        let first = one.unwrap_or_else(|| u64::from(sojourn_runtime::clock::fresh_id().as_fields().0));
        for seed in first.. {
            println!("faults: SOJOURN_FAULTS_SEED={seed}");
            let habits = Habits { operations: OPERATIONS, twice: 0.1, patience: Duration::from_secs(90) };
            let plan = Plan { devices: DEVICES, habits, chaos: true, mutation: None };
            let counts = tell(seed, plan).await.unwrap_or_else(|wrong| panic!("seed {seed}: {wrong:#?}"));
            assert!(counts.operations >= OPERATIONS * DEVICES as u64);
            println!("faults: {counts}");
            if one.is_some() || started.elapsed() > told {
                break;
            }
        }
    });
}
