//! `batching`: the documents' experiment with dynamic batching (CRM 4.0, Appendix C): 6,296 rows, five initial batch
//! sizes, with and without adjustment.
//!
//! Once on this machine's own link, where a batch costs little, and once on a link with a round trip, where a batch
//! costs about what it cost the documents' client: 299.9 s for 6,296 batches of a row are 48 ms each.

mod documents;

use std::time::Duration;

use serde_json::json;

use self::documents::{BATCH_SIZES, documented};
use super::Bench;
use super::device::BenchDevice;
use super::error::BenchError;
use super::line::{Measured, Ratio};
use super::offline::{Fleet, Offline};
use super::run::Run;
use super::sample::Sample;

pub(super) const BENCH: Bench = Bench {
    name: "batching",
    about: "dynamic batching, as the documents measured it",
    rows: 6_296,
    measure: |run| Box::pin(measure(run)),
};

/// How often it is measured. On the slow link, where nothing but the link matters, once is enough; so it is with a
/// batch for every row, which takes minutes.
const REPETITIONS: usize = 3;
/// Half of the slow link's round trip.
const ONE_WAY: Duration = Duration::from_millis(10);

/// A way to the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Fast,
    Slow,
}

/// What is varied.
#[derive(Debug, Clone, Copy)]
struct Case {
    link: Link,
    initial: u32,
    adjusts: bool,
}

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    let cases = cases(run.is_quick());
    let devices = cases.iter().map(|case| repetitions(run, *case)).sum();
    let fleet = Fleet { contacts: vec![run.rows], hidden: 0, devices };
    let mut world = Offline::start(run, fleet).await?;
    let mut next = 0..devices;
    for case in cases {
        let mut taken = Taken::default();
        for round in next.by_ref().take(repetitions(run, case)) {
            run.doing(format!("{}, begun with batches of {}, {}", case.link.told(), case.initial, case.adjustment()));
            taken.add(&mut world, round, case).await?;
        }
        report(run, case, &taken);
    }
    world.end().await
}

fn cases(quick: bool) -> Vec<Case> {
    let sizes: &[u32] = if quick { &[BATCH_SIZES[0], BATCH_SIZES[4]] } else { &BATCH_SIZES };
    let of_link = |link| {
        sizes.iter().flat_map(move |initial| [false, true].map(|adjusts| Case { link, initial: *initial, adjusts }))
    };
    [Link::Fast, Link::Slow].into_iter().flat_map(of_link).collect()
}

fn repetitions(run: &Run, case: Case) -> usize {
    let is_quick = case.link == Link::Fast && (case.initial > 1 || case.adjusts);
    if is_quick { run.repetitions(REPETITIONS) } else { 1 }
}

/// Every repetition of a case: seconds, and batches.
#[derive(Debug, Default)]
struct Taken {
    seconds: Sample,
    batches: u64,
}

impl Taken {
    async fn add(&mut self, world: &mut Offline, round: usize, case: Case) -> Result<(), BenchError> {
        let device = match case.link {
            Link::Fast => world.device(round, 0).await?,
            Link::Slow => world.distant(round, 0, ONE_WAY).await?,
        };
        settings(&device, case).await?;
        let trip = device.go_offline().await?;
        self.seconds.push(trip.elapsed.as_secs_f64());
        self.batches = trip.batches;
        device.forget();
        Ok(())
    }
}

async fn settings(device: &BenchDevice, case: Case) -> Result<(), BenchError> {
    let initial = case.initial.to_string();
    device.agent.ask(&["settings", "set", "batch-rows", &initial]).await?;
    if !case.adjusts {
        for rate in ["increase-rate", "decrease-rate"] {
            device.agent.ask(&["settings", "set", rate, "1"]).await?;
        }
    }
    Ok(())
}

fn report(run: &mut Run, case: Case, taken: &Taken) {
    let documented = documented(case.initial, case.adjusts);
    run.report(Measured {
        case: vec![
            ("link", json!(case.link.told())),
            ("rows", json!(run.rows)),
            ("initial batch size", json!(case.initial)),
            ("batch-size adjustment", json!(case.adjustment())),
        ],
        metric: "initial GoOffline",
        unit: "s",
        value: &taken.seconds,
        baseline: "the documents' own figure for 6,296 rows",
        baseline_value: &documented.into_iter().collect(),
        ratio: Ratio::BaselineByValue,
        note: Some(format!("{} batches", taken.batches)),
    });
}

impl Link {
    fn told(self) -> String {
        match self {
            Link::Fast => "this machine's own".to_owned(),
            Link::Slow => format!("round trip of {} ms", (2 * ONE_WAY).as_millis()),
        }
    }
}

impl Case {
    fn adjustment(self) -> &'static str {
        if self.adjusts { "with" } else { "without" }
    }
}
