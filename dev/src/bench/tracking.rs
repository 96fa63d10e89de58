//! `tracking`: what the triggers that note changes cost those who write.
//!
//! The same statements go to two tables of the same make in turn, one of which is followed. Nothing waits for the disk,
//! so nothing hides what the triggers cost; on a server that does wait, single writes differ less.

mod bulk;
mod single;

use std::time::Instant;

use sojourn_platform::sql::{Ident, Sql};
use sojourn_platform::{PlatformError, sql::InvalidIdent};

use super::Bench;
use super::error::BenchError;
use super::line::{Case, Measured, Ratio};
use super::run::Run;
use super::sample::Sample;
use super::server::{Database, Server};
use crate::instances::Durability;

pub(super) const BENCH: Bench = Bench {
    name: "tracking",
    about: "what noting changes costs those who write",
    rows: 100_000,
    measure: |run| Box::pin(measure(run)),
};

const YAML: &str = "dataset: bench\nschema: bench\nentities:\n  - name: tracked\n";
/// Who is compared, in the order of [`Pair`].
const BASELINE: &str = "the same without triggers";

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    run.doing("starting Postgres");
    let server = Server::start(&run.machine, Durability::Scratch).await?;
    let database = server.database("tracking").await?;
    database.execute("making the tables", include_str!("tracking.sql")).await?;
    fill(&database, run.rows).await?;
    database.register(YAML).await?;
    run.say("fsync and synchronous_commit are off, so that no wait for the disk hides what the triggers cost");
    bulk::measure(run, &database).await?;
    single::measure(run, &database).await
}

/// The rows that everything is written from.
async fn fill(database: &Database, rows: u64) -> Result<(), BenchError> {
    sqlx::query(
        "INSERT INTO bench.source
         SELECT md5('contact ' || n)::uuid, 'Dr', 'First ' || n % 1000, 'Last ' || n, 'Buyer of things',
                'contact' || n || '@example.org', '+49 30 ' || n, 'City ' || n % 500, date '1960-01-01' + (n % 15000)::int,
                n * 7, repeat('met at the fair; ', (n % 8)::int), md5('account ' || n % 5000)::uuid,
                md5('user ' || n % 200)::uuid, now()
           FROM generate_series(1, $1) n",
    )
    .bind(rows.cast_signed())
    .execute(&database.admin)
    .await
    .map_err(PlatformError::doing("filling the source"))?;
    database.execute("analysing the source", "VACUUM ANALYZE bench.source").await
}

/// One of the two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Untracked,
    Tracked,
}

impl Side {
    /// Both, who begins taking turns.
    fn both(turn: usize) -> [Side; 2] {
        match turn % 2 {
            0 => [Side::Untracked, Side::Tracked],
            _ => [Side::Tracked, Side::Untracked],
        }
    }

    /// `before`, the table, `after`.
    fn sql(self, before: &'static str, after: &'static str) -> Result<Sql, InvalidIdent> {
        let table = match self {
            Side::Untracked => "untracked",
            Side::Tracked => "tracked",
        };
        Ok(Sql::new(before).table(&Ident::new("bench")?, &Ident::new(table)?).raw(after))
    }
}

/// The same measured with both tables.
#[derive(Debug, Default)]
struct Pair {
    untracked: Sample,
    tracked: Sample,
}

impl Pair {
    fn push(&mut self, side: Side, value: f64) {
        match side {
            Side::Untracked => self.untracked.push(value),
            Side::Tracked => self.tracked.push(value),
        }
    }

    fn report(&self, run: &mut Run, case: Case, unit: &'static str) {
        let (value, baseline_value) = (&self.tracked, &self.untracked);
        let (metric, baseline, ratio) = ("time", BASELINE, Ratio::ValueByBaseline);
        run.report(Measured { case, metric, unit, value, baseline, baseline_value, ratio, note: None });
    }
}

fn millis_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
