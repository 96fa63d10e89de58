//! `file-size`: how large a device's SQLite file is, beside the table in Postgres that its rows come from.
//!
//! The goal is at most one and a half times the table without its indexes. PowerSync's Node client made a file of 232 MB
//! of 31 MB of data (100,000 rows), 7.5 times as much, and of 2.3 GB of 311 MB.

use std::path::Path;

use serde_json::json;
use sojourn_platform::PlatformError;

use super::Bench;
use super::error::BenchError;
use super::line::{Measured, Ratio};
use super::offline::{Fleet, Offline};
use super::run::Run;

pub(super) const BENCH: Bench = Bench {
    name: "file-size",
    about: "a device's file beside the table in Postgres",
    rows: 100_000,
    measure: |run| Box::pin(measure(run)),
};

const MEGABYTE: f64 = 1_000_000.0;

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    let fleet = Fleet { contacts: vec![run.rows], hidden: 0, devices: 1 };
    let mut world = Offline::start(run, fleet).await?;
    let device = world.device(0, 0).await?;
    run.doing("the device goes offline");
    device.go_offline().await?;
    let file = size_of(&device.agent.database())? as f64 / MEGABYTE;
    let (table, with_indexes) = table_sizes(&mut world).await?;
    for (baseline, bytes, note) in [
        ("its table in Postgres", table, Some("the goal is 1.5 times at most".to_owned())),
        ("its table in Postgres with indexes", with_indexes, None),
    ] {
        run.report(Measured {
            case: vec![("rows", json!(run.rows))],
            metric: "file",
            unit: "MB",
            value: &[file].into_iter().collect(),
            baseline,
            baseline_value: &[bytes as f64 / MEGABYTE].into_iter().collect(),
            ratio: Ratio::ValueByBaseline,
            note,
        });
    }
    world.end().await
}

/// The bytes of the file and, unless SQLite has written everything from there into it, of its log.
fn size_of(database: &Path) -> Result<u64, BenchError> {
    let size = std::fs::metadata(database).map_err(|error| BenchError::Beside(format!("no file: {error}")))?.len();
    let log = std::fs::metadata(format!("{}-wal", database.display())).map(|log| log.len()).unwrap_or_default();
    Ok(size + log)
}

/// The bytes of the table of contacts, and with its indexes.
async fn table_sizes(world: &mut Offline) -> Result<(i64, i64), BenchError> {
    let sizes = sqlx::query_as("SELECT pg_table_size('crm.contact'), pg_total_relation_size('crm.contact')");
    let sizes = sizes.fetch_one(world.stack().admin_pool()).await;
    Ok(sizes.map_err(PlatformError::doing("asking for the size of the table"))?)
}
