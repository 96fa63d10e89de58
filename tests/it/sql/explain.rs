//! Asking Postgres what it thinks of a generated statement, without running it.

use sojourn_platform::sql::Sql;
use sqlx::{Postgres, Transaction};

/// Postgres plans a statement with `parameters` nulls in the role of the transaction: names, types and privileges are
/// checked, and nothing is done.
///
/// # Errors
/// What Postgres says; the transaction is of no more use then.
pub async fn explain(tx: &mut Transaction<'_, Postgres>, sql: &Sql, parameters: usize) -> Result<(), sqlx::Error> {
    let nulls = match parameters {
        0 => String::new(),
        _ => format!("({})", vec!["NULL"; parameters].join(", ")),
    };
    let text = format!("PREPARE asked AS {}; EXPLAIN EXECUTE asked{nulls}; DEALLOCATE asked", explainable(sql.text()));
    #[expect(clippy::disallowed_methods, reason = "the text is the statement under test, in a test's own words")]
    let asked = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
    asked.execute(&mut **tx).await.map(drop)
}

/// COPY cannot be explained: its query can.
fn explainable(text: &str) -> &str {
    let query = text.strip_prefix("COPY (").and_then(|rest| rest.strip_suffix(") TO STDOUT (FORMAT binary)"));
    query.unwrap_or(text)
}
