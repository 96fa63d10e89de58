CREATE TABLE "contact" (
    "id" TEXT PRIMARY KEY NOT NULL DEFAULT (
        lower(hex(randomblob(4))) || '-' || lower(hex(randomblob(2))) || '-4' || substr(lower(hex(randomblob(2))), 2) || '-' || substr('89ab', 1 + (random() & 3), 1) || substr(lower(hex(randomblob(2))), 2) || '-' || lower(hex(randomblob(6)))
    ),
    "last_name" TEXT,
    "channel" TEXT,
    "state_code" INTEGER,
    "may_be_emailed" INTEGER,
    "score" REAL,
    "budget" NUMERIC,
    "photo" BLOB,
    "said ""it's""" TEXT,
    "search" TEXT,
    "account_id" TEXT
);

CREATE TRIGGER "sojourn_contact.put-aside" BEFORE INSERT ON "contact"
BEGIN
  SELECT RAISE(ABORT, 'this rowid belongs to another row; leave the rowid out') FROM "contact"
  WHERE rowid = NEW.rowid AND NEW.rowid <> -1 AND "id" IS NOT NEW."id";
  DELETE FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id";
  INSERT INTO sojourn_replaced (object_type_code, object_id, after_row, data, base, emptied)
  SELECT 2, stored."id", (SELECT coalesce(max(row_number), 0) FROM sojourn_queue),
    '{' || substr(((CASE WHEN NEW."last_name" IS stored."last_name" THEN '' ELSE ',"last_name":' || json_quote(CAST(NEW."last_name" AS TEXT)) END
      || CASE WHEN NEW."channel" IS stored."channel" THEN '' ELSE ',"channel":' || json_quote(CAST(NEW."channel" AS TEXT)) END
      || CASE WHEN NEW."state_code" IS stored."state_code" THEN '' ELSE ',"state_code":' || coalesce(CAST(NEW."state_code" AS INTEGER), 'null') END
      || CASE WHEN NEW."may_be_emailed" IS stored."may_be_emailed" THEN '' ELSE ',"may_be_emailed":' || coalesce(CAST(NEW."may_be_emailed" AS INTEGER), 'null') END
      || CASE WHEN NEW."score" IS stored."score" THEN '' ELSE ',"score":' || CASE typeof(NEW."score") WHEN 'integer' THEN NEW."score" WHEN 'real' THEN CASE NEW."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', NEW."score") END ELSE json_quote(CAST(NEW."score" AS TEXT)) END END
      || CASE WHEN NEW."budget" IS stored."budget" THEN '' ELSE ',"budget":' || CASE typeof(NEW."budget") WHEN 'integer' THEN NEW."budget" WHEN 'real' THEN CASE NEW."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', NEW."budget") END ELSE json_quote(CAST(NEW."budget" AS TEXT)) END END
      || CASE WHEN NEW."photo" IS stored."photo" THEN '' ELSE ',"photo":' || CASE WHEN NEW."photo" IS NULL THEN 'null' ELSE '{"blob":true}' END END
      || CASE WHEN NEW."said ""it's""" IS stored."said ""it's""" THEN '' ELSE ',"said \"it''s\"":' || json_quote(CAST(NEW."said ""it's""" AS TEXT)) END
      || CASE WHEN NEW."account_id" IS stored."account_id" THEN '' ELSE ',"account_id":' || json_quote(CAST(NEW."account_id" AS TEXT)) END)), 2) || '}',
    '{' || substr(((CASE WHEN stored."last_name" IS NEW."last_name" THEN '' ELSE ',"last_name":' || json_quote(CAST(stored."last_name" AS TEXT)) END
      || CASE WHEN stored."channel" IS NEW."channel" THEN '' ELSE ',"channel":' || json_quote(CAST(stored."channel" AS TEXT)) END
      || CASE WHEN stored."state_code" IS NEW."state_code" THEN '' ELSE ',"state_code":' || coalesce(CAST(stored."state_code" AS INTEGER), 'null') END
      || CASE WHEN stored."may_be_emailed" IS NEW."may_be_emailed" THEN '' ELSE ',"may_be_emailed":' || coalesce(CAST(stored."may_be_emailed" AS INTEGER), 'null') END
      || CASE WHEN stored."score" IS NEW."score" THEN '' ELSE ',"score":' || CASE typeof(stored."score") WHEN 'integer' THEN stored."score" WHEN 'real' THEN CASE stored."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', stored."score") END ELSE json_quote(CAST(stored."score" AS TEXT)) END END
      || CASE WHEN stored."budget" IS NEW."budget" THEN '' ELSE ',"budget":' || CASE typeof(stored."budget") WHEN 'integer' THEN stored."budget" WHEN 'real' THEN CASE stored."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', stored."budget") END ELSE json_quote(CAST(stored."budget" AS TEXT)) END END
      || CASE WHEN stored."photo" IS NEW."photo" THEN '' ELSE ',"photo":' || CASE WHEN stored."photo" IS NULL THEN 'null' ELSE '{"blob":true}' END END
      || CASE WHEN stored."said ""it's""" IS NEW."said ""it's""" THEN '' ELSE ',"said \"it''s\"":' || json_quote(CAST(stored."said ""it's""" AS TEXT)) END
      || CASE WHEN stored."account_id" IS NEW."account_id" THEN '' ELSE ',"account_id":' || json_quote(CAST(stored."account_id" AS TEXT)) END)), 2) || '}',
    CASE
      WHEN NEW."state_code" IS NULL AND stored."state_code" IS NOT NULL THEN 'state_code' END
  FROM "contact" AS stored WHERE stored."id" = NEW."id";
  INSERT INTO sojourn_blob (row_number, attribute, bytes)
  SELECT entry.row_number, 'photo', CAST(stored."photo" AS BLOB) FROM sojourn_queue AS entry, "contact" AS stored
  WHERE entry.row_number = (SELECT max(row_number) FROM sojourn_queue
    WHERE object_type_code = 2 AND object_id = NEW."id" AND command_id IN (1, 2)
    AND state IN (0, 1, 3) AND given_up = 0 AND instr(data, '"photo":{"blob":true}') > 0)
    AND stored."photo" IS NOT NULL AND stored."id" = NEW."id" AND stored."photo" IS NOT NEW."photo"
    AND NOT EXISTS (SELECT 1 FROM sojourn_blob AS kept
    WHERE kept.row_number = entry.row_number AND kept.attribute = 'photo');
END;

CREATE TRIGGER "sojourn_contact.create" AFTER INSERT ON "contact"
BEGIN
  SELECT CASE
    WHEN typeof(NEW."id") <> 'text' OR NEW."id" NOT GLOB '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]-[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]' THEN RAISE(ABORT, 'contact.id must be a uuid in lower case with hyphens; leave it out to get one')
    WHEN NEW."last_name" IS NULL THEN RAISE(ABORT, 'contact.last_name is required: it must have a value')
    WHEN typeof(NEW."last_name") = 'blob' THEN RAISE(ABORT, 'contact.last_name must be text, not a blob')
    WHEN length(rtrim(NEW."last_name", ' ')) > 80 THEN RAISE(ABORT, 'contact.last_name has at most 80 characters')
    WHEN typeof(NEW."channel") = 'blob' THEN RAISE(ABORT, 'contact.channel must be text, not a blob')
    WHEN NEW."channel" NOT IN ('any', 'it''s') THEN RAISE(ABORT, 'contact.channel must be one of: any, it''s')
    WHEN NEW."state_code" IS NOT NULL AND (typeof(NEW."state_code") <> 'integer' OR NEW."state_code" NOT BETWEEN -32768 AND 32767) THEN RAISE(ABORT, 'contact.state_code must be a whole number from -32768 to 32767')
    WHEN NEW."may_be_emailed" NOT IN (0, 1) THEN RAISE(ABORT, 'contact.may_be_emailed must be 0 or 1')
    WHEN typeof(NEW."score") NOT IN ('integer', 'real', 'null') AND NEW."score" NOT IN ('NaN', 'Infinity', '-Infinity') THEN RAISE(ABORT, 'contact.score must be a number, or the text NaN, Infinity or -Infinity')
    WHEN typeof(NEW."budget") NOT IN ('integer', 'real', 'null') AND NEW."budget" NOT IN ('NaN', 'Infinity', '-Infinity') THEN RAISE(ABORT, 'contact.budget must be a number, or the text NaN, Infinity or -Infinity')
    WHEN typeof(NEW."photo") NOT IN ('blob', 'null') THEN RAISE(ABORT, 'contact.photo must be a blob')
    WHEN typeof(NEW."said ""it's""") = 'blob' THEN RAISE(ABORT, 'contact.said "it''s" must be text, not a blob')
    WHEN typeof(NEW."account_id") = 'blob' THEN RAISE(ABORT, 'contact.account_id must be text, not a blob')
  END;
  SELECT CASE emptied
    WHEN 'state_code' THEN RAISE(ABORT, 'contact.state_code is required: it must have a value') END
  FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id";
  DELETE FROM sojourn_queue WHERE row_number > (SELECT after_row FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id")
    AND object_type_code = 2 AND object_id = NEW."id" AND command_id = 3;
  INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, data, base, parent_id)
  SELECT NEW."id", 2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 2, data, base, (SELECT value FROM sojourn_state WHERE key = 'open_group')
  FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id" AND data <> '{}';
  INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, data, parent_id)
  SELECT NEW."id", 2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 1,
    '{' || substr(((CASE WHEN NEW."last_name" IS NULL THEN '' ELSE ',"last_name":' || json_quote(CAST(NEW."last_name" AS TEXT)) END
      || CASE WHEN NEW."channel" IS NULL THEN '' ELSE ',"channel":' || json_quote(CAST(NEW."channel" AS TEXT)) END
      || CASE WHEN NEW."state_code" IS NULL THEN '' ELSE ',"state_code":' || coalesce(CAST(NEW."state_code" AS INTEGER), 'null') END
      || CASE WHEN NEW."may_be_emailed" IS NULL THEN '' ELSE ',"may_be_emailed":' || coalesce(CAST(NEW."may_be_emailed" AS INTEGER), 'null') END
      || CASE WHEN NEW."score" IS NULL THEN '' ELSE ',"score":' || CASE typeof(NEW."score") WHEN 'integer' THEN NEW."score" WHEN 'real' THEN CASE NEW."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', NEW."score") END ELSE json_quote(CAST(NEW."score" AS TEXT)) END END
      || CASE WHEN NEW."budget" IS NULL THEN '' ELSE ',"budget":' || CASE typeof(NEW."budget") WHEN 'integer' THEN NEW."budget" WHEN 'real' THEN CASE NEW."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', NEW."budget") END ELSE json_quote(CAST(NEW."budget" AS TEXT)) END END
      || CASE WHEN NEW."photo" IS NULL THEN '' ELSE ',"photo":' || CASE WHEN NEW."photo" IS NULL THEN 'null' ELSE '{"blob":true}' END END
      || CASE WHEN NEW."said ""it's""" IS NULL THEN '' ELSE ',"said \"it''s\"":' || json_quote(CAST(NEW."said ""it's""" AS TEXT)) END
      || CASE WHEN NEW."account_id" IS NULL THEN '' ELSE ',"account_id":' || json_quote(CAST(NEW."account_id" AS TEXT)) END)), 2) || '}',
    (SELECT value FROM sojourn_state WHERE key = 'open_group')
  WHERE NOT EXISTS (SELECT 1 FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id");
  DELETE FROM sojourn_replaced WHERE object_type_code = 2 AND object_id = NEW."id";
END;

CREATE TRIGGER "sojourn_contact.keep" BEFORE UPDATE ON "contact"
WHEN NEW."id" IS NOT OLD."id" OR NEW.rowid IS NOT OLD.rowid
BEGIN
  SELECT RAISE(ABORT, 'contact.id cannot be changed; insert a new row instead');
END;

CREATE TRIGGER "sojourn_contact.update" AFTER UPDATE ON "contact"
WHEN ((NEW."last_name" IS NOT OLD."last_name"
      OR NEW."channel" IS NOT OLD."channel"
      OR NEW."state_code" IS NOT OLD."state_code"
      OR NEW."may_be_emailed" IS NOT OLD."may_be_emailed"
      OR NEW."score" IS NOT OLD."score"
      OR NEW."budget" IS NOT OLD."budget"
      OR NEW."photo" IS NOT OLD."photo"
      OR NEW."said ""it's""" IS NOT OLD."said ""it's"""
      OR NEW."account_id" IS NOT OLD."account_id"))
BEGIN
  SELECT CASE
    WHEN NEW."last_name" IS NULL AND OLD."last_name" IS NOT NULL THEN RAISE(ABORT, 'contact.last_name is required: it must have a value')
    WHEN NEW."state_code" IS NULL AND OLD."state_code" IS NOT NULL THEN RAISE(ABORT, 'contact.state_code is required: it must have a value')
    WHEN NEW."last_name" IS NOT OLD."last_name" AND (typeof(NEW."last_name") = 'blob') THEN RAISE(ABORT, 'contact.last_name must be text, not a blob')
    WHEN NEW."last_name" IS NOT OLD."last_name" AND (length(rtrim(NEW."last_name", ' ')) > 80) THEN RAISE(ABORT, 'contact.last_name has at most 80 characters')
    WHEN NEW."channel" IS NOT OLD."channel" AND (typeof(NEW."channel") = 'blob') THEN RAISE(ABORT, 'contact.channel must be text, not a blob')
    WHEN NEW."channel" IS NOT OLD."channel" AND (NEW."channel" NOT IN ('any', 'it''s')) THEN RAISE(ABORT, 'contact.channel must be one of: any, it''s')
    WHEN NEW."state_code" IS NOT OLD."state_code" AND (NEW."state_code" IS NOT NULL AND (typeof(NEW."state_code") <> 'integer' OR NEW."state_code" NOT BETWEEN -32768 AND 32767)) THEN RAISE(ABORT, 'contact.state_code must be a whole number from -32768 to 32767')
    WHEN NEW."may_be_emailed" IS NOT OLD."may_be_emailed" AND (NEW."may_be_emailed" NOT IN (0, 1)) THEN RAISE(ABORT, 'contact.may_be_emailed must be 0 or 1')
    WHEN NEW."score" IS NOT OLD."score" AND (typeof(NEW."score") NOT IN ('integer', 'real', 'null') AND NEW."score" NOT IN ('NaN', 'Infinity', '-Infinity')) THEN RAISE(ABORT, 'contact.score must be a number, or the text NaN, Infinity or -Infinity')
    WHEN NEW."budget" IS NOT OLD."budget" AND (typeof(NEW."budget") NOT IN ('integer', 'real', 'null') AND NEW."budget" NOT IN ('NaN', 'Infinity', '-Infinity')) THEN RAISE(ABORT, 'contact.budget must be a number, or the text NaN, Infinity or -Infinity')
    WHEN NEW."photo" IS NOT OLD."photo" AND (typeof(NEW."photo") NOT IN ('blob', 'null')) THEN RAISE(ABORT, 'contact.photo must be a blob')
    WHEN NEW."said ""it's""" IS NOT OLD."said ""it's""" AND (typeof(NEW."said ""it's""") = 'blob') THEN RAISE(ABORT, 'contact.said "it''s" must be text, not a blob')
    WHEN NEW."account_id" IS NOT OLD."account_id" AND (typeof(NEW."account_id") = 'blob') THEN RAISE(ABORT, 'contact.account_id must be text, not a blob')
  END;
  INSERT INTO sojourn_blob (row_number, attribute, bytes)
  SELECT entry.row_number, 'photo', CAST(OLD."photo" AS BLOB) FROM sojourn_queue AS entry
  WHERE entry.row_number = (SELECT max(row_number) FROM sojourn_queue
    WHERE object_type_code = 2 AND object_id = OLD."id" AND command_id IN (1, 2)
    AND state IN (0, 1, 3) AND given_up = 0 AND instr(data, '"photo":{"blob":true}') > 0)
    AND OLD."photo" IS NOT NULL AND OLD."photo" IS NOT NEW."photo"
    AND NOT EXISTS (SELECT 1 FROM sojourn_blob AS kept
    WHERE kept.row_number = entry.row_number AND kept.attribute = 'photo');
  INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, data, base, parent_id)
  VALUES (NEW."id", 2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 2,
    '{' || substr(((CASE WHEN NEW."last_name" IS OLD."last_name" THEN '' ELSE ',"last_name":' || json_quote(CAST(NEW."last_name" AS TEXT)) END
      || CASE WHEN NEW."channel" IS OLD."channel" THEN '' ELSE ',"channel":' || json_quote(CAST(NEW."channel" AS TEXT)) END
      || CASE WHEN NEW."state_code" IS OLD."state_code" THEN '' ELSE ',"state_code":' || coalesce(CAST(NEW."state_code" AS INTEGER), 'null') END
      || CASE WHEN NEW."may_be_emailed" IS OLD."may_be_emailed" THEN '' ELSE ',"may_be_emailed":' || coalesce(CAST(NEW."may_be_emailed" AS INTEGER), 'null') END
      || CASE WHEN NEW."score" IS OLD."score" THEN '' ELSE ',"score":' || CASE typeof(NEW."score") WHEN 'integer' THEN NEW."score" WHEN 'real' THEN CASE NEW."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', NEW."score") END ELSE json_quote(CAST(NEW."score" AS TEXT)) END END
      || CASE WHEN NEW."budget" IS OLD."budget" THEN '' ELSE ',"budget":' || CASE typeof(NEW."budget") WHEN 'integer' THEN NEW."budget" WHEN 'real' THEN CASE NEW."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', NEW."budget") END ELSE json_quote(CAST(NEW."budget" AS TEXT)) END END
      || CASE WHEN NEW."photo" IS OLD."photo" THEN '' ELSE ',"photo":' || CASE WHEN NEW."photo" IS NULL THEN 'null' ELSE '{"blob":true}' END END
      || CASE WHEN NEW."said ""it's""" IS OLD."said ""it's""" THEN '' ELSE ',"said \"it''s\"":' || json_quote(CAST(NEW."said ""it's""" AS TEXT)) END
      || CASE WHEN NEW."account_id" IS OLD."account_id" THEN '' ELSE ',"account_id":' || json_quote(CAST(NEW."account_id" AS TEXT)) END)), 2) || '}',
    '{' || substr(((CASE WHEN OLD."last_name" IS NEW."last_name" THEN '' ELSE ',"last_name":' || json_quote(CAST(OLD."last_name" AS TEXT)) END
      || CASE WHEN OLD."channel" IS NEW."channel" THEN '' ELSE ',"channel":' || json_quote(CAST(OLD."channel" AS TEXT)) END
      || CASE WHEN OLD."state_code" IS NEW."state_code" THEN '' ELSE ',"state_code":' || coalesce(CAST(OLD."state_code" AS INTEGER), 'null') END
      || CASE WHEN OLD."may_be_emailed" IS NEW."may_be_emailed" THEN '' ELSE ',"may_be_emailed":' || coalesce(CAST(OLD."may_be_emailed" AS INTEGER), 'null') END
      || CASE WHEN OLD."score" IS NEW."score" THEN '' ELSE ',"score":' || CASE typeof(OLD."score") WHEN 'integer' THEN OLD."score" WHEN 'real' THEN CASE OLD."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', OLD."score") END ELSE json_quote(CAST(OLD."score" AS TEXT)) END END
      || CASE WHEN OLD."budget" IS NEW."budget" THEN '' ELSE ',"budget":' || CASE typeof(OLD."budget") WHEN 'integer' THEN OLD."budget" WHEN 'real' THEN CASE OLD."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', OLD."budget") END ELSE json_quote(CAST(OLD."budget" AS TEXT)) END END
      || CASE WHEN OLD."photo" IS NEW."photo" THEN '' ELSE ',"photo":' || CASE WHEN OLD."photo" IS NULL THEN 'null' ELSE '{"blob":true}' END END
      || CASE WHEN OLD."said ""it's""" IS NEW."said ""it's""" THEN '' ELSE ',"said \"it''s\"":' || json_quote(CAST(OLD."said ""it's""" AS TEXT)) END
      || CASE WHEN OLD."account_id" IS NEW."account_id" THEN '' ELSE ',"account_id":' || json_quote(CAST(OLD."account_id" AS TEXT)) END)), 2) || '}',
    (SELECT value FROM sojourn_state WHERE key = 'open_group'));
END;

CREATE TRIGGER "sojourn_contact.delete" AFTER DELETE ON "contact"
BEGIN
  SELECT RAISE(ABORT, 'contact: delete needs the server; do it online');
  INSERT INTO sojourn_blob (row_number, attribute, bytes)
  SELECT entry.row_number, 'photo', CAST(OLD."photo" AS BLOB) FROM sojourn_queue AS entry
  WHERE entry.row_number = (SELECT max(row_number) FROM sojourn_queue
    WHERE object_type_code = 2 AND object_id = OLD."id" AND command_id IN (1, 2)
    AND state IN (0, 1, 3) AND given_up = 0 AND instr(data, '"photo":{"blob":true}') > 0)
    AND OLD."photo" IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM sojourn_blob AS kept
    WHERE kept.row_number = entry.row_number AND kept.attribute = 'photo');
  INSERT INTO sojourn_queue (object_id, object_type_code, action_date, command_id, base, parent_id)
  VALUES (OLD."id", 2, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 3,
    '{' || substr(((',"last_name":' || json_quote(CAST(OLD."last_name" AS TEXT))
      || ',"channel":' || json_quote(CAST(OLD."channel" AS TEXT))
      || ',"state_code":' || coalesce(CAST(OLD."state_code" AS INTEGER), 'null')
      || ',"may_be_emailed":' || coalesce(CAST(OLD."may_be_emailed" AS INTEGER), 'null')
      || ',"score":' || CASE typeof(OLD."score") WHEN 'integer' THEN OLD."score" WHEN 'real' THEN CASE OLD."score" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.17g', OLD."score") END ELSE json_quote(CAST(OLD."score" AS TEXT)) END
      || ',"budget":' || CASE typeof(OLD."budget") WHEN 'integer' THEN OLD."budget" WHEN 'real' THEN CASE OLD."budget" WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE printf('%!.15g', OLD."budget") END ELSE json_quote(CAST(OLD."budget" AS TEXT)) END
      || ',"said \"it''s\"":' || json_quote(CAST(OLD."said ""it's""" AS TEXT))
      || ',"account_id":' || json_quote(CAST(OLD."account_id" AS TEXT)))), 2) || '}',
    (SELECT value FROM sojourn_state WHERE key = 'open_group'));
END;

CREATE INDEX IF NOT EXISTS "sojourn_contact.account_id" ON "contact" ("account_id");

