-- Tables of which a run, written in one statement, must not come to something else than its operations one by one.
CREATE SCHEMA row;
GRANT USAGE ON SCHEMA row TO sojourn_user;

-- Policies that count the table's own rows.
CREATE TABLE row.slot (id uuid PRIMARY KEY, flag bool);
ALTER TABLE row.slot ENABLE ROW LEVEL SECURITY;
CREATE POLICY sees ON row.slot FOR SELECT TO sojourn_user USING (true);
CREATE POLICY five ON row.slot FOR INSERT TO sojourn_user WITH CHECK ((SELECT count(*) FROM row.slot) < 5);
CREATE POLICY one_flag ON row.slot FOR UPDATE TO sojourn_user USING (true)
    WITH CHECK (NOT flag OR (SELECT count(*) FROM row.slot WHERE flag) < 1);

-- A trigger that sees the order.
CREATE TABLE row.item (id uuid PRIMARY KEY, body text);
CREATE TABLE row.trail (bodies text);
INSERT INTO row.trail VALUES ('');
CREATE FUNCTION row.follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE row.trail SET bodies = bodies || NEW.body || ' ';
    RETURN NEW;
END $$;
CREATE TRIGGER follow BEFORE UPDATE ON row.item FOR EACH ROW EXECUTE FUNCTION row.follow();

-- Rows that refer to rows of the same table.
CREATE TABLE row.node (id uuid PRIMARY KEY, parent uuid REFERENCES row.node, name text);

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA row TO sojourn_user;
