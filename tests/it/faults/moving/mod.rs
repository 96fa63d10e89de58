//! Data on the move while everything around it breaks: each process is killed and frozen, each link cut and stalled, at
//! random points of first loads and of later sessions. However it went, the device ends equal to the server's view, no
//! row is sent again after it was PostSynced, and a reader on the device never sees half of a later session.
//!
//! Three witnesses know nothing of what the services think of themselves: a stream that keeps every part and every
//! acknowledgement that was ever stored (`tap`), triggers in the CRM's own tables (`change`), and readers of the
//! device's file (`reader`).
//!
//! `SOJOURN_FAULTS_SECONDS` lets the stories go on for longer; `SOJOURN_FAULTS_SEED` tells one of them again.

mod agent;
mod books;
mod change;
mod fault;
mod reader;
mod stage;
mod story;
mod tap;

use std::time::{Duration, Instant};

pub use agent::Agent;
use story::{Counts, Story};

use crate::support::run;

/// How long stories are told when nobody says.
const SECONDS: u64 = 25;
/// Rounds of one story: then another world begins.
const ROUNDS: u32 = 12;
const LEAST_ROUNDS: u32 = 2;

#[expect(clippy::disallowed_methods, reason = "whoever looks for a fault chooses seed and time")]
pub fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn whatever_dies_devices_end_equal_and_nothing_is_sent_twice_after_post_sync() {
    run(async {
        let started = Instant::now();
        let told = Duration::from_secs(setting("SOJOURN_FAULTS_SECONDS").unwrap_or(SECONDS));
        let one = setting("SOJOURN_FAULTS_SEED");
        let first = one.unwrap_or_else(|| u64::from(sojourn_runtime::clock::fresh_id().as_fields().0));
        let mut counts = Counts::default();
        for seed in first.. {
            println!("faults: SOJOURN_FAULTS_SEED={seed}");
            let mut story = Story::begin(seed).await;
            // What comes twice shows in later sessions alone, and so does what readers must not see.
            for round in 1..=ROUNDS {
                story.round().await;
                if round >= LEAST_ROUNDS && started.elapsed() > told {
                    break;
                }
            }
            counts.add(story.end().await);
            if one.is_some() || started.elapsed() > told {
                break;
            }
        }
        println!("faults: {counts} in {:?}", started.elapsed());
    });
}
