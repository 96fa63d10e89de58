-- What the services know. Owned by sojourn_owner; the services log in as sojourn_service, which may read and write
-- these rows but owns nothing; the acting role sees none of it. Each table says its key, its purpose and who writes it.

-- key: name. The configured sets of entities, and the role users' statements run as. Written by schema.
CREATE TABLE dataset (
  name        text PRIMARY KEY,
  acting_role text NOT NULL
);

-- key: object type code. What code each entity got, so that it keeps it for life. Written by schema.
CREATE TABLE entity (
  object_type_code int PRIMARY KEY,
  dataset          text NOT NULL REFERENCES dataset,
  name             text NOT NULL,
  UNIQUE (dataset, name)
);

-- key: dataset, version. The published states of the metadata; the newest is in force. Written by schema.
CREATE TABLE metadata_version (
  dataset      text NOT NULL REFERENCES dataset,
  version      int NOT NULL,
  document     jsonb NOT NULL,
  hash         text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (dataset, version)
);

-- key: id, a subject token. One device's offline data set of one user. `number` names its sync entry table.
-- `snapshot` is the watermark: what the last prepare saw. Written by prepare.
CREATE TABLE subscription (
  id               text PRIMARY KEY,
  number           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  dataset          text NOT NULL,
  user_id          uuid NOT NULL,
  type             text NOT NULL DEFAULT 'offline' CHECK (type IN ('offline')),
  status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'revoked')),
  snapshot         pg_snapshot,
  evaluated_at     timestamptz,
  prepare_seq      bigint NOT NULL DEFAULT 0,
  created_at       timestamptz NOT NULL DEFAULT now()
);

-- key: subscription, client. The devices of a subscription; the primary one synchronises. Written by prepare.
CREATE TABLE subscription_client (
  subscription_id text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  client_id       text NOT NULL,
  name            text NOT NULL,
  is_primary      bool NOT NULL DEFAULT true,
  last_seen       timestamptz,
  PRIMARY KEY (subscription_id, client_id)
);

-- key: id. One run of GoOffline or sync of one subscription. A prepare supersedes the session before it.
-- `received` is the highest batch the device has received. Written by prepare.
CREATE TABLE session (
  id               uuid PRIMARY KEY,
  subscription_id  text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  request          uuid NOT NULL,
  prepare_seq      bigint NOT NULL,
  metadata_version int NOT NULL,
  state            text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'finished', 'superseded')),
  received         int NOT NULL DEFAULT 0,
  result           jsonb NOT NULL,
  started_at       timestamptz NOT NULL DEFAULT now(),
  finished_at      timestamptz,
  UNIQUE (subscription_id, request)
);

-- key: session, entity. The documents' SubscriptionSyncInfo: what a session had to move. Written by prepare.
CREATE TABLE subscription_sync_info (
  session_id       uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  object_type_code int NOT NULL,
  insert_count     bigint NOT NULL,
  update_count     bigint NOT NULL,
  delete_count     bigint NOT NULL,
  PRIMARY KEY (session_id, object_type_code)
);

-- key: session, number. What each batch shipped, so that PostSync marks exactly that: the keys in (after_key, to_key]
-- (from the least, where after_key is null), minus `skipped`, which were hidden or gone when it was made. The last row
-- of a session has kind 'end'. `manifest` is what the agent is told, again if need be.
-- Written by export.
CREATE TABLE batch (
  session_id       uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  number           int NOT NULL,
  kind             text NOT NULL CHECK (kind IN ('rows', 'deletes', 'end')),
  object_type_code int NOT NULL,
  after_key        uuid,
  to_key           uuid,
  skipped          uuid[] NOT NULL DEFAULT '{}',
  manifest         jsonb NOT NULL,
  PRIMARY KEY (session_id, number)
);

-- key: session. Whether a worker is making batches of it: while one is, it looks again before it stops, and need not be
-- woken when the device has received a batch. Written by export.
CREATE TABLE export_activity (
  session_id uuid PRIMARY KEY REFERENCES session ON DELETE CASCADE,
  active     bool NOT NULL
);

-- key: session, number. The batches that are durable on the device. Written by prepare.
CREATE TABLE post_sync (
  session_id uuid NOT NULL REFERENCES session ON DELETE CASCADE,
  number     int NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, number)
);

-- key: subscription. The fence: the sequence that the next operation must have. Written by replay.
CREATE TABLE replay_progress (
  subscription_id text PRIMARY KEY REFERENCES subscription ON DELETE CASCADE,
  next_sequence   bigint NOT NULL DEFAULT 1
);

-- key: subscription, sequence. Every operation that was played back, with its verdict. Written by replay, in the
-- transaction of the operation's effect.
CREATE TABLE operation (
  subscription_id  text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  sequence         bigint NOT NULL,
  command          text NOT NULL,
  object_type_code int NOT NULL,
  object_id        uuid NOT NULL,
  group_id         bigint,
  captured_at      text NOT NULL,
  verdict          text NOT NULL,
  reason           text,
  attribute        text,
  trace_id         text NOT NULL,
  played_back_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, sequence)
);
CREATE INDEX operation_object ON operation (object_id);

-- Makes the table of one subscription's sync entries: (object id, object type code, sync state, version), where the
-- state is 0 synchronised, 1 to be moved, 2 to be deleted, and the version is the transaction that wrote the row.
-- The service may ask for one, but does not own it.
CREATE FUNCTION sync_entry_create(number bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS sojourn.%I (
      object_type_code int NOT NULL,
      object_id        uuid NOT NULL,
      sync_state       smallint NOT NULL CHECK (sync_state IN (0, 1, 2)),
      version          xid NOT NULL,
      PRIMARY KEY (object_type_code, object_id)
    ) WITH (fillfactor = 70)', 'sync_entry_' || number);
  EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON sojourn.%I (object_type_code, sync_state, object_id)
      WHERE sync_state <> 0', 'sync_entry_' || number || '_pending', 'sync_entry_' || number);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON sojourn.%I TO sojourn_service', 'sync_entry_' || number);
END $$;

REVOKE ALL ON FUNCTION sync_entry_create FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_entry_create TO sojourn_service;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sojourn TO sojourn_service;
