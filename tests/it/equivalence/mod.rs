//! The heart of following changes: whatever happened, in whatever order, a prepare that follows changes leaves the same
//! entries as one that evaluates everything, and these are what the user has, as an independent SELECT says.
//!
//! A story is a random series of steps: writes of every kind in transactions that end late, never or twice over,
//! changes of rights, filters, policies and tables, a clock that jumps, devices that fall silent or start over. After
//! each prepare everything is compared. `mutants` breaks the algorithm on purpose, and asserts that it is noticed.
//!
//! `SOJOURN_EQUIVALENCE_SECONDS` lets the stories go on for longer; `SOJOURN_EQUIVALENCE_SEED` tells one of them again.

mod chance;
mod check;
mod clock;
mod device;
mod entities;
mod fixed;
mod groups;
mod mutants;
mod oracle;
mod server;
mod steps;
mod story;
mod words;
mod world;

use std::time::{Duration, Instant};

use crate::support::run;
use story::{Ending, Story};
use world::World;

/// How long stories are told when nobody says.
const SECONDS: u64 = 9;
/// On a busy machine a short story may be about little but definitions: then others are told, so many times as long.
const PATIENCE: u32 = 8;
/// Steps of one story: then another world begins.
const STEPS: u32 = 500;
/// Of the entities that are prepared so many in a hundred must have followed something.
const FOLLOWED: u64 = 15;
/// At most so many writes in a hundred may fail.
const SKIPPED: u64 = 35;

#[expect(clippy::disallowed_methods, reason = "whoever looks for a fault chooses seed and time")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn following_changes_is_evaluating_everything() {
    run(async {
        let started = Instant::now();
        let told = Duration::from_secs(setting("SOJOURN_EQUIVALENCE_SECONDS").unwrap_or(SECONDS));
        let one = setting("SOJOURN_EQUIVALENCE_SEED");
        let first = one.unwrap_or_else(|| u64::from(sojourn_runtime::clock::fresh_id().as_fields().0));
        let mut counts = story::Counts::default();
        for seed in first.. {
            println!("equivalence: SOJOURN_EQUIVALENCE_SEED={seed}");
            let mut story = Story::begin(World::make(seed).await, None);
            let until = if started.elapsed() < told { told } else { started.elapsed() + told };
            let ending = story.tell(STEPS, || one.is_none() && started.elapsed() > until).await;
            if let Ending::Wrong(wrong) = ending {
                panic!("equivalence: SOJOURN_EQUIVALENCE_SEED={seed}\n{}", story.so_far(&wrong));
            }
            counts.add(&story.counts);
            story.end().await;
            let is_enough = counts.is_meaningful(FOLLOWED, SKIPPED) || started.elapsed() > told * PATIENCE;
            if one.is_some() || started.elapsed() > told && is_enough {
                break;
            }
        }
        println!("equivalence: {counts:?} in {:?}", started.elapsed());
        assert!(
            one.is_some() || counts.is_meaningful(FOLLOWED, SKIPPED),
            "too little was followed or written: {counts:?}"
        );
    });
}
