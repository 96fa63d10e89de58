//! Telling a verdict from a break: which errors of Postgres are about the operation, and which are about the moment.

use std::time::Duration;

use sojourn_platform::PlatformError;
use sojourn_platform::database::is_transient;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::Limits;
use crate::refusal::{Failure, Refusal};

/// What an error means for its operation.
#[derive(Debug)]
pub(super) enum Meaning {
    /// The operation is refused for what the database says.
    Refused(Box<Failure>),
    /// The operation is refused for what it is, in these words.
    Decided(Refusal),
}

/// The SQLSTATE of a cancelled statement, whoever cancelled it.
const CANCELLED: &str = "57014";
/// Where PL/pgSQL's RAISE and ASSERT report from: a name in Postgres' source, in no language.
const RAISED_BY: [&str; 2] = ["exec_stmt_raise", "exec_stmt_assert"];

/// What an error of a user's statement means, when it came after `elapsed`.
///
/// # Errors
/// The error itself, when it is about the moment: the whole chunk is rolled back and tried again. Most of what may pass may
/// also be the operation's own doing, and would come each time: on the `last_try` it is held against it.
pub(super) fn meaning(
    error: sqlx::Error,
    elapsed: Duration,
    limits: Limits,
    last_try: bool,
) -> Result<Meaning, PlatformError> {
    let break_off = PlatformError::doing("writing as the user");
    let Some(said) = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) else {
        return Err(break_off(error));
    };
    let code = said.code();
    if matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic) {
        return Err(break_off(sqlx::Error::Io(std::io::Error::other(said.message().to_owned()))));
    }
    // Administrators cancel with the same code, but not just when the time is up.
    if code == CANCELLED && elapsed >= limits.statement {
        let words = format!("this took longer than the {:?} that the server allows", limits.statement);
        return Ok(Meaning::Decided(Refusal::new(&words)));
    }
    if !is_transient(&error) {
        return Ok(Meaning::Refused(Box::new(failure(said))));
    }
    let failure = failure(said);
    if last_try && failure.raised {
        // A code that a trigger has chosen, with words for the user.
        return Ok(Meaning::Refused(Box::new(failure)));
    }
    if last_try && !is_the_moments(code) {
        let words = "the server was at odds with other changes each time this was tried; try again later";
        return Ok(Meaning::Decided(Refusal::new(&format!("{words} ({code})"))));
    }
    Err(break_off(error))
}

/// Whether an operation cannot bring it about by itself: the disk is full, there are too many connections, or the server is
/// about to end. Everything else it can: a deadlock, a lock, a time limit, too much memory or space for one statement, or
/// a code of a trigger's own.
fn is_the_moments(code: &str) -> bool {
    ["53000", "53100", "53300"].contains(&code) || code.starts_with("57P")
}

fn failure(said: &PgDatabaseError) -> Failure {
    Failure {
        code: said.code().to_owned(),
        message: said.message().to_owned(),
        table: said.schema().zip(said.table()).map(|(schema, table)| (schema.to_owned(), table.to_owned())),
        column: said.column().map(str::to_owned),
        constraint: said.constraint().map(str::to_owned),
        raised: said.routine().is_some_and(|routine| RAISED_BY.contains(&routine)),
        nested: said.r#where().is_some(),
    }
}
