//! What was measured of one size, and how it is told.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::device::{Moving, Trip};
use super::super::line::{Case, Measured, Ratio};
use super::super::pipe::{BASELINE, Piped};
use super::super::processor::{CHILDREN, Processor};
use super::super::run::Run;
use super::super::sample::Sample;

const BASELINE_PROCESSOR: &str = "psql csv to sqlite3 import, and its Postgres";

/// Processor time before and after.
type Spent = Option<(Processor, Processor)>;

/// Every repetition of one size, in seconds.
#[derive(Debug, Default)]
pub(super) struct Figures {
    whole: Sample,
    prepare: Sample,
    moving: Sample,
    around: Sample,
    /// In the order in which a batch passes them.
    stages: Vec<(&'static str, Sample)>,
    pipe: Sample,
    processor: BTreeMap<&'static str, Sample>,
    pipe_processor: Sample,
}

impl Figures {
    /// The pipe has moved the rows.
    pub(super) fn piped(&mut self, piped: Piped, spent: Spent) {
        self.pipe.push(piped.elapsed.as_secs_f64());
        if let Some((before, after)) = spent {
            let parts = after.since(&before);
            let had_part = |name: &str| [CHILDREN, "postgres"].contains(&name);
            self.pipe_processor.push(parts.iter().filter(|(name, _)| had_part(name)).map(|(_, spent)| spent).sum());
        }
    }

    /// A device has gone offline.
    pub(super) fn went_offline(&mut self, trip: Trip, moving: &Moving, spent: Spent) {
        let around = trip.elapsed.saturating_sub(trip.prepare + moving.elapsed);
        let push = |sample: &mut Sample, time: Duration| sample.push(time.as_secs_f64());
        push(&mut self.whole, trip.elapsed);
        push(&mut self.prepare, trip.prepare);
        push(&mut self.moving, moving.elapsed);
        push(&mut self.around, around);
        self.stages.resize_with(moving.stages.len(), Default::default);
        for (known, (stage, time)) in self.stages.iter_mut().zip(&moving.stages) {
            known.0 = stage;
            push(&mut known.1, *time);
        }
        let Some((before, after)) = spent else { return };
        let parts = after.since(&before);
        let all = parts.iter().map(|(_, spent)| spent).sum();
        let told = parts.into_iter().map(|(name, spent)| (if name == CHILDREN { "agent" } else { name }, spent));
        for (name, spent) in told.chain([("all of them", all)]) {
            self.processor.entry(name).or_default().push(spent);
        }
    }

    /// Tells it all.
    pub(super) fn report(&self, run: &mut Run, rows: u64) {
        let throughput = |part: &str, sample: &Sample, run: &mut Run| {
            run.report(Measured {
                case: vec![("rows", json!(rows)), ("part", json!(part))],
                metric: "throughput",
                unit: "rows/s",
                value: &sample.each(|seconds| rows as f64 / seconds),
                baseline: BASELINE,
                baseline_value: &self.pipe.each(|seconds| rows as f64 / seconds),
                ratio: Ratio::ValueByBaseline,
                note: None,
            });
        };
        throughput("whole GoOffline", &self.whole, run);
        throughput("moving data", &self.moving, run);
        let parts = [
            ("PrepareSync", &self.prepare),
            ("moving data", &self.moving),
            ("start, connection, PostSync, end", &self.around),
        ];
        let times = parts.into_iter().map(|(part, sample)| ("part", part, sample));
        let stages = self.stages.iter().map(|(stage, sample)| ("stage", *stage, sample));
        for (kind, name, sample) in times.chain(stages) {
            let case = vec![("rows", json!(rows)), (kind, json!(name))];
            cost(run, case, ("time", "ms"), &sample.each(millis), (BASELINE, &self.pipe.each(millis)));
        }
        for (name, sample) in &self.processor {
            let case = vec![("rows", json!(rows)), ("of", json!(name))];
            cost(run, case, ("processor time", "s"), sample, (BASELINE_PROCESSOR, &self.pipe_processor));
        }
    }
}

fn millis(seconds: f64) -> f64 {
    seconds * 1e3
}

/// Something that took time, unless it is less than can be told.
fn cost(
    run: &mut Run,
    case: Case,
    (metric, unit): (&'static str, &'static str),
    value: &Sample,
    (baseline, baseline_value): (&'static str, &Sample),
) {
    if value.least() > 0.0 {
        let (ratio, note) = (Ratio::ValueByBaseline, None);
        run.report(Measured { case, metric, unit, value, baseline, baseline_value, ratio, note });
    }
}
