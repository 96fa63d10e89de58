-- key: session. How far a subscription's device was brought: `settled` is the highest batch that it has PostSynced. Kept
-- from the newest session with a PostSync on, so that a device whose database is at none of these, or at less of one,
-- is known to be an older copy. It outlives the sessions that are superseded. Written by prepare.
CREATE TABLE session_order (
  session_id      uuid PRIMARY KEY,
  subscription_id text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  prepare_seq     bigint NOT NULL,
  settled         int NOT NULL DEFAULT 0
);
CREATE INDEX session_order_subscription ON session_order (subscription_id, prepare_seq);
GRANT SELECT, INSERT, UPDATE, DELETE ON session_order TO sojourn_service;
