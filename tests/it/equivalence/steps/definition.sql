---- Changes of policies, functions, privileges, tables and triggers.
---- Each statement stands after the number that says how often it comes; its blanks are filled by `words.rs`.
-- 2
ALTER POLICY may_read ON extra.visit USING (owner_id = (SELECT extra.uid()) OR note LIKE 'R%');
-- 2
ALTER POLICY may_read ON extra.visit USING (owner_id = (SELECT extra.uid()) OR note LIKE 'o%');
-- 1
ALTER POLICY may_read ON extra.project USING (extra.is_open(name));
-- 1
ALTER POLICY may_read ON extra.project USING (owner_id = (SELECT extra.uid()) OR extra.is_open(name));
-- 2
CREATE OR REPLACE FUNCTION extra.is_open(name text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN name LIKE
    'open%';
-- 2
CREATE OR REPLACE FUNCTION extra.is_open(name text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN name LIKE
    '%1';
-- 1
GRANT UPDATE ON extra.memo TO sojourn_user;
-- 1
REVOKE UPDATE ON extra.memo FROM sojourn_user;
-- 1
CREATE POLICY too ON extra.memo FOR SELECT TO sojourn_user USING (body LIKE 'open%');
-- 2
DROP POLICY too ON extra.memo;
-- 1
ALTER TABLE extra.visit DISABLE ROW LEVEL SECURITY;
-- 3
ALTER TABLE extra.visit ENABLE ROW LEVEL SECURITY;
-- 2
ALTER TABLE crm.task ALTER subject TYPE text USING subject || '';
-- 1
ALTER TABLE crm.annotation ADD COLUMN IF NOT EXISTS extra{small} integer;
-- 2
ALTER TABLE extra.visit DETACH PARTITION extra.visit_middle;
-- 4
ALTER TABLE extra.visit ATTACH PARTITION extra.visit_middle
    FOR VALUES FROM ('50000000-0000-0000-0000-000000000000') TO ('a0000000-0000-0000-0000-000000000000');
-- 1
VACUUM FULL crm.contact;
-- 1
TRUNCATE extra.visit_low;
-- 1
ALTER TABLE crm.task DISABLE TRIGGER USER; UPDATE crm.task SET percent_complete = {small} WHERE
    {many:crm.task};
    ALTER TABLE crm.task ENABLE TRIGGER USER;
-- 1
ALTER TABLE extra.memo DISABLE TRIGGER USER; DELETE FROM extra.memo WHERE {some:extra.memo};
