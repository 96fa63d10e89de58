//! One row in each transaction, prepared once.

use std::time::Instant;

use serde_json::json;
use sojourn_platform::PlatformError;
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::BenchError;
use super::super::run::Run;
use super::super::server::Database;
use super::{Pair, Side};

/// How often, with each table.
const REPETITIONS: usize = 5;
/// One row of so many is written.
const ONE_OF: u64 = 50;

/// What is written, in this order: what was deleted is inserted again.
const KINDS: [(&str, &str, &str); 3] = [
    ("update", "UPDATE ", " SET notes = notes || '.', modified_on = now() WHERE id = $1"),
    ("delete", "DELETE FROM ", " WHERE id = $1"),
    (
        "insert",
        "INSERT INTO ",
        " VALUES ($1, 'Dr', 'Ann', 'Smith', 'Buyer of things', 'ann@example.org', '+49 30 1', 'Berlin', '1970-01-01', 7,
                  'met at the fair', gen_random_uuid(), gen_random_uuid(), now())",
    ),
];

/// Measures every kind, row by row with both tables in turn.
pub(super) async fn measure(run: &mut Run, database: &Database) -> Result<(), BenchError> {
    let doing = || PlatformError::doing("preparing single writes");
    let refill = "TRUNCATE bench.untracked, bench.tracked;
        INSERT INTO bench.untracked SELECT * FROM bench.source; INSERT INTO bench.tracked SELECT * FROM bench.source";
    database.execute("filling the tables", refill).await?;
    database.execute("vacuuming", "TRUNCATE sojourn.tracking").await?;
    database.execute("vacuuming", "VACUUM ANALYZE").await?;
    let mut connection = database.admin.acquire().await.map_err(doing())?;
    let ids: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM bench.source ORDER BY id LIMIT $1")
        .bind((run.rows / ONE_OF).cast_signed())
        .fetch_all(&mut *connection)
        .await
        .map_err(doing())?;
    let mut pairs: [Pair; KINDS.len()] = Default::default();
    let repetitions = run.repetitions(REPETITIONS);
    for repetition in 0..repetitions {
        run.doing(format!("single writes, {} of {repetitions}", repetition + 1));
        for ((_, before, after), pair) in KINDS.into_iter().zip(&mut pairs) {
            let mut round = Pair::default();
            for (turn, id) in ids.iter().enumerate() {
                for side in Side::both(turn) {
                    round.push(side, write(&mut connection, side, (before, after), *id).await?);
                }
            }
            pair.push(Side::Untracked, round.untracked.median());
            pair.push(Side::Tracked, round.tracked.median());
        }
    }
    for ((name, ..), pair) in KINDS.into_iter().zip(&pairs) {
        pair.report(run, vec![("kind", json!(name)), ("writes", json!("single")), ("rows", json!(run.rows))], "us");
    }
    Ok(())
}

/// Writes one row, and answers how long it took, in microseconds.
async fn write(
    connection: &mut PgConnection,
    side: Side,
    (before, after): (&'static str, &'static str),
    id: Uuid,
) -> Result<f64, BenchError> {
    let query = sqlx::query(side.sql(before, after).map_err(PlatformError::from)?.into_sqlx()).bind(id);
    let start = Instant::now();
    let done = query.execute(connection).await;
    let took = start.elapsed().as_secs_f64() * 1e6;
    match done.map_err(PlatformError::doing("writing a single row"))?.rows_affected() {
        1 => Ok(took),
        rows => Err(BenchError::Beside(format!("a single write wrote {rows} rows"))),
    }
}
