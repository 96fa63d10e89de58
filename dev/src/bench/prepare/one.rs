//! One subscription by itself: its first prepare, and changes inside and outside what its user sees.

use serde_json::json;
use sojourn_prepare::sync::Mode;

use super::super::contacts::change;
use super::super::error::BenchError;
use super::super::line::{Case, Measured, Ratio};
use super::super::run::Run;
use super::super::sample::Sample;
use super::super::unit::Unit;
use super::World;
use super::subscriber::{How, Prepared, Subscriber};

/// How often both kinds are measured in turn.
const REPETITIONS: usize = 3;
/// How often what is short is measured for each time that everything is evaluated.
const SHORT: usize = 3;
const CHANGES: [u64; 3] = [100, 1_000, 10_000];
const BASELINE: &str = "full prepare";

/// So many changes, of contacts of one unit.
#[derive(Debug, Clone, Copy)]
struct Changes<'p> {
    count: u64,
    of: &'p Unit,
    place: &'static str,
}

impl Changes<'_> {
    /// How many entries they concern.
    fn concerns(self) -> u64 {
        if self.place == "inside" { self.count } else { 0 }
    }
}

/// Measures the subscription of a unit's user.
pub(super) async fn measure(run: &mut Run, world: &World, unit: &Unit) -> Result<(), BenchError> {
    run.doing(format!("the first prepare of {} contacts", unit.sees));
    let (subscriber, first) = Subscriber::enroll(world, unit.user_id()).await?;
    if first.pending != unit.sees {
        return Err(BenchError::Beside(format!("the user sees {} contacts instead of {}", first.pending, unit.sees)));
    }
    world.database.execute("vacuuming after the first prepare", "VACUUM ANALYZE").await?;
    let mut round = 0;
    for changes in cases(world, unit) {
        run.doing(format!("{} contacts, {} changes {}", unit.sees, changes.count, changes.place));
        let (mut short, mut full, mut mode) = (Sample::default(), Sample::default(), None);
        for _ in 0..run.repetitions(REPETITIONS) {
            for _ in 0..run.repetitions(SHORT) {
                let prepared = prepare(world, &subscriber, changes, &mut round, How::ByItself).await?;
                short.push(millis(&prepared));
                mode = Some(prepared.mode);
            }
            full.push(millis(&prepare(world, &subscriber, changes, &mut round, How::Full).await?));
        }
        let case = vec![
            ("subscription", json!(unit.sees)),
            ("changes", json!(changes.count)),
            ("where", json!(changes.place)),
        ];
        if changes.count == 0 {
            // The first time comes once; its baseline is evaluating everything when nothing is new.
            report(
                run,
                vec![("subscription", json!(unit.sees))],
                "first_time",
                &first_of(&first),
                &full,
                Some("once".to_owned()),
            );
        }
        report(run, case, "time", &short, &full, mode.and_then(not_followed));
    }
    Ok(())
}

/// Every place and number of changes that there are contacts for.
fn cases<'p>(world: &'p World, unit: &Unit) -> Vec<Changes<'p>> {
    let (population, none) = (&world.population, world.population.nobody());
    let inside = CHANGES.into_iter().map(|count| (count, population.inside(unit, count), "inside"));
    let outside = CHANGES.into_iter().map(|count| (count, population.outside(unit, count), "outside"));
    let cases = [(0, Some(none), "nowhere")].into_iter().chain(inside).chain(outside);
    cases.filter_map(|(count, of, place)| Some(Changes { count, of: of?, place })).collect()
}

/// Makes the changes and prepares; what is pending then is settled.
async fn prepare(
    world: &World,
    subscriber: &Subscriber,
    changes: Changes<'_>,
    round: &mut u64,
    how: How,
) -> Result<Prepared, BenchError> {
    *round += 1;
    change(&world.database, &changes.of.spread(changes.count, *round)).await?;
    let prepared = subscriber.prepare(&world.prepare, how).await?;
    if prepared.pending != changes.concerns() {
        let (pending, expected) = (prepared.pending, changes.concerns());
        return Err(BenchError::Beside(format!("{pending} entries were pending instead of {expected}")));
    }
    subscriber.settle(&world.database).await?;
    Ok(prepared)
}

fn report(
    run: &mut Run,
    case: Case,
    metric: &'static str,
    value: &Sample,
    baseline_value: &Sample,
    note: Option<String>,
) {
    let (unit, baseline, ratio) = ("ms", BASELINE, Ratio::BaselineByValue);
    run.report(Measured { case, metric, unit, value, baseline, baseline_value, ratio, note });
}

/// Where changes were not followed, it is said why.
fn not_followed(mode: Mode) -> Option<String> {
    match mode {
        Mode::Incremental(_) => None,
        Mode::Full(why) => Some(format!("evaluated everything: {why}")),
    }
}

fn first_of(prepared: &Prepared) -> Sample {
    [millis(prepared)].into_iter().collect()
}

fn millis(prepared: &Prepared) -> f64 {
    prepared.took.as_secs_f64() * 1e3
}
