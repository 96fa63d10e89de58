//! Where the numbers of operations begin.

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
}
