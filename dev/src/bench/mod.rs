//! `cargo bench-sync`: what Sojourn costs, each claim beside its baseline in the same run.
//!
//! A benchmark is one file: a [`Bench`] with its name, its usual number of rows, and a function that measures and
//! reports. Add its file, and its constant to [`ALL`].

mod batching;
mod contacts;
mod device;
mod error;
mod facts;
mod fanout;
mod file_size;
mod initial;
mod line;
mod memory;
mod offline;
mod peak;
mod pipe;
mod prepare;
mod processor;
mod progress;
mod replay;
mod run;
mod sample;
mod server;
mod table;
mod tracking;
mod unit;

use futures_util::future::LocalBoxFuture;

pub(crate) use error::BenchError;
pub(crate) use facts::Facts;
pub(crate) use run::{Run, Scale};

/// A benchmark.
pub(crate) struct Bench {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// What it measures, in a few words.
    pub(crate) about: &'static str,
    /// Rows that it works on unless others are asked for.
    pub(crate) rows: u64,
    /// Measures, and reports each figure as soon as it is known.
    pub(crate) measure: for<'r> fn(&'r mut Run) -> LocalBoxFuture<'r, Result<(), BenchError>>,
}

/// Every benchmark, in the order they run.
pub(crate) const ALL: &[Bench] = &[
    initial::BENCH,
    memory::BENCH,
    file_size::BENCH,
    prepare::BENCH,
    tracking::BENCH,
    batching::BENCH,
    replay::BENCH,
    fanout::BENCH,
];

/// The benchmarks of these names, in the order they run; all of them when none is named.
pub(crate) fn chosen(names: &[String]) -> Vec<&'static Bench> {
    ALL.iter().filter(|bench| names.is_empty() || names.iter().any(|name| name == bench.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_benchmark_is_chosen_by_its_name_and_runs_once() {
        let names = |asked: &[&str]| -> Vec<&str> {
            let asked: Vec<String> = asked.iter().map(ToString::to_string).collect();
            chosen(&asked).into_iter().map(|bench| bench.name).collect()
        };
        assert_eq!(names(&["tracking", "tracking"]), ["tracking"]);
        assert_eq!(names(&["tracking", "prepare"]), ["prepare", "tracking"]);
        assert_eq!(names(&[]).len(), ALL.len());
    }
}
