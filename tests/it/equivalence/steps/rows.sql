---- Writes of rows: single, in bulk, and in every way that Postgres has.
---- Each statement stands after the number that says how often it comes; its blanks are filled by `words.rs`.

---- Inserts.
-- 4
INSERT INTO crm.account (id, name, industry, employees, is_key_account, parent_account_id, owner_id,
    owning_business_unit_id, created_on)
    VALUES ({id}, {name}, {industry}, {small}, {bool}, {row:crm.account}, {user}, {unit}, {time});
-- 6
INSERT INTO crm.contact (id, last_name, city, satisfaction, last_contacted_on, account_id, owner_id,
    owning_business_unit_id, created_on)
    VALUES ({id}, 'x', {city}, {small}, {time}, {row:crm.account}, {user}, {unit}, {time});
-- 4
INSERT INTO crm.opportunity (id, name, probability, est_close, decided_on, account_id, contact_id,
    owner_id, owning_business_unit_id, created_on)
    VALUES ({id}, {name}, {small}, {date}, {time}, {row:crm.account}, {row:crm.contact}, {user}, {unit},
    {time});
-- 4
INSERT INTO crm.incident (id, title, priority, reported_at, account_id, contact_id, owner_id,
    owning_business_unit_id, created_on)
    VALUES ({id}, {name}, {priority}, {time}, {row:crm.account}, {row:crm.contact}, {user}, {unit}, {time});
-- 6
INSERT INTO crm.incident_line (id, incident_id, position, product, quantity, unit_price, created_on)
    SELECT {id}, i.id, (SELECT coalesce(max(position), 0) + 1 FROM crm.incident_line l WHERE l.incident_id =
    i.id), {name}, 1 + {small}, 1, {time}
      FROM crm.incident i WHERE {some:crm.incident} LIMIT 1;
-- 6
INSERT INTO crm.task (id, subject, priority, due_on, reminder_at, percent_complete, contact_id, owner_id,
    owning_business_unit_id, created_on)
    VALUES ({id}, {name}, {priority}, {date}, {local}, {small}, {row:crm.contact}, {user}, {unit}, {time});
-- 4
INSERT INTO crm.annotation (id, subject, incident_id, owner_id, owning_business_unit_id, created_on)
    VALUES ({id}, {name}, {row:crm.incident}, {user}, {unit}, {time});
-- 2
INSERT INTO extra.project (id, name, owner_id) VALUES ({id}, {name}, {user});
-- 5
INSERT INTO extra.memo (id, project_id, body, written_at) VALUES ({id}, {row:extra.project}, {name},
    {time});
-- 5
INSERT INTO extra.visit (id, owner_id, account_id, visited_at, note)
    VALUES ({id}, {user}, {row:crm.account}, {time}, {city}), ({id}, {user}, NULL, NULL, {city});

---- Updates.
-- 8
UPDATE crm.account SET industry = {industry}, employees = {small},
    is_key_account = {bool} WHERE {some:crm.account};
-- 4
UPDATE crm.account SET name = {name}, created_on = {time} WHERE {some:crm.account};
-- 8
UPDATE crm.contact SET city = {city}, satisfaction = {small} WHERE {some:crm.contact};
-- 5
UPDATE crm.contact SET last_contacted_on = {time} WHERE {some:crm.contact};
-- 4
UPDATE crm.opportunity SET probability = {small}, est_close = {date},
    decided_on = {time} WHERE {some:crm.opportunity};
-- 6
UPDATE crm.incident SET priority = {priority}, reported_at = {time} WHERE {some:crm.incident};
-- 5
UPDATE crm.incident_line SET quantity = 1 + {small} WHERE {some:crm.incident_line};
-- 6
UPDATE crm.task SET due_on = {date}, reminder_at = {local}, percent_complete = {small},
    priority = {priority} WHERE {some:crm.task};
-- 3
UPDATE crm.annotation SET subject = {name}, created_on = {time} WHERE {some:crm.annotation};
-- 3
UPDATE extra.project SET name = {name} WHERE {some:extra.project};
-- 3
UPDATE extra.memo SET body = {name}, written_at = {time} WHERE {some:extra.memo};
-- 5
UPDATE extra.visit SET note = {city}, visited_at = {time} WHERE {some:extra.visit};
-- 1
UPDATE crm.system_user SET job_title = {name} WHERE {some:crm.system_user};
-- 3
UPDATE crm.contact SET city = city WHERE {some:crm.contact};
-- 2
UPDATE crm.contact SET city = 'nobody' WHERE false;
-- 3
UPDATE crm.task SET due_on = NULL, reminder_at = NULL, percent_complete = 0 WHERE {some:crm.task};

---- References and owners.
-- 4
UPDATE crm.contact SET account_id = {row:crm.account} WHERE {some:crm.contact};
-- 2
UPDATE crm.contact SET account_id = NULL WHERE {some:crm.contact};
-- 3
UPDATE crm.account SET parent_account_id = nullif({row:crm.account}, id) WHERE {some:crm.account};
-- 4
UPDATE crm.incident SET account_id = {row:crm.account},
    contact_id = {row:crm.contact} WHERE {some:crm.incident};
-- 3
UPDATE crm.incident_line SET incident_id = {row:crm.incident},
    position = 1000 + position WHERE {some:crm.incident_line};
-- 3
UPDATE extra.memo SET project_id = {row:extra.project} WHERE {some:extra.memo};
-- 3
UPDATE extra.visit SET account_id = {row:crm.account} WHERE {some:extra.visit};
-- 3
UPDATE crm.account SET owner_id = {user} WHERE {some:crm.account};
-- 3
UPDATE crm.contact SET owner_id = {user} WHERE {some:crm.contact};
-- 4
UPDATE crm.incident SET owner_id = {user} WHERE {some:crm.incident};
-- 3
UPDATE crm.task SET owner_id = {user} WHERE {some:crm.task};
-- 2
UPDATE extra.project SET owner_id = {user} WHERE {some:extra.project};
-- 3
UPDATE extra.visit SET owner_id = {user} WHERE {some:extra.visit};

---- Deletes.
-- 2
DELETE FROM crm.account WHERE {some:crm.account};
-- 3
DELETE FROM crm.contact WHERE {some:crm.contact};
-- 2
DELETE FROM crm.opportunity WHERE {some:crm.opportunity};
-- 2
DELETE FROM crm.incident WHERE {some:crm.incident};
-- 4
DELETE FROM crm.incident_line WHERE {some:crm.incident_line};
-- 4
DELETE FROM crm.task WHERE {some:crm.task};
-- 2
DELETE FROM crm.annotation WHERE {some:crm.annotation};
-- 1
DELETE FROM extra.project WHERE {some:extra.project};
-- 3
DELETE FROM extra.memo WHERE {some:extra.memo};
-- 4
DELETE FROM extra.visit WHERE {some:extra.visit};

---- The same id again.
-- 2
WITH gone AS (DELETE FROM crm.task WHERE {some:crm.task} RETURNING *) INSERT INTO crm.task SELECT * FROM
    gone;
-- 2
WITH gone AS (DELETE FROM extra.visit WHERE {some:extra.visit} RETURNING *)
    INSERT INTO extra.visit (id, owner_id, note) SELECT id, {user}, {city} FROM gone;

---- Another id; the ids before are answered.
-- 3
UPDATE crm.task SET id = {id} FROM (SELECT id AS old FROM crm.task ORDER BY {shuffled:id} LIMIT 1) o WHERE
    id = old RETURNING old;
-- 3
UPDATE crm.incident_line SET id = {id} FROM (SELECT id AS old FROM crm.incident_line ORDER BY {shuffled:id}
    LIMIT 1) o
     WHERE id = old RETURNING old;
-- 3
UPDATE extra.memo SET id = {id} FROM (SELECT id AS old FROM extra.memo ORDER BY {shuffled:id} LIMIT 1) o
    WHERE id = old RETURNING old;
-- 3
UPDATE extra.visit SET id = {id} FROM (SELECT id AS old FROM extra.visit ORDER BY {shuffled:id} LIMIT 1) o
    WHERE id = old RETURNING old;
-- 1
UPDATE crm.contact SET id = {id} FROM (SELECT id AS old FROM crm.contact ORDER BY {shuffled:id} LIMIT 1) o
    WHERE id = old RETURNING old;

---- In bulk.
-- 2
UPDATE crm.contact SET satisfaction = {small} WHERE {many:crm.contact};
-- 1
UPDATE crm.account SET employees = {small} WHERE {many:crm.account};
-- 2
UPDATE crm.incident_line SET quantity = 1 + {small} WHERE {many:crm.incident_line};
-- 2
UPDATE extra.visit SET visited_at = {time} WHERE {many:extra.visit};
-- 1
DELETE FROM crm.task WHERE {many:crm.task} AND percent_complete = {small};
-- 2
INSERT INTO crm.task (id, subject, due_on, contact_id, owner_id, owning_business_unit_id)
    SELECT md5(id::text || {id})::uuid, 'copied', {date}, id, owner_id,
    owning_business_unit_id FROM crm.contact WHERE {some:crm.contact};
-- 1
INSERT INTO extra.visit (id, owner_id, account_id, visited_at, note)
    SELECT md5(id::text || {id})::uuid, owner_id, id, {time}, {city} FROM crm.account WHERE {many:crm.account};
-- 2
INSERT INTO extra.memo (id, project_id, body, written_at) SELECT id, project_id, body,
    written_at FROM extra.memo WHERE {some:extra.memo}
    ON CONFLICT (id) DO UPDATE SET body = {name}, written_at = {time};
-- 2
MERGE INTO extra.memo m USING (SELECT * FROM extra.memo WHERE {some:extra.memo}
      UNION ALL SELECT {id}, {row:extra.project}, 'merged', {time}) s ON m.id = s.id
    WHEN MATCHED AND m.body = {name} THEN DELETE WHEN MATCHED THEN UPDATE SET body = {name}
    WHEN NOT MATCHED THEN INSERT (id, project_id, body, written_at) VALUES (s.id, s.project_id, s.body,
    s.written_at);
-- 2
MERGE INTO crm.contact m USING (SELECT id FROM crm.contact WHERE {some:crm.contact}) s ON m.id = s.id
    WHEN MATCHED AND m.satisfaction > 2 THEN DELETE WHEN MATCHED THEN UPDATE SET satisfaction = {small},
    city = {city};
-- 2
WITH one AS (UPDATE crm.contact SET city = {city} WHERE {some:crm.contact} RETURNING id),
         other AS (UPDATE crm.task SET percent_complete = {small} WHERE {some:crm.task} RETURNING id)
    UPDATE crm.contact SET satisfaction = {small} WHERE {some:crm.contact} AND id NOT IN (SELECT id FROM one);
-- 2
COPY extra.visit (id, owner_id, note, visited_at)
    FROM PROGRAM 'echo {bare},{bare},others,2026-02-01' (FORMAT csv);

---- One row so often that it alone is more than is read of a stream, and then another.
-- 1
DO $$ BEGIN FOR n IN 1..1100 LOOP UPDATE extra.project SET name = name WHERE id = {row:extra.project}; END
    LOOP; END $$;
    UPDATE extra.project SET name = {name} WHERE {some:extra.project};
