//! `replay`: queued updates of contacts, from the first chunk to the last verdict, as agents play them back.
//!
//! Every update is applied as its user, under row-level security, the table's triggers and change tracking, and gets a
//! stored verdict and an event. It is compared with `psql` running the same updates as the same user: one transaction
//! for each, which is what a client without a queue does, and all in one transaction. The goal is 8,000 operations/s. Then the
//! table gets a trigger that fires afterwards, so that each update must be written alone.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use serde_json::json;
use sojourn_agent::error::AgentError as DeviceError;
use sojourn_agent::home::Home;
use sojourn_agent::link::Link;
use sojourn_agent::playback::play_back;
use sojourn_agent::progress::Progress;
use sojourn_agent::shared::SharedStore;
use sojourn_agent::store::{Store, Writer};

use super::Bench;
use super::device::BenchDevice;
use super::error::BenchError;
use super::line::{Measured, Ratio};
use super::offline::{Fleet, Offline};
use super::pipe::Pipe;
use super::run::Run;
use super::sample::Sample;

pub(super) const BENCH: Bench = Bench {
    name: "replay",
    about: "offline updates are played back",
    rows: 10_000,
    measure: |run| Box::pin(measure(run)),
};

const REPETITIONS: usize = 3;
/// How many devices play back at once.
const DEVICES: [usize; 2] = [1, 4];
const PATIENCE: Duration = Duration::from_secs(120);

/// Users may change what they see.
const PRIVILEGE: &str = "INSERT INTO crm.role_privilege (role_id, object_type_code, operation, depth)
    VALUES ('00000000-0000-0000-0000-000000000001', 2, 'write', 'business_unit')";

/// How rows are written: like operations in one statement, or each alone.
const WRITTEN: [&str; 2] = ["in runs", ONE_BY_ONE];
const ONE_BY_ONE: &str = "one by one";

/// A trigger that fires after a row was written is told whose operation it is only where each row is written alone.
const AFTERWARDS: &str =
    "CREATE FUNCTION crm.afterwards() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER afterwards AFTER UPDATE ON crm.contact FOR EACH ROW EXECUTE FUNCTION crm.afterwards()";

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    let most = DEVICES.into_iter().max().unwrap_or(1);
    let fleet = Fleet { contacts: vec![run.rows; most], hidden: 0, devices: 1 };
    let mut world = Offline::start(run, fleet).await?;
    let doing = sojourn_platform::PlatformError::doing("letting users write");
    sqlx::raw_sql(PRIVILEGE).execute(world.stack().admin_pool()).await.map_err(doing)?;
    let pipe = Pipe::new(run, world.stack().admin_url())?;
    let mut devices = Vec::with_capacity(most);
    for user in 0..most {
        run.doing(format!("device {} of {most} goes offline", user + 1));
        let device = world.device(0, user).await?;
        device.go_offline().await?;
        devices.push(device);
    }
    for written in WRITTEN {
        if written == ONE_BY_ONE {
            let doing = sojourn_platform::PlatformError::doing("adding a trigger");
            sqlx::raw_sql(AFTERWARDS).execute(world.stack().admin_pool()).await.map_err(doing)?;
        }
        measure_written(run, &world, &devices, &pipe, written).await?;
    }
    world.end().await
}

/// Plays updates back, and has `psql` make the same.
async fn measure_written(
    run: &mut Run,
    world: &Offline,
    devices: &[BenchDevice],
    pipe: &Pipe,
    written: &str,
) -> Result<(), BenchError> {
    let repetitions = run.repetitions(REPETITIONS);
    let (mut each, mut all, mut ours) = (Sample::default(), Sample::default(), DEVICES.map(|_| Sample::default()));
    for repetition in 1..=repetitions {
        for (single, sample) in [(true, &mut each), (false, &mut all)] {
            let how = if single { "one transaction each" } else { "one transaction" };
            run.doing(format!("psql, {how}, {written}, {repetition} of {repetitions}"));
            let script = script(world, &devices[0], &format!("{repetition} {written} {how}"), single)?;
            let taken = pipe.script(&script).await?;
            sample.push(run.rows as f64 / taken.as_secs_f64());
        }
        for (count, sample) in DEVICES.into_iter().zip(&mut ours) {
            run.doing(format!("{count} devices play back, {written}, {repetition} of {repetitions}"));
            let note = format!("round {repetition} of {count}, {written}");
            let taken = played_back(&devices[..count], run.rows, &note).await?;
            sample.push((run.rows * count as u64) as f64 / taken.as_secs_f64());
        }
    }
    for (count, sample) in DEVICES.into_iter().zip(&ours) {
        for (baseline, baseline_value) in
            [("psql, one transaction each", &each), ("psql, all in one transaction", &all)]
        {
            run.report(Measured {
                case: vec![
                    ("devices", json!(count)),
                    ("operations each", json!(run.rows)),
                    ("written", json!(written)),
                ],
                metric: "throughput",
                unit: "operations/s",
                value: sample,
                baseline,
                baseline_value,
                ratio: Ratio::ValueByBaseline,
                note: None,
            });
        }
    }
    Ok(())
}

/// The same updates for `psql`, as the user.
fn script(world: &Offline, device: &BenchDevice, note: &str, single: bool) -> Result<String, BenchError> {
    let user = device.unit.user_id();
    let mut script = format!(
        "SET sojourn.user_id = '{user}'; SET request.jwt.claims = '{{\"sub\": \"{user}\"}}'; SET ROLE sojourn_user;\n"
    );
    script.push_str(if single { "" } else { "BEGIN;\n" });
    for number in device.unit.first..device.unit.first + device.unit.owns {
        // Writing to a String cannot fail.
        let _ =
            writeln!(script, "UPDATE crm.contact SET notes = 'psql {note}' WHERE id = md5('contact {number}')::uuid;");
    }
    script.push_str(if single { "" } else { "COMMIT;\n" });
    let file = world.file("updates.sql");
    std::fs::write(&file, script).map_err(|error| BenchError::Baseline { name: "psql", problem: error.to_string() })?;
    Ok(file.display().to_string())
}

/// Updates every contact of every device, and plays all of them back at once; how long that took.
async fn played_back(devices: &[BenchDevice], rows: u64, note: &str) -> Result<Duration, BenchError> {
    let mut ready = Vec::with_capacity(devices.len());
    for device in devices {
        // What others have changed comes first: a conflict is another matter.
        device.agent.ask(&["sync"]).await?;
        ready.push(with_queue(device, note).await?);
    }
    let begun = Instant::now();
    let playing = ready.iter().map(|(store, link)| async move {
        let mut progress = Progress::silent();
        play_back(store, link, PATIENCE, &mut progress).await
    });
    let played = try_join_all(playing).await?;
    let taken = begun.elapsed();
    match played.iter().find(|played| played.operations != rows || !played.refused.is_empty()) {
        Some(played) => Err(BenchError::Beside(format!("the verdicts were {:?}", played.verdicts))),
        None => Ok(taken),
    }
}

/// Updates every contact of a device, and opens what plays it back.
async fn with_queue(device: &BenchDevice, note: &str) -> Result<(SharedStore, Link), DeviceError> {
    let home = Home::open(device.agent.home())?;
    Writer::open(&home.database())?.run(&format!("UPDATE contact SET notes = '{note}'"))?;
    let store = Store::open(&home.database())?;
    let credentials = home.credentials_of(&store.device()?)?;
    Ok((SharedStore::new(store), Link::connect(&credentials, PATIENCE).await?))
}
