//! Many rows in one statement.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use serde_json::json;
use sojourn_platform::PlatformError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};

use super::super::error::BenchError;
use super::super::run::Run;
use super::super::server::Database;
use super::{Pair, Side, millis_since};

/// How often, with each table.
const REPETITIONS: usize = 5;

/// What is written in one statement, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Insert,
    Update,
    Delete,
    Copy,
}

impl Kind {
    const ALL: [(Kind, &'static str); 4] =
        [(Kind::Insert, "insert"), (Kind::Update, "update"), (Kind::Delete, "delete"), (Kind::Copy, "copy")];
}

/// Measures every kind with both tables in turn.
pub(super) async fn measure(run: &mut Run, database: &Database) -> Result<(), BenchError> {
    let doing = PlatformError::doing("taking a connection to write");
    let mut connection = database.admin.acquire().await.map_err(doing)?;
    let rows = copied_out(&mut connection).await?;
    let mut pairs: [Pair; 4] = Default::default();
    let repetitions = run.repetitions(REPETITIONS);
    for turn in 0..repetitions {
        run.doing(format!("bulk writes, {} of {repetitions}", turn + 1));
        database.execute("emptying the tables", "TRUNCATE bench.untracked, bench.tracked; CHECKPOINT").await?;
        for side in Side::both(turn) {
            for ((kind, _), pair) in Kind::ALL.into_iter().zip(&mut pairs) {
                pair.push(side, write(&mut connection, side, kind, &rows).await?);
            }
        }
        // Cleaning up would do it; a benchmark need not carry its own past.
        database.execute("forgetting changes", "TRUNCATE sojourn.tracking").await?;
    }
    for ((_, name), pair) in Kind::ALL.into_iter().zip(&pairs) {
        pair.report(run, vec![("kind", json!(name)), ("writes", json!("bulk")), ("rows", json!(run.rows))], "ms");
    }
    Ok(())
}

/// Writes all rows, and answers how long it took, in milliseconds.
async fn write(
    connection: &mut PoolConnection<Postgres>,
    side: Side,
    kind: Kind,
    rows: &[Bytes],
) -> Result<f64, BenchError> {
    let sql = match kind {
        Kind::Insert => side.sql("INSERT INTO ", " SELECT * FROM bench.source"),
        Kind::Update => side.sql("UPDATE ", " SET notes = notes || '.', modified_on = now()"),
        Kind::Delete => side.sql("DELETE FROM ", ""),
        Kind::Copy => side.sql("COPY ", " FROM STDIN"),
    };
    let sql = sql.map_err(PlatformError::from)?;
    if kind == Kind::Copy {
        let empty = side.sql("TRUNCATE ", "").map_err(PlatformError::from)?;
        sqlx::query(empty.into_sqlx()).execute(&mut **connection).await.map_err(doing())?;
        return copy_in(connection, sql.text(), rows).await.map_err(|source| doing()(source).into());
    }
    let query = sqlx::query(sql.into_sqlx());
    let start = Instant::now();
    query.execute(&mut **connection).await.map_err(doing())?;
    Ok(millis_since(start))
}

fn doing() -> impl FnOnce(sqlx::Error) -> PlatformError {
    PlatformError::doing("writing many rows in one statement")
}

async fn copy_in(connection: &mut PgConnection, statement: &str, rows: &[Bytes]) -> Result<f64, sqlx::Error> {
    let start = Instant::now();
    let mut sink = connection.copy_in_raw(statement).await?;
    for piece in rows {
        sink.send(&piece[..]).await?;
    }
    sink.finish().await?;
    Ok(millis_since(start))
}

/// The source as COPY wants it.
async fn copied_out(connection: &mut PgConnection) -> Result<Vec<Bytes>, PlatformError> {
    const PIECE: usize = 64 * 1024;
    let doing = || PlatformError::doing("reading the rows to copy");
    let mut out = connection.copy_out_raw("COPY bench.source TO STDOUT").await.map_err(doing())?;
    let (mut pieces, mut piece) = (Vec::new(), BytesMut::new());
    while let Some(row) = out.try_next().await.map_err(doing())? {
        piece.extend_from_slice(&row);
        if piece.len() >= PIECE {
            pieces.push(piece.split().freeze());
        }
    }
    pieces.push(piece.freeze());
    Ok(pieces)
}
