//! The device's database: one SQLite file that any program may read and write, and the only module that touches it.
//!
//! The [`Store`] is the agent's connection. Its triggers are off, so that what it loads is neither checked nor captured;
//! every other program's writes are, by triggers in the file itself. Each method is one transaction, or none: after an
//! error the database is as it was.
//!
//! # Values
//!
//! | Postgres | SQLite |
//! |---|---|
//! | `uuid` | TEXT, 36 characters in lower case |
//! | `bool` | INTEGER 0 or 1 |
//! | `int2`, `int4`, `int8` | INTEGER |
//! | `float4`, `float8` | REAL; a `float4` as the double of its shortest decimal form, which reads back as the same `float4`; `NaN`, `Infinity`, `-Infinity` as TEXT; `-0` becomes `0` |
//! | `numeric` | INTEGER or REAL up to 15 digits, TEXT beyond; `NaN` and the infinities as TEXT |
//! | `date`, `timestamp`, `timestamptz` | TEXT in ISO-8601, `timestamptz` in UTC with `Z`; `infinity`, `-infinity`; ` BC` at the end |
//! | `bytea` | BLOB |
//! | `text`, `json`, `jsonb`, all others | TEXT as Postgres prints it |

mod adopt;
mod arrival;
mod aside;
mod attachment;
mod batch_table;
mod chunk;
mod digest;
mod dry_take_up;
mod error;
mod file;
mod groups;
mod hold;
mod image;
mod invoke;
mod load;
mod load_sql;
mod numbering;
mod operation;
mod overdue;
mod park;
mod queue;
mod rebase;
mod refresh;
mod rows;
mod session;
mod settlement;
mod size;
mod spool;
mod spool_files;
mod state;
mod sync_info;
mod take_up;
mod unspool;
mod upgrade;
mod value;
mod verdicts;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sojourn_metadata::Metadata;

use self::batch_table::Inbox;
use self::error::Fault;

pub use self::arrival::{Arrival, Fitting, Proven};
pub use self::attachment::{Attachment, Taken};
pub use self::digest::{HeldRange, HeldRows};
pub use self::error::StoreError;
pub use self::invoke::{CommandProblem, Sending};
pub use self::load::Loaded;
pub use self::queue::{EntryCommand, EntryState, QueueEntry, QueueSummary};
pub use self::session::{Session, Totals};
pub use self::settlement::{SettledError, Settlement};
pub use self::state::{Device, Mode, VERIFICATION_DUE};
pub use self::sync_info::SyncRecord;
pub use self::take_up::Ceilings;
pub use self::unspool::{Applied, Unspooled};
pub use self::value::ValueRef;
pub use self::writer::Writer;

/// The agent's connection to the device's database.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
    inbox: Inbox,
    adopted: Option<Adopted>,
}

/// The metadata that the entity tables were made from.
#[derive(Debug, Clone)]
struct Adopted {
    version: u32,
    metadata: Metadata,
}

impl Store {
    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in a transaction that has the write lock from the start.
    fn write<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let result = transact(&mut self.connection, work);
        result.map_err(|fault| fault.at(&self.path, doing))
    }

    /// Runs `work`, which only reads.
    fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|fault| fault.at(&self.path, doing))
    }

    fn adopted(&self) -> Result<&Adopted, StoreError> {
        self.adopted.as_ref().ok_or_else(|| StoreError::NoTables { path: self.path.clone() })
    }
}

fn transact<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
