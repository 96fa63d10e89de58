-- The tables of settling and of named commands; housekeeping.sql has the others. An older file gets these when it is brought
-- to format 4.

-- key: an object. purpose: the server's image beneath unsettled work: what the row would hold without it. Who writes: the
-- agent, when the server's row comes; it goes when the row has no unsettled work any more.
CREATE TABLE sojourn_image (
    object_type_code INTEGER NOT NULL,
    object_id        TEXT NOT NULL,
    image            TEXT,                       -- JSON: the values that unsettled work hides; null: the server has deleted
                                                 -- the row, or hides it
    PRIMARY KEY (object_type_code, object_id)
) WITHOUT ROWID;

-- key: entity, name. purpose: the commands beyond create, update and delete. Who writes: the agent, from the metadata.
CREATE TABLE sojourn_entity_command (
    entity           TEXT NOT NULL,
    name             TEXT NOT NULL,
    object_type_code INTEGER NOT NULL,
    online_only      INTEGER NOT NULL,
    PRIMARY KEY (entity, name)
) WITHOUT ROWID;

-- INSERT INTO sojourn_command (entity, object_id, name, parameters) VALUES ('opportunity', '…', 'convert_to_invoice', '{}'):
-- a named command, carried out by the server when it is played back.
CREATE VIEW sojourn_command (entity, object_id, name, parameters) AS
SELECT c.entity, q.object_id, q.name, q.data FROM sojourn_queue AS q
LEFT JOIN sojourn_entity_command AS c ON c.object_type_code = q.object_type_code AND c.name = q.name
WHERE q.command_id = 4 ORDER BY q.row_number;

CREATE TRIGGER sojourn_command_capture INSTEAD OF INSERT ON sojourn_command
BEGIN
    SELECT CASE
        WHEN NOT EXISTS (SELECT 1 FROM sojourn_entity_command WHERE entity = NEW.entity AND name = NEW.name)
            THEN RAISE(ABORT, 'sojourn_command: this entity has no such command; see sojourn_entity_command')
        WHEN EXISTS (SELECT 1 FROM sojourn_entity_command
                      WHERE entity = NEW.entity AND name = NEW.name AND online_only)
            THEN RAISE(ABORT, 'sojourn_command: this command needs the server; use sojourn-agent invoke')
        WHEN NEW.object_id IS NULL OR length(NEW.object_id) <> 36
            THEN RAISE(ABORT, 'sojourn_command: object_id must be the id of a row')
        WHEN json_valid(coalesce(NEW.parameters, '{}')) = 0 OR json_type(coalesce(NEW.parameters, '{}')) <> 'object'
            THEN RAISE(ABORT, 'sojourn_command: parameters must be a JSON object')
    END;
    INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, name, data, parent_id)
    SELECT lower(NEW.object_id), object_type_code, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 4, name,
        coalesce(NEW.parameters, '{}'), (SELECT value FROM sojourn_state WHERE key = 'open_group')
    FROM sojourn_entity_command WHERE entity = NEW.entity AND name = NEW.name;
END;
