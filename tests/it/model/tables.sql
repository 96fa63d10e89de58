-- One table with everything that can be refused: a check, a reference, a keeper who alone may change the row, and a name
-- that is to be had once.
CREATE SCHEMA model;
GRANT USAGE ON SCHEMA model TO sojourn_user;
CREATE FUNCTION model.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

CREATE TABLE model.thing (
    id        uuid PRIMARY KEY,
    name      text,
    size      int CHECK (size < 1000),
    note      text,
    parent_id uuid REFERENCES model.thing,
    keeper    uuid
);
GRANT SELECT, INSERT, UPDATE, DELETE ON model.thing TO sojourn_user;
ALTER TABLE model.thing ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_see ON model.thing FOR SELECT TO sojourn_user USING (true);
CREATE POLICY keep_new ON model.thing FOR INSERT TO sojourn_user
    WITH CHECK (keeper IS NULL OR keeper = (SELECT model.uid()));
CREATE POLICY keep ON model.thing FOR UPDATE TO sojourn_user
    USING (keeper IS NULL OR keeper = (SELECT model.uid()));
CREATE POLICY keep_all ON model.thing FOR DELETE TO sojourn_user
    USING (keeper IS NULL OR keeper = (SELECT model.uid()));
