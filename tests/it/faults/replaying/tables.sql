-- Tables of the test of replay under faults: one whose triggers let replay write in runs, one whose AFTER trigger makes it
-- write operation by operation, and one that refers to the first. What is written is noted with the operation it came by.
CREATE SCHEMA book;
GRANT USAGE ON SCHEMA book TO sojourn_user;

CREATE TABLE book.page (
    id       uuid PRIMARY KEY,
    revision int NOT NULL CONSTRAINT revision_counts CHECK (revision >= 0),
    note     varchar(12)
);
CREATE TABLE book.entry (LIKE book.page INCLUDING ALL);
CREATE TABLE book.line (
    id       uuid PRIMARY KEY,
    page_id  uuid NOT NULL REFERENCES book.page,
    revision int NOT NULL CONSTRAINT line_counts CHECK (revision >= 0)
);
CREATE INDEX ON book.line (page_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON book.page, book.entry, book.line TO sojourn_user;

CREATE TABLE book.effect (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation text NOT NULL,
    entity    text NOT NULL,
    command   text NOT NULL,
    object_id uuid NOT NULL,
    revision  int
);
CREATE FUNCTION book.note_effect() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO book.effect (operation, entity, command, object_id)
        VALUES (current_setting('sojourn.operation_id', true), TG_TABLE_NAME, TG_OP, OLD.id);
        RETURN OLD;
    END IF;
    INSERT INTO book.effect (operation, entity, command, object_id, revision)
    VALUES (current_setting('sojourn.operation_id', true), TG_TABLE_NAME, TG_OP, NEW.id, NEW.revision);
    RETURN NEW;
END $$;
CREATE TRIGGER note_effect BEFORE INSERT OR UPDATE OR DELETE ON book.page
    FOR EACH ROW EXECUTE FUNCTION book.note_effect();
CREATE TRIGGER note_effect BEFORE INSERT OR UPDATE OR DELETE ON book.line
    FOR EACH ROW EXECUTE FUNCTION book.note_effect();
CREATE TRIGGER note_effect AFTER INSERT OR UPDATE OR DELETE ON book.entry
    FOR EACH ROW EXECUTE FUNCTION book.note_effect();
