//! The write path against a model: users write on three devices and on the server, exchange and settle what was refused, in any
//! order; a plain sequential description of what must happen says after each step what every row, every entry of the
//! queues and every verdict is. In the end all devices hold what the server holds.
//!
//! `SOJOURN_MODEL_CASES` tells more stories; `SOJOURN_MODEL_SEED` tells one of them again.

mod agree;
mod device;
mod fixed;
mod operation;
mod real;
mod row;
mod rules;
mod server;
mod settle;
mod story;
mod telling;

use std::collections::BTreeMap;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::support::run;
use real::Real;
use story::{Step, story};
use telling::{Telling, Words};

/// Stories, when nobody says.
const CASES: u64 = 6;
/// Steps of one story.
const STEPS: usize = 60;
/// All verdicts: a test in which one of them never comes would find little.
const WORDS: [&str; 7] = ["applied", "merged", "rejected", "conflict", "duplicate", "parked", "cancelled"];

#[expect(clippy::disallowed_methods, reason = "whoever looks for a fault chooses seed and time")]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The story of a seed.
fn of_seed(seed: u64) -> Vec<Step> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    story(STEPS).new_tree(&mut runner).expect("a story").current()
}

/// Tells a story, and counts the verdicts; what was wrong, and what happened until then.
async fn tell(real: &mut Real, number: u64, steps: &[Step], words: &mut Words) -> Result<(), (String, Vec<String>)> {
    let mut telling = Telling::begin(real, number).await.map_err(|wrong| (wrong, Vec::new()))?;
    let told = telling.tell(steps).await;
    for (word, count) in &telling.words {
        *words.entry(word.clone()).or_default() += count;
    }
    told.map_err(|wrong| (wrong, telling.log))
}

#[test]
fn whatever_happens_is_what_the_model_says() {
    run(async {
        let one = setting("SOJOURN_MODEL_SEED");
        let cases = setting("SOJOURN_MODEL_CASES").unwrap_or(if one.is_some() { 1 } else { CASES });
        let first = one.unwrap_or_else(|| u64::from(sojourn_runtime::clock::fresh_id().as_fields().0));
        let mut real = Real::start().await;
        let mut words = BTreeMap::new();
        for seed in first..first + cases {
            println!("model: SOJOURN_MODEL_SEED={seed}");
            if let Err((wrong, log)) = tell(&mut real, seed, &of_seed(seed), &mut words).await {
                panic!("model: SOJOURN_MODEL_SEED={seed}\n{}\n{wrong}", log.join("\n"));
            }
            real.clear().await;
        }
        println!("model: {words:?}");
        assert!(one.is_some() || WORDS.iter().all(|word| words.contains_key(*word)), "too little happened: {words:?}");
        real.world.stop().await;
    });
}
