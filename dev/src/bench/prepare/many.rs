//! Many subscriptions at once, each with a change of its own.

use std::time::Instant;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use sojourn_prepare::sync::Mode;

use super::super::contacts::change;
use super::super::error::BenchError;
use super::super::line::{Measured, Ratio};
use super::super::run::Run;
use super::super::sample::Sample;
use super::subscriber::{How, Subscriber};
use super::{AT_ONCE, World};

const REPETITIONS: usize = 3;

/// Measures how many are prepared in a second.
pub(super) async fn measure(run: &mut Run, world: &World) -> Result<(), BenchError> {
    let units = world.population.many();
    let (count, sees) = (units.len(), units.first().map_or(0, |unit| unit.sees));
    run.doing(format!("the first prepares of {count} subscriptions"));
    let enrolling = stream::iter(units).map(|unit| Subscriber::enroll(world, unit.user_id()));
    let enrolled: Vec<_> = enrolling.buffer_unordered(AT_ONCE).try_collect().await?;
    let subscribers: Vec<Subscriber> = enrolled.into_iter().map(|(subscriber, _)| subscriber).collect();
    world.database.execute("vacuuming after the first prepares", "VACUUM ANALYZE").await?;
    let (mut followed, mut full) = (Sample::default(), Sample::default());
    let repetitions = run.repetitions(REPETITIONS);
    for repetition in 0..repetitions {
        run.doing(format!("{count} subscriptions, {AT_ONCE} at once, {} of {repetitions}", repetition + 1));
        let round = 2 * repetition as u64;
        followed.push(per_second(world, &subscribers, round, How::ByItself).await?);
        full.push(per_second(world, &subscribers, round + 1, How::Full).await?);
    }
    let case = vec![
        ("subscriptions", json!(count)),
        ("subscription", json!(sees)),
        ("changes", json!(count)),
        ("where", json!("one inside each")),
        ("at_once", json!(AT_ONCE)),
    ];
    let (metric, unit, baseline, ratio) = ("prepares_per_second", "prepares/s", "full prepare", Ratio::ValueByBaseline);
    let (value, baseline_value) = (&followed, &full);
    run.report(Measured { case, metric, unit, value, baseline, baseline_value, ratio, note: None });
    Ok(())
}

/// Changes one contact of each, prepares all of them, and settles.
async fn per_second(world: &World, subscribers: &[Subscriber], round: u64, how: How) -> Result<f64, BenchError> {
    let numbers: Vec<i64> = world.population.many().iter().flat_map(|unit| unit.spread(1, round)).collect();
    change(&world.database, &numbers).await?;
    let start = Instant::now();
    let preparing = stream::iter(subscribers).map(|subscriber| subscriber.prepare(&world.prepare, how));
    let prepared: Vec<_> = preparing.buffer_unordered(AT_ONCE).try_collect().await?;
    let took = start.elapsed().as_secs_f64();
    for prepared in prepared {
        let as_meant = matches!(prepared.mode, Mode::Incremental(_)) == (how == How::ByItself);
        if !as_meant || prepared.pending != 1 {
            return Err(BenchError::Beside(format!("a prepare was {:?}, {} pending", prepared.mode, prepared.pending)));
        }
    }
    for subscriber in subscribers {
        subscriber.settle(&world.database).await?;
    }
    Ok(subscribers.len() as f64 / took)
}
