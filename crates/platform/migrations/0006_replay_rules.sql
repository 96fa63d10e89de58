-- The rules of the write path stand alone: they decide what becomes of operations, and not which rows a device holds.
-- Where they change, prepares need not evaluate anything anew.

-- key: dataset. What sojourn.yaml says under `replay:` (see ReplayRules in crates/metadata). Written by schema.
CREATE TABLE replay_rules (
  dataset text PRIMARY KEY REFERENCES dataset,
  rules   jsonb NOT NULL
);
INSERT INTO replay_rules (dataset, rules) SELECT name, rules -> 'replay' FROM dataset WHERE rules ? 'replay';
UPDATE dataset SET rules = rules - 'replay' WHERE rules ? 'replay';

GRANT SELECT, INSERT, UPDATE, DELETE ON replay_rules TO sojourn_service;
