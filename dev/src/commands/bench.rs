//! `cargo bench-sync`: what Sojourn costs, beside baselines.

use clap::builder::PossibleValuesParser;
use sojourn_runtime::CancellationToken;

use super::CommandError;
use crate::bench::{self, Facts, Run, Scale};
use crate::machine::Machine;
use crate::output;

/// What `cargo bench-sync` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this benchmark; may be repeated [default: all of them]
    #[arg(long = "only", value_name = "NAME", value_parser = names())]
    names: Vec<String>,

    /// How many rows every benchmark works on [default: each has its own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: Option<u64>,

    /// Print one JSON object a line for each figure, as soon as it is known; talk goes to stderr
    #[arg(long)]
    json: bool,

    /// Once instead of several times, and with a hundredth of the rows: whether it works, not how fast
    #[arg(long)]
    quick: bool,
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(bench::ALL.iter().map(|bench| bench.name))
}

/// Runs the benchmarks that were asked for, one after the other, until `shutdown`.
pub(crate) async fn run(machine: Machine, args: Args, shutdown: CancellationToken) -> Result<(), CommandError> {
    output::say(&Facts::gather(&machine.tools));
    shutdown.run_until_cancelled(measure(&machine, &args)).await.ok_or(CommandError::Interrupted)?
}

async fn measure(machine: &Machine, args: &Args) -> Result<(), CommandError> {
    let scale = Scale { rows: args.rows, quick: args.quick };
    for bench in bench::chosen(&args.names) {
        let mut run = Run::begin(bench, machine.clone(), scale, args.json);
        (bench.measure)(&mut run).await?;
        run.end();
    }
    Ok(())
}
