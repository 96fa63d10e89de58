-- Verdicts that can be settled, attachments in parts, and events for workflows.

-- An operation that was refused or parked blocks its object until it is settled: a later operation names it in `settles`
-- and becomes its `settled_by`.
--   origin       the first number that the operation had: its place in the order of capture
--   cause        the operation that must be settled first, of a parked or cancelled one
--   rule         the rule of the server that refused it
--   name         the named command
--   detail       what else the verdict says (attributes of a conflict, duplicates), as in the message
--   row_version  the version of the row as the operation left it: while the row has it, nobody else has changed it
--   attributes   what the subscription's operations have set since somebody else wrote the row last
--   unseen       somebody else's change lay beneath that the device had not seen
ALTER TABLE operation
  ADD name        text,
  ADD settles     bigint,
  ADD settled_by  bigint,
  ADD origin      bigint,
  ADD cause       bigint,
  ADD rule        text,
  ADD detail      jsonb,
  ADD row_version xid,
  ADD attributes  jsonb,
  ADD unseen      bool NOT NULL DEFAULT false;
-- What was refused before there were settlements is settled: its row was sent back to the device.
UPDATE operation SET origin = sequence, settled_by = CASE WHEN verdict <> 'applied' THEN sequence END;
ALTER TABLE operation ALTER origin SET NOT NULL;
DROP INDEX operation_object;
CREATE INDEX operation_object ON operation (subscription_id, object_id, sequence);
CREATE INDEX operation_open ON operation (subscription_id, object_id)
  WHERE settled_by IS NULL AND verdict NOT IN ('applied', 'merged') AND command <> 'discard';
CREATE INDEX operation_played_back ON operation (played_back_at);

-- key: subscription, attachment, number. Parts of attachments that were sent ahead; they go with the verdict of the
-- operation that names them, or when nobody does for a week. Written by replay.
CREATE TABLE attachment_part (
  subscription_id text NOT NULL REFERENCES subscription ON DELETE CASCADE,
  attachment      uuid NOT NULL,
  number          int NOT NULL,
  total_bytes     bigint NOT NULL,
  bytes           bytea NOT NULL,
  stored_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, attachment, number)
);
-- What is compressed already does not get smaller.
ALTER TABLE attachment_part ALTER bytes SET STORAGE EXTERNAL;
CREATE INDEX attachment_part_stored ON attachment_part (stored_at);

-- key: position. The outbox: events of operations, in the transaction of their effect; they go when the stream has them.
-- Of one object, positions are in the order of the changes, because the row is locked from the change to the commit.
-- Written by replay.
CREATE TABLE event (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  entity   text NOT NULL,
  command  text NOT NULL,
  event_id text NOT NULL,
  message  bytea NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON attachment_part, event TO sojourn_service;
