-- The agent's own tables in the device's database. Entity tables and their triggers are made from metadata
-- (sojourn_metadata::sqlite); the triggers write the queue and read `open_group`.

-- key: a name. purpose: single values. Who writes: the agent; the trigger of sojourn_group writes `open_group`.
--   device         JSON: agent, subscription, user, server; once, when the file is made
--   mode           online | going_offline | offline | going_online
--   next_sequence  number of the next operation that is taken up for sending
--   first_sequence the first number that this file has given; 1 when there is no row
--   loaded         1 once a session has been finished: from then on, sessions are spooled
--   open_group     row_number of the start marker whose group is open; no row when none is
--   setting.<name> whatever the agent wants to remember:
--     verification_due  the server was restored to an earlier state: every row is to be compared after the next session
CREATE TABLE sojourn_state (
    key   TEXT PRIMARY KEY NOT NULL,
    value
) WITHOUT ROWID;

-- key: one row. purpose: the metadata that the entity tables were made from. Who writes: the agent.
CREATE TABLE sojourn_metadata (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    version  INTEGER NOT NULL,
    document TEXT NOT NULL
);

-- key: one row. purpose: the run of GoOffline or background sync that is under way, or the last one.
-- Who writes: the agent, a batch's progress in the transaction that loads the batch.
CREATE TABLE sojourn_session (
    one             INTEGER PRIMARY KEY CHECK (one = 1),
    session         TEXT NOT NULL,
    prepare_seq     INTEGER NOT NULL DEFAULT 0, -- its number among the subscription's prepares; 0: not known
    totals          TEXT NOT NULL,              -- JSON: what must move, per entity
    last_batch      INTEGER NOT NULL DEFAULT 0, -- number of the last batch that is in the tables, or spooled
    rows            INTEGER NOT NULL DEFAULT 0,
    deletes         INTEGER NOT NULL DEFAULT 0,
    set_aside       INTEGER NOT NULL DEFAULT 0, -- rows and deletes that came beneath unsettled work
    settled_through INTEGER NOT NULL,           -- every sequence up to here had its verdict when the session began
    finished        INTEGER NOT NULL DEFAULT 0
);

-- key: position, the order of arrival. purpose: batches that are on the device and not yet in the tables: their files are
-- in the folder `spool`, and they become visible together when a session is complete. They may be of several sessions.
-- Who writes: the agent.
CREATE TABLE sojourn_spool (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    session  TEXT NOT NULL,
    batch    INTEGER NOT NULL,
    rows     INTEGER NOT NULL,
    bytes    INTEGER NOT NULL,
    UNIQUE (session, batch)
);

-- key: session. purpose: what each run of GoOffline or sync did and how long its stages took (the documents'
-- SubscriptionSyncInfo); the newest hundred are kept. Who writes: the agent.
CREATE TABLE sojourn_sync_info (
    session     TEXT PRIMARY KEY NOT NULL,
    prepare_seq INTEGER NOT NULL,
    started_at  TEXT NOT NULL,              -- ISO-8601 in UTC, by the device's clock
    finished_at TEXT,                       -- null while it is under way, or when it was cut short
    prepare_ms  INTEGER NOT NULL,           -- how long the server worked on PrepareSync
    elapsed_ms  INTEGER NOT NULL DEFAULT 0, -- from the answer to the prepare to the last commit
    totals      TEXT NOT NULL,              -- JSON: what had to move, per entity
    entities    TEXT NOT NULL DEFAULT '[]'  -- JSON: what was moved, per entity
) WITHOUT ROWID;

-- key: an object. purpose: rows that the server must send again, because the device did not take what it sent, because a
-- write of the device was refused, or because they were created here and may not be the user's to have. Who writes: the
-- agent; a batch that holds a row takes it off, in the transaction that loads it.
CREATE TABLE sojourn_refresh (
    object_type_code INTEGER NOT NULL,
    object_id        TEXT NOT NULL,
    PRIMARY KEY (object_type_code, object_id)
) WITHOUT ROWID;

-- key: row_number, the order of capture. purpose: the offline queue. Who writes: the triggers of the entity tables and
-- of sojourn_group (a new entry, state 0); the agent (sequence, state, and what came of it).
CREATE TABLE sojourn_queue (
    row_number       INTEGER PRIMARY KEY AUTOINCREMENT,
    object_id        TEXT,                       -- null for markers
    object_type_code INTEGER,                    -- null for markers
    action_date      TEXT NOT NULL,              -- when the user did it, by the device's clock, ISO-8601 in UTC
    command_id       INTEGER NOT NULL,           -- 1 create, 2 update, 3 delete, 4 named; 10 start marker, 11 stop marker
    data             TEXT,                       -- JSON: the attributes it sets, or a named command's parameters;
                                                 -- {"blob":true}: in sojourn_blob, or else still in its row
    base             TEXT,                       -- JSON: what those attributes held before
    parent_id        INTEGER,                    -- the start marker of its group
    headers          TEXT,
    target           TEXT,
    state            INTEGER NOT NULL DEFAULT 0, -- 0 waiting, 1 sent, 2 played back, 3 refused or parked, 4 given up
    sequence         INTEGER,                    -- its number within the subscription, once taken up
    verdict          TEXT,
    reason           TEXT,
    attribute        TEXT,
    trace_id         TEXT,
    name             TEXT,                       -- which named command
    rule             TEXT,                       -- the server's rule that refused it
    cause            INTEGER,                    -- the operation for which the server parked or cancelled it, by sequence
    detail           TEXT,                       -- JSON: the whole verdict, when it was refused or parked
    settles          INTEGER,                    -- the sequence under which it was refused, when it is to be sent again
    given_up         INTEGER NOT NULL DEFAULT 0, -- 1: it is sent to say that the user discards it
    seen             INTEGER,                    -- the version of the server's row that the user overrules
    create_anyway    INTEGER NOT NULL DEFAULT 0, -- 1: the user wants it although there are duplicates
    overtaken        INTEGER NOT NULL DEFAULT 0, -- 1: the server's row brought news while it was unsettled
    waits_for        INTEGER,                    -- the row_number of the entry that must be settled first, of a parked one
    let_go_for       INTEGER                     -- the cause for which it was parked, and waits again because that was
                                                 -- settled already; it is not let go twice for the same
);
CREATE INDEX sojourn_queue_state ON sojourn_queue (state, row_number);
-- Not WHERE state < 2: then every change of state would rewrite pages all over the index.
CREATE INDEX sojourn_queue_object ON sojourn_queue (object_type_code, object_id);
-- What was refused or parked here keeps others back: they look for it by what they build on.
CREATE INDEX sojourn_queue_refused_here ON sojourn_queue (object_type_code, object_id)
    WHERE state = 3 AND sequence IS NULL;
-- Numbers come again when the server was restored to an earlier state: only those on their way are unique.
CREATE UNIQUE INDEX sojourn_queue_sequence ON sojourn_queue (sequence) WHERE state = 1 AND sequence IS NOT NULL;

-- key: a queue entry and an attribute. purpose: the bytes that the entry sets, once its row has others or is gone; until
-- then they are in the row and nowhere else. Who writes: the triggers of the entity tables, before a write changes the
-- row, and the agent before its own; the agent removes what is done.
CREATE TABLE sojourn_blob (
    row_number INTEGER NOT NULL,
    attribute  TEXT NOT NULL,
    bytes      BLOB NOT NULL,
    PRIMARY KEY (row_number, attribute)
);

-- key: an object. purpose: what an INSERT would change of the row that is there already, between the triggers before and
-- after it. Who writes: the triggers of the entity tables; the agent clears what is left over.
CREATE TABLE sojourn_replaced (
    object_type_code INTEGER NOT NULL,
    object_id        TEXT NOT NULL,
    after_row        INTEGER NOT NULL,           -- the last row_number of the queue then
    data             TEXT NOT NULL,
    base             TEXT NOT NULL,
    emptied          TEXT,                       -- a required attribute that would lose its value
    PRIMARY KEY (object_type_code, object_id)
) WITHOUT ROWID;

-- INSERT INTO sojourn_group (marker) VALUES ('start'), later ('stop'): what is written in between is all or nothing.
CREATE VIEW sojourn_group (marker) AS
SELECT CASE command_id WHEN 10 THEN 'start' ELSE 'stop' END
FROM sojourn_queue WHERE command_id IN (10, 11) ORDER BY row_number;

CREATE TRIGGER sojourn_group_mark INSTEAD OF INSERT ON sojourn_group
BEGIN
    SELECT CASE
        WHEN NEW.marker IS NULL OR NEW.marker NOT IN ('start', 'stop')
            THEN RAISE(ABORT, 'sojourn_group: the marker must be start or stop')
        WHEN NEW.marker = 'start' AND EXISTS (SELECT 1 FROM sojourn_state WHERE key = 'open_group')
            THEN RAISE(ABORT, 'sojourn_group: a group is open already; stop it before you start another')
        WHEN NEW.marker = 'stop' AND NOT EXISTS (SELECT 1 FROM sojourn_state WHERE key = 'open_group')
            THEN RAISE(ABORT, 'sojourn_group: no group is open; start one first')
    END;
    INSERT INTO sojourn_queue (action_date, command_id, parent_id)
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), CASE NEW.marker WHEN 'start' THEN 10 ELSE 11 END,
        (SELECT value FROM sojourn_state WHERE key = 'open_group');
    DELETE FROM sojourn_state WHERE key = 'open_group';
    INSERT INTO sojourn_state (key, value)
    SELECT 'open_group', (SELECT max(row_number) FROM sojourn_queue) WHERE NEW.marker = 'start';
END;
