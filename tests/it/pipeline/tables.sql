-- Tables of the tests of the write path: people with everything that may clash, their orders, and notes whose triggers have
-- their own idea of a value.
CREATE SCHEMA desk;
GRANT USAGE ON SCHEMA desk TO sojourn_user;
CREATE FUNCTION desk.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

CREATE TABLE desk.person (
    id     uuid PRIMARY KEY,
    name   text,
    phone  text,
    city   text,
    notes  text
);
CREATE TABLE desk.memo (id uuid PRIMARY KEY, body text, tag text);
CREATE TABLE desk.deal (id uuid PRIMARY KEY, name text, worth int);
CREATE TABLE desk.purchase (
    id        uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES desk.person,
    amount    int
);

CREATE TABLE desk.card (id uuid PRIMARY KEY, code text, colour text);
CREATE FUNCTION desk.normalise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.code := upper(NEW.code);
    RETURN NEW;
END $$;
CREATE TRIGGER normalise BEFORE INSERT OR UPDATE ON desk.card FOR EACH ROW EXECUTE FUNCTION desk.normalise();

CREATE TABLE desk.secret (id uuid PRIMARY KEY, reader uuid, word text);
ALTER TABLE desk.secret ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON desk.secret TO sojourn_user USING (reader IS NULL OR reader = desk.uid()) WITH CHECK (true);

CREATE TABLE desk.told (id uuid PRIMARY KEY, n int, operation text, origin text, captured_at text);
CREATE FUNCTION desk.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.operation := current_setting('sojourn.operation_id', true);
    NEW.origin := current_setting('sojourn.caller_origin', true);
    NEW.captured_at := current_setting('sojourn.captured_at', true);
    RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON desk.told FOR EACH ROW EXECUTE FUNCTION desk.tell();

-- What the server fills.
CREATE TABLE desk.ticket (id uuid PRIMARY KEY, state int NOT NULL DEFAULT 0, body text);

-- What goes with what it belongs to.
CREATE TABLE desk.line (
    id        uuid PRIMARY KEY,
    person_id uuid REFERENCES desk.person ON DELETE CASCADE,
    word      text CHECK (word <> 'bad')
);

-- What goes with what goes with something else.
CREATE TABLE desk.room (id uuid PRIMARY KEY, person_id uuid REFERENCES desk.person ON DELETE CASCADE);
CREATE TABLE desk.chair (
    id      uuid PRIMARY KEY,
    room_id uuid REFERENCES desk.room ON DELETE CASCADE,
    word    text CHECK (word <> 'bad')
);

-- Orders count their lines.
CREATE TABLE desk.basket (id uuid PRIMARY KEY, entries int NOT NULL DEFAULT 0);
CREATE TABLE desk.entry (id uuid PRIMARY KEY, basket_id uuid REFERENCES desk.basket, word text);
CREATE FUNCTION desk.count_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE desk.basket SET entries = (SELECT count(*) FROM desk.entry WHERE basket_id = basket.id)
     WHERE id IN (OLD.basket_id, NEW.basket_id);
    RETURN NULL;
END $$;
CREATE TRIGGER count_entries AFTER INSERT OR UPDATE OR DELETE ON desk.entry
    FOR EACH ROW EXECUTE FUNCTION desk.count_entries();

-- A trigger that does what none should.
CREATE TABLE desk.turncoat (id uuid PRIMARY KEY, takes text);
CREATE FUNCTION desk.turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.takes
        WHEN 'role' THEN RESET ROLE;
        WHEN 'session' THEN SET ROLE sojourn_user;
        WHEN 'user' THEN PERFORM set_config('sojourn.user_id', gen_random_uuid()::text, true);
        WHEN 'claims' THEN PERFORM set_config('request.jwt.claims', format('{"sub": "%s"}', NEW.id), true);
        WHEN 'rows' THEN SET LOCAL row_security = off;
        ELSE NULL;
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER turn BEFORE INSERT ON desk.turncoat FOR EACH ROW EXECUTE FUNCTION desk.turn();

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA desk TO sojourn_user;
