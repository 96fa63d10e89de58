-- Moving data: the sync state by confirmed positions, batch sizes, and statistics.

-- key: subscription, object type code. The position up to which the device has an entity's rows: everything up to
-- (prepare_seq, object_id) in the order of its sync entries is durable there. No row: nothing is. Written by prepare.
CREATE TABLE sync_progress (
  subscription_id  text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  object_type_code int NOT NULL,
  prepare_seq      int NOT NULL,
  object_id        uuid NOT NULL,
  PRIMARY KEY (subscription_id, object_type_code)
);

-- `settled` is the highest batch that was PostSynced: it and all before it are durable on the device. `batch_rows` and
-- `batch_bytes` are how large the device wants its batches to begin with; with the receipt of batch `paced_batch` it
-- asked for `paced_rows` from then on, for the same entity and kind. `elapsed_ms` is how long the device says it took.
ALTER TABLE session
  ADD settled     int NOT NULL DEFAULT 0,
  ADD batch_rows  int,
  ADD batch_bytes bigint,
  ADD paced_batch int,
  ADD paced_rows  int,
  ADD elapsed_ms  bigint,
  DROP CONSTRAINT session_state_check,
  ADD CONSTRAINT session_state_check CHECK (state IN ('open', 'finished', 'superseded', 'abandoned'));
COMMENT ON COLUMN session.state IS
  'superseded: a newer prepare took its place, and its batches are still in the store; abandoned: they are purged';

UPDATE session s SET settled = coalesce((SELECT max(number) FROM post_sync p WHERE p.session_id = s.id), 0);
DROP TABLE post_sync;

-- What the device says of a session when it is over (the documents' RecordSyncInfo), beside what it had to move. Times
-- are microseconds; bytes on the wire are those of batch files, bytes of rows are as Postgres sent them.
ALTER TABLE subscription_sync_info
  ADD first_at        timestamptz,
  ADD last_at         timestamptz,
  ADD row_count       bigint,
  ADD deleted_count   bigint,
  ADD set_aside_count bigint,
  ADD batch_count     int,
  ADD retry_count     int,
  ADD wire_bytes      bigint,
  ADD row_bytes       bigint,
  ADD read_us         bigint,
  ADD encode_us       bigint,
  ADD store_us        bigint,
  ADD fetch_us        bigint,
  ADD decode_us       bigint,
  ADD load_us         bigint;

-- A batch of rows reaches up to (prepare_seq, to_key) in the order of the sync entries.
ALTER TABLE batch ADD prepare_seq int;

-- Makes the table of one subscription's sync entries: (object id, object type code, prepare sequence, version). An entry
-- carries the prepare that made it pending; in the order (prepare sequence, object id) the device has those up to its
-- position in sync_progress. Entries to be deleted are pending while they are there. The version is the transaction
-- that wrote the row. The view beside it shows the documents' sync state: 0 synchronised, 1 to be moved, 2 to be
-- deleted. The service may ask for one, but does not own it.
CREATE OR REPLACE FUNCTION sync_entry_create(number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entries CONSTANT text := 'sync_entry_' || number;
BEGIN
  IF to_regclass('sojourn.' || entries) IS NULL THEN
    EXECUTE format('CREATE TABLE sojourn.%I (
        object_type_code int NOT NULL,
        prepare_seq      int NOT NULL,
        object_id        uuid NOT NULL,
        version          xid NOT NULL,
        deleted          bool NOT NULL DEFAULT false)', entries);
    -- Its key is an index that comes later: without this, a publication for all tables would let nothing be updated.
    EXECUTE format('ALTER TABLE sojourn.%I REPLICA IDENTITY FULL', entries);
  END IF;
  EXECUTE format('CREATE OR REPLACE VIEW sojourn.%I AS
      SELECT e.object_type_code, e.object_id,
             (CASE WHEN e.deleted THEN 2
                   WHEN (e.prepare_seq, e.object_id) <= (p.prepare_seq, p.object_id) THEN 0
                   ELSE 1 END)::smallint AS sync_state,
             e.version
        FROM sojourn.%I e
        JOIN sojourn.subscription u ON u.number = %s
        LEFT JOIN sojourn.sync_progress p
               ON p.subscription_id = u.id AND p.object_type_code = e.object_type_code',
      'sync_state_' || number, entries, number);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON sojourn.%I TO sojourn_service', entries);
  EXECUTE format('GRANT SELECT ON sojourn.%I TO sojourn_service', 'sync_state_' || number);
END $$;

-- Makes the indexes of a table of sync entries that are not there: once the first prepare has loaded the entries in
-- order, they are made in half the time that keeping them up would take. It needs no lock that a reader (a backup)
-- withholds, as a primary key would. Repeating it changes nothing. The service may ask for it.
CREATE FUNCTION sync_entry_index(number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  entries CONSTANT text := 'sync_entry_' || number;
BEGIN
  IF to_regclass('sojourn.' || entries || '_order') IS NOT NULL THEN
    RETURN;
  END IF;
  -- Entries in order need no sorting where they fit: a million does.
  IF pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('128MB') THEN
    PERFORM set_config('maintenance_work_mem', '128MB', true);
  END IF;
  IF to_regclass('sojourn.' || entries || '_pkey') IS NULL THEN
    EXECUTE format('CREATE UNIQUE INDEX %I ON sojourn.%I (object_type_code, object_id)', entries || '_pkey', entries);
  END IF;
  EXECUTE format('CREATE INDEX %I ON sojourn.%I (object_type_code, prepare_seq, object_id) WHERE NOT deleted',
      entries || '_order', entries);
  EXECUTE format('CREATE INDEX %I ON sojourn.%I (object_type_code, object_id) WHERE deleted',
      entries || '_deleted', entries);
END $$;
REVOKE ALL ON FUNCTION sync_entry_index FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_entry_index TO sojourn_service;

-- Entries that were made before: what is synchronised carries prepare 0, and the device has all of that.
DO $$
DECLARE
  sub record;
BEGIN
  FOR sub IN SELECT * FROM sojourn.subscription LOOP
    IF to_regclass('sojourn.sync_entry_' || sub.number) IS NULL THEN
      CONTINUE;
    END IF;
    EXECUTE format('ALTER TABLE sojourn.%I
        ADD prepare_seq int NOT NULL DEFAULT 0, ADD deleted bool NOT NULL DEFAULT false', 'sync_entry_' || sub.number);
    EXECUTE format('UPDATE sojourn.%I SET prepare_seq = %s, deleted = sync_state = 2 WHERE sync_state <> 0',
        'sync_entry_' || sub.number, sub.prepare_seq);
    EXECUTE format('INSERT INTO sojourn.sync_progress
        SELECT DISTINCT %L, object_type_code, 0, %L::uuid FROM sojourn.%I',
        sub.id, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'sync_entry_' || sub.number);
    EXECUTE format('ALTER TABLE sojourn.%I DROP COLUMN sync_state', 'sync_entry_' || sub.number);
    PERFORM sojourn.sync_entry_create(sub.number);
    PERFORM sojourn.sync_entry_index(sub.number);
  END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE, DELETE ON sync_progress TO sojourn_service;

-- key: hash, BLAKE3 of a bearer token. Who may fetch batches of a subscription over HTTP, and until when. Written by
-- export.
CREATE TABLE batch_token (
  hash            bytea PRIMARY KEY,
  subscription_id text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  client_id       text NOT NULL,
  expires_at      timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON batch_token TO sojourn_service;
