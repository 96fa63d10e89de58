//! `initial`: what it takes a device to get all its rows for the first time, beside a pipe that knows nothing.
//!
//! One user sees so many contacts of the CRM, and does not see a tenth as many more in the same table: row-level
//! security decides about each. Every repetition is a new device with a subscription of its own. The pipe moves the same
//! rows, all columns, as an administrator, past row-level security, into a table without a key. PowerSync's service
//! 1.25 with its Node client did the same on such a machine with 8,700 to 10,200 rows a second.

mod figures;

use self::figures::Figures;
use super::Bench;
use super::error::BenchError;
use super::offline::{Fleet, Offline};
use super::pipe::Pipe;
use super::processor::Processor;
use super::run::Run;

pub(super) const BENCH: Bench = Bench {
    name: "initial",
    about: "the first GoOffline of a device",
    rows: 1_000_000,
    measure: |run| Box::pin(measure(run)),
};

/// Smaller sizes that are measured first.
const SMALLER: [u64; 2] = [6_296, 100_000];
/// From here on, fewer repetitions do: they last long, and differ less.
const MANY: u64 = 500_000;

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    run.say(if run.is_quick() {
        "no commit waits for the disk"
    } else {
        "every commit of Postgres waits for the disk"
    });
    if Processor::now(&[]).is_none() {
        run.say("processor time is left out: this system does not tell that of other processes");
    }
    for rows in sizes(run.rows, run.is_quick()) {
        size(run, rows).await?;
    }
    Ok(())
}

fn sizes(rows: u64, quick: bool) -> Vec<u64> {
    let smaller = SMALLER.into_iter().filter(|smaller| !quick && *smaller < rows);
    smaller.chain([rows]).collect()
}

async fn size(run: &mut Run, rows: u64) -> Result<(), BenchError> {
    let repetitions = run.repetitions(if rows < MANY { 5 } else { 3 });
    let fleet = Fleet { contacts: vec![rows], hidden: rows / 10, devices: repetitions };
    let mut world = Offline::start(run, fleet).await?;
    let pipe = Pipe::new(run, world.stack().admin_url())?;
    let mut figures = Figures::default();
    for repetition in 0..repetitions {
        run.doing(format!("{rows} rows, {} of {repetitions}: the pipe", repetition + 1));
        piped(&mut world, &pipe, &mut figures).await?;
        run.doing(format!("{rows} rows, {} of {repetitions}: the device", repetition + 1));
        went_offline(&mut world, repetition, &mut figures).await?;
    }
    figures.report(run, rows);
    world.end().await
}

async fn piped(world: &mut Offline, pipe: &Pipe, figures: &mut Figures) -> Result<(), BenchError> {
    let (unit, file) = (world.users()[0], world.file("pipe.db"));
    let before = Processor::now(&world.stack().pids());
    let piped = pipe.run(&unit, file).await?;
    let after = Processor::now(&world.stack().pids());
    figures.piped(piped, before.zip(after));
    Ok(())
}

async fn went_offline(world: &mut Offline, repetition: usize, figures: &mut Figures) -> Result<(), BenchError> {
    let device = world.device(repetition, 0).await?;
    let before = Processor::now(&world.stack().pids());
    let trip = device.go_offline().await?;
    let after = Processor::now(&world.stack().pids());
    figures.went_offline(trip, &device.moving().await?, before.zip(after));
    device.forget();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_sizes_come_first_and_a_quick_run_has_one() {
        assert_eq!(sizes(1_000_000, false), [6_296, 100_000, 1_000_000]);
        assert_eq!(sizes(100_000, false), [6_296, 100_000]);
        assert_eq!(sizes(10_000, true), [10_000]);
    }
}
