//! What was measured of one size, and how it is told. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::device::{Moving, Trip};
use super::super::line::{Measured, Ratio};
use super::super::pipe::{BASELINE, Piped};
use super::super::processor::{CHILDREN, Processor};
use super::super::run::Run;
use super::super::sample::Sample;

/// Processor time before and after.
type Spent = Option<(Processor, Processor)>;

/// Every repetition of one size, in seconds.
#[derive(Debug, Default)]
pub(super) struct Figures {
    whole: Sample,
    prepare: Sample,
    moving: Sample,
    around: Sample,
    stages: BTreeMap<&'static str, Sample>,
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
        for (stage, time) in &moving.stages {
            push(self.stages.entry(stage).or_default(), *time);
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
        parts.into_iter().for_each(|(part, sample)| self.seconds(run, rows, ("time", "part"), part, sample));
        self.stages.iter().for_each(|(stage, sample)| self.seconds(run, rows, ("time", "stage"), stage, sample));
        self.processor.iter().for_each(|(of, sample)| self.seconds(run, rows, ("processor time", "of"), of, sample));
    }

    /// Something that took seconds, unless it is less than can be told.
    fn seconds(
        &self,
        run: &mut Run,
        rows: u64,
        (metric, kind): (&'static str, &'static str),
        of: &str,
        value: &Sample,
    ) {
        let (baseline, baseline_value) = match metric {
            "time" => (BASELINE, &self.pipe),
            _ => ("psql csv to sqlite3 import, and its Postgres", &self.pipe_processor),
        };
        if value.least() <= 0.0 {
            return;
        }
        let case = vec![("rows", json!(rows)), (kind, json!(of))];
        let (unit, ratio, note) = ("s", Ratio::ValueByBaseline, None);
        run.report(Measured { case, metric, unit, value, baseline, baseline_value, ratio, note });
    }
}
