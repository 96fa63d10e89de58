//! Bringing the housekeeping tables of an older program's file to the format of this one.

use rusqlite::Connection;

use super::error::Fault;

/// The format of the housekeeping tables.
pub(super) const FORMAT: u32 = 3;

/// What leads from each format to the next, from format 1 on.
const STEPS: [&str; FORMAT as usize - 1] = [
    "ALTER TABLE sojourn_session ADD COLUMN prepare_seq INTEGER NOT NULL DEFAULT 0;
    DROP INDEX sojourn_queue_sequence;
    CREATE UNIQUE INDEX sojourn_queue_sequence ON sojourn_queue (sequence) WHERE state = 1 AND sequence IS NOT NULL;",
    "CREATE TABLE sojourn_spool (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        session  TEXT NOT NULL,
        batch    INTEGER NOT NULL,
        rows     INTEGER NOT NULL,
        bytes    INTEGER NOT NULL,
        UNIQUE (session, batch)
    );
    CREATE TABLE sojourn_sync_info (
        session     TEXT PRIMARY KEY NOT NULL,
        prepare_seq INTEGER NOT NULL,
        started_at  TEXT NOT NULL,
        finished_at TEXT,
        prepare_ms  INTEGER NOT NULL,
        elapsed_ms  INTEGER NOT NULL DEFAULT 0,
        totals      TEXT NOT NULL,
        entities    TEXT NOT NULL DEFAULT '[]'
    ) WITHOUT ROWID;
    INSERT INTO sojourn_state (key, value) SELECT 'loaded', 1 FROM sojourn_session WHERE finished = 1;",
];

/// Takes the steps that are missing, in one transaction. Another program may have taken them meanwhile.
pub(super) fn bring_up(connection: &mut Connection) -> Result<(), Fault> {
    if format(connection)? >= FORMAT {
        return Ok(());
    }
    super::transact(connection, |transaction| {
        for step in STEPS.iter().skip((format(transaction)? as usize).saturating_sub(1)) {
            transaction.execute_batch(step)?;
        }
        Ok(transaction.pragma_update(None, "user_version", FORMAT)?)
    })
}

fn format(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
