//! Where the numbers of operations begin, and begin again.

use rusqlite::Connection;

use super::{Store, StoreError, groups, state};

impl Store {
    /// Numbers the first operation of this device with `sequence`. A subscription outlives its device's database: what
    /// an earlier one sent has its numbers and verdicts, and a new operation under an old number would be taken for a
    /// repeat and lost. Once there are entity tables, the numbers go on by themselves and this changes nothing.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn number_from(&mut self, sequence: u64) -> Result<(), StoreError> {
        if self.adopted.is_some() {
            return Ok(());
        }
        let sequence = i64::try_from(sequence).unwrap_or(i64::MAX);
        self.write("numbering operations", |transaction| {
            state::put(transaction, state::FIRST_SEQUENCE, &sequence)?;
            Ok(state::put(transaction, state::NEXT_SEQUENCE, &sequence)?)
        })
    }

    /// Numbers what is on its way, and what follows, from `expected` on: the server was restored to an earlier state and
    /// knows no later number. What it has lost was answered before and is in no queue any more; what is on its way has
    /// not happened in the state that it is in now, and what it refused under a later number it judges anew.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn number_again_from(&mut self, expected: u64) -> Result<(), StoreError> {
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        self.write("numbering operations again", |transaction| {
            transaction.execute(LOST_SETTLEMENTS, [expected])?;
            transaction.execute(LOST_NUMBERS, [expected])?;
            transaction.execute(LOST_REFUSALS, [expected])?;
            transaction.execute(NOTHING_TO_GIVE_UP, [])?;
            groups::send_again(transaction)?;
            if expected < first(transaction)? {
                state::put(transaction, state::FIRST_SEQUENCE, &expected)?;
            }
            Ok(state::put(transaction, state::NEXT_SEQUENCE, &expected)?)
        })
    }
}

/// The first number that this device's database has given, or will give. What has an earlier one was sent by another.
pub(super) fn first(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(state::get(connection, state::FIRST_SEQUENCE)?.unwrap_or(1))
}

/// The server takes these for unsettled again, and would block what follows.
const LOST_SETTLEMENTS: &str = "UPDATE sojourn_queue SET state = 0, given_up = 1, sequence = NULL \
     WHERE state IN (2, 4) AND sequence >= ?1 AND settles < ?1";

/// On their way, or refused, under a number that the server does not know.
const LOST_NUMBERS: &str = "UPDATE sojourn_queue SET state = 0, sequence = NULL, verdict = NULL, reason = NULL, \
     attribute = NULL, trace_id = NULL, rule = NULL, cause = NULL, waits_for = NULL, let_go_for = NULL, detail = NULL \
     WHERE state IN (1, 3) AND sequence >= ?1";

/// To be sent again, or kept back here, and settling a number that the server does not know: it will give that to another.
const LOST_REFUSALS: &str = "UPDATE sojourn_queue SET settles = NULL, let_go_for = NULL \
     WHERE state IN (0, 3) AND settles >= ?1";

const NOTHING_TO_GIVE_UP: &str =
    "UPDATE sojourn_queue SET state = 4 WHERE state = 0 AND given_up = 1 AND settles IS NULL";
