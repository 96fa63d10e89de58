-- Beside the CRM: what its tables are not. Policies in the manner of Supabase, one of which reads a table that is no
-- entity, and a table in partitions.
CREATE SCHEMA extra;
GRANT USAGE ON SCHEMA extra TO sojourn_user;

CREATE FUNCTION extra.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE FUNCTION extra.is_open(name text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN name LIKE 'open%';

CREATE TABLE extra.project (
    id       uuid PRIMARY KEY,
    name     text NOT NULL,
    owner_id uuid NOT NULL
);
CREATE TABLE extra.member (
    project_id uuid NOT NULL REFERENCES extra.project ON DELETE CASCADE,
    user_id    uuid NOT NULL,
    PRIMARY KEY (project_id, user_id)
);
CREATE TABLE extra.memo (
    id         uuid PRIMARY KEY,
    project_id uuid REFERENCES extra.project ON DELETE CASCADE,
    body       text,
    written_at timestamptz
);
CREATE TABLE extra.visit (
    id         uuid PRIMARY KEY,
    owner_id   uuid NOT NULL,
    account_id uuid REFERENCES crm.account ON DELETE SET NULL,
    visited_at timestamptz,
    note       text
) PARTITION BY RANGE (id);
CREATE TABLE extra.visit_low PARTITION OF extra.visit
    FOR VALUES FROM (MINVALUE) TO ('50000000-0000-0000-0000-000000000000');
CREATE TABLE extra.visit_middle PARTITION OF extra.visit
    FOR VALUES FROM ('50000000-0000-0000-0000-000000000000') TO ('a0000000-0000-0000-0000-000000000000');
CREATE TABLE extra.visit_high PARTITION OF extra.visit
    FOR VALUES FROM ('a0000000-0000-0000-0000-000000000000') TO (MAXVALUE);

GRANT SELECT ON extra.project, extra.member, extra.memo, extra.visit TO sojourn_user;
ALTER TABLE extra.project ENABLE ROW LEVEL SECURITY;
ALTER TABLE extra.memo ENABLE ROW LEVEL SECURITY;
ALTER TABLE extra.visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY may_read ON extra.project FOR SELECT TO sojourn_user
    USING (owner_id = (SELECT extra.uid()) OR extra.is_open(name));
CREATE POLICY may_read ON extra.memo FOR SELECT TO sojourn_user
    USING (EXISTS (SELECT FROM extra.project p WHERE p.id = project_id)
        OR project_id IN (SELECT m.project_id FROM extra.member m WHERE m.user_id = (SELECT extra.uid())));
CREATE POLICY may_read ON extra.visit FOR SELECT TO sojourn_user
    USING (owner_id = (SELECT extra.uid()) OR note LIKE 'o%');

CREATE VIEW extra.person AS SELECT id, (row_number() OVER (ORDER BY id))::int AS n FROM crm.system_user;
INSERT INTO extra.project (id, name, owner_id)
SELECT md5('project' || n)::uuid, (ARRAY['open', 'closed'])[1 + n % 2] || n, p.id
  FROM generate_series(1, 12) n JOIN extra.person p USING (n);
INSERT INTO extra.member (project_id, user_id)
SELECT j.id, p.id FROM extra.project j JOIN extra.person p ON md5(j.id::text || p.id::text) < '4';
INSERT INTO extra.memo (id, project_id, body, written_at)
SELECT md5('memo' || n)::uuid, md5('project' || n % 13)::uuid, 'memo ' || n,
       '2026-01-20'::timestamptz - n * interval '1 day'
  FROM generate_series(1, 60) n WHERE n % 13 > 0;
INSERT INTO extra.visit (id, owner_id, account_id, visited_at, note)
SELECT md5('visit' || g.n)::uuid, p.id, (SELECT id FROM crm.account ORDER BY id OFFSET g.n % 9 LIMIT 1),
       '2026-01-20'::timestamptz - g.n * interval '1 day', (ARRAY['Oslo', 'rome', 'others'])[1 + g.n % 3]
  FROM generate_series(1, 60) g (n) JOIN extra.person p ON p.n = 1 + g.n % 12;
DROP VIEW extra.person;
ANALYZE;
