//! Where the numbers of operations begin, and begin again.

use super::{Store, StoreError, state};

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
        self.write("numbering operations", |transaction| Ok(state::put(transaction, state::NEXT_SEQUENCE, &sequence)?))
    }

    /// Numbers what is on its way, and what follows, from `expected` on: the server was restored to an earlier state and
    /// knows no later number. What it has lost was answered before and is in no queue any more; what is on its way has
    /// not happened in the state that it is in now.
    ///
    /// # Errors
    /// That the database cannot be written.
    pub fn number_again_from(&mut self, expected: u64) -> Result<(), StoreError> {
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        self.write("numbering operations again", |transaction| {
            let on_their_way = "SELECT min(sequence), count(*) FROM sojourn_queue \
                                WHERE state = 1 AND sequence IS NOT NULL";
            let (first, count): (Option<i64>, i64) =
                transaction.query_row(on_their_way, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if let Some(first) = first {
                let moved =
                    "UPDATE sojourn_queue SET sequence = sequence - ?1 WHERE state = 1 AND sequence IS NOT NULL";
                transaction.execute(moved, [first - expected])?;
            }
            Ok(state::put(transaction, state::NEXT_SEQUENCE, &(expected + count))?)
        })
    }
}
