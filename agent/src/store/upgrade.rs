//! Bringing the housekeeping tables of an older program's file to the format of this one.

use rusqlite::Connection;

use super::error::Fault;

/// The format of the housekeeping tables.
pub(super) const FORMAT: u32 = 5;

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
    // What was refused before there were settlements is given up: its row came back from the server.
    concat!(
        "ALTER TABLE sojourn_queue ADD COLUMN name TEXT;
        ALTER TABLE sojourn_queue ADD COLUMN rule TEXT;
        ALTER TABLE sojourn_queue ADD COLUMN cause INTEGER;
        ALTER TABLE sojourn_queue ADD COLUMN detail TEXT;
        ALTER TABLE sojourn_queue ADD COLUMN settles INTEGER;
        ALTER TABLE sojourn_queue ADD COLUMN given_up INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE sojourn_queue ADD COLUMN seen INTEGER;
        ALTER TABLE sojourn_queue ADD COLUMN create_anyway INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE sojourn_queue ADD COLUMN overtaken INTEGER NOT NULL DEFAULT 0;
        UPDATE sojourn_queue SET state = 4 WHERE state = 3;",
        include_str!("settling.sql")
    ),
    "ALTER TABLE sojourn_queue ADD COLUMN waits_for INTEGER;
    ALTER TABLE sojourn_queue ADD COLUMN let_go_for INTEGER;
    CREATE INDEX sojourn_queue_refused_here ON sojourn_queue (object_type_code, object_id)
        WHERE state = 3 AND sequence IS NULL;
    UPDATE sojourn_queue SET waits_for = first.row_number
        FROM (SELECT row_number, coalesce(sequence, settles) AS number FROM sojourn_queue WHERE state = 3) AS first
        WHERE sojourn_queue.state = 3 AND sojourn_queue.cause = first.number;
    UPDATE sojourn_queue SET let_go_for = cause, cause = NULL WHERE state IN (0, 1);",
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
