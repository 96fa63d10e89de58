-- Tables of odd shapes: one that a sharing opens and closes as a whole, one without rows, two that refer to each other
-- and one of them to itself, and one of five hundred columns.
CREATE SCHEMA large;
GRANT USAGE ON SCHEMA large TO sojourn_user;

CREATE FUNCTION large.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

CREATE TABLE large.member (list_id int, user_id uuid, PRIMARY KEY (list_id, user_id));
CREATE TABLE large.item (id uuid PRIMARY KEY, list_id int NOT NULL, name text NOT NULL);
CREATE INDEX ON large.item (list_id);
ALTER TABLE large.item ENABLE ROW LEVEL SECURITY;
CREATE POLICY member ON large.item FOR SELECT TO sojourn_user
    USING (list_id IN (SELECT m.list_id FROM large.member m WHERE m.user_id = (SELECT large.uid())));

CREATE TABLE large.nothing (id uuid PRIMARY KEY, name text);

CREATE TABLE large.node (id uuid PRIMARY KEY, parent_id uuid REFERENCES large.node, leaf_id uuid);
CREATE TABLE large.leaf (id uuid PRIMARY KEY, node_id uuid NOT NULL REFERENCES large.node);
INSERT INTO large.node (id) SELECT md5('node ' || n)::uuid FROM generate_series(0, 499) n;
INSERT INTO large.leaf SELECT md5('leaf ' || n)::uuid, md5('node ' || n)::uuid FROM generate_series(0, 499) n;
UPDATE large.node SET parent_id = md5('node ' || (n + 1) % 500)::uuid, leaf_id = md5('leaf ' || (n + 7) % 500)::uuid
  FROM generate_series(0, 499) n WHERE id = md5('node ' || n)::uuid;
ALTER TABLE large.node ADD FOREIGN KEY (leaf_id) REFERENCES large.leaf;

DO $$
DECLARE
    types text[] := ARRAY['text', 'int', 'numeric(12, 3)', 'timestamptz', 'bool'];
    samples text[] := ARRAY['''text %s of '' || i', '%s + i', '(%s + i) / 7.0',
        'timestamptz ''2026-01-01'' + (%s + i) * interval ''1 minute''', '(%s + i) %% 2 = 0'];
BEGIN
    EXECUTE (SELECT 'CREATE TABLE large.wide (id uuid PRIMARY KEY, '
        || string_agg(format('c%s %s', n, types[1 + n % 5]), ', ' ORDER BY n) || ')' FROM generate_series(1, 499) n);
    EXECUTE (SELECT 'INSERT INTO large.wide SELECT gen_random_uuid(), '
        || string_agg(CASE WHEN n % 7 = 0 THEN 'NULL' ELSE format(samples[1 + n % 5], n) END, ', ' ORDER BY n)
        || ' FROM generate_series(1, 300) i' FROM generate_series(1, 499) n);
END $$;

GRANT SELECT ON large.member TO sojourn_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON large.item, large.nothing, large.node, large.leaf, large.wide TO sojourn_user;
