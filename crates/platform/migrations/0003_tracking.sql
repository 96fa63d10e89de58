-- Following changes, and the rules that decide beside policies what a device holds.

-- `rules` say how changes are followed and which local data groups there are (see Rules in crates/metadata);
-- `definition` is the hash of every catalog object that decides who sees what, as it was when the rules were made;
-- `registration` counts the times they were made. Written by schema.
ALTER TABLE dataset
  ADD rules        jsonb,
  ADD definition   text,
  ADD registration bigint NOT NULL DEFAULT 0;

-- key: stream. The tables whose changes are followed. With a key column each changed row is noted by its value; without
-- one, only that something changed. Datasets share them; what none needs is removed. Written by schema, on behalf of
-- the administrator.
CREATE TABLE tracked_table (
  stream     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  relation   oid NOT NULL,
  schema     text NOT NULL,
  name       text NOT NULL,
  key_column text,
  datasets   text[] NOT NULL,
  UNIQUE NULLS NOT DISTINCT (relation, key_column) DEFERRABLE
);

-- no key. What changed, and in which transaction: the log that triggers append to. It is only ever appended to, because
-- an upsert would make writers wait for each other that do not meet in their own tables. The nil id says "everything":
-- the table was truncated, or is followed without a key. A row is needed until every subscription has seen its
-- transaction. Written by the triggers, cleaned up by prepare.
CREATE TABLE tracking (
  stream    int NOT NULL,
  version   xid8 NOT NULL,
  object_id uuid NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX tracking_version ON tracking (stream, version);

-- one row. Transactions before the horizon are no longer in tracking. Written by prepare.
CREATE TABLE tracking_horizon (
  one     bool PRIMARY KEY DEFAULT true CHECK (one),
  horizon xid8 NOT NULL DEFAULT '0'
);
INSERT INTO tracking_horizon DEFAULT VALUES;

-- `definition` and `metadata_version` are those of the last prepare. An expired subscription was silent for too long:
-- what changed meanwhile is no longer known, and its next prepare evaluates everything.
ALTER TABLE subscription
  ADD definition       text,
  ADD metadata_version int,
  DROP CONSTRAINT subscription_type_check,
  ADD CONSTRAINT subscription_type_check CHECK (type IN ('offline', 'pim')),
  DROP CONSTRAINT subscription_status_check,
  ADD CONSTRAINT subscription_status_check CHECK (status IN ('active', 'revoked', 'expired'));

-- A subscription has one primary client.
UPDATE subscription_client c SET is_primary = false
 WHERE EXISTS (SELECT FROM subscription_client o
                WHERE o.subscription_id = c.subscription_id AND o.client_id < c.client_id);
CREATE UNIQUE INDEX subscription_client_primary ON subscription_client (subscription_id) WHERE is_primary;

-- key: subscription, entity. What the last prepare of an entity went by: the filter in force, and what the policies know
-- of the user. `needs_full` asks the next one to evaluate everything; `full_us` is what that took last, in
-- microseconds. Written by prepare.
CREATE TABLE subscription_entity (
  subscription_id  text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  object_type_code int NOT NULL,
  filter           text NOT NULL,
  access_context   jsonb,
  needs_full       bool NOT NULL DEFAULT false,
  full_us          bigint NOT NULL,
  PRIMARY KEY (subscription_id, object_type_code)
);

-- key: id, which whoever defines it makes. Local data groups that were defined at run time: by an administrator for
-- everybody, for a role or for a user, or by a user for the own subscription. Those of sojourn.yaml are in the
-- dataset's rules. Written by prepare.
CREATE TABLE local_data_group (
  id               uuid PRIMARY KEY,
  dataset          text NOT NULL,
  object_type_code int NOT NULL,
  name             text NOT NULL,
  filter           text NOT NULL,
  audience         text NOT NULL CHECK (audience IN ('everyone', 'role', 'user', 'subscription')),
  role             text,
  user_id          uuid,
  subscription_id  text REFERENCES subscription ON DELETE CASCADE,
  enforced         bool NOT NULL DEFAULT false,
  defined_at       timestamptz NOT NULL DEFAULT now(),
  UNIQUE NULLS NOT DISTINCT (dataset, object_type_code, subscription_id, name),
  CHECK ((audience = 'role') = (role IS NOT NULL)),
  CHECK ((audience = 'user') = (user_id IS NOT NULL)),
  CHECK ((audience = 'subscription') = (subscription_id IS NOT NULL)),
  CHECK (audience <> 'subscription' OR NOT enforced)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON subscription_entity, local_data_group TO sojourn_service;
GRANT SELECT, UPDATE ON tracking_horizon TO sojourn_service;
GRANT SELECT ON tracked_table TO sojourn_service;
GRANT SELECT, DELETE ON tracking TO sojourn_service;
