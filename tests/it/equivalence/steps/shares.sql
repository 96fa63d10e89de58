---- Who sees what of single rows.
---- Each statement stands after the number that says how often it comes; its blanks are filled by `words.rs`.
-- 4
INSERT INTO crm.share (principal_id, object_type_code, object_id)
    SELECT {principal}, 1, id FROM crm.account WHERE {some:crm.account} ON CONFLICT DO NOTHING;
-- 4
INSERT INTO crm.share (principal_id, object_type_code, object_id)
    SELECT {principal}, 112, id FROM crm.incident WHERE {some:crm.incident} ON CONFLICT DO NOTHING;
-- 4
INSERT INTO crm.share (principal_id, object_type_code, object_id)
    SELECT {principal}, 2, id FROM crm.contact WHERE {some:crm.contact} ON CONFLICT DO NOTHING;
-- 3
DELETE FROM crm.share WHERE md5(object_id::text) < '2' AND principal_id = {principal};
-- 3
DELETE FROM crm.share WHERE ctid = (SELECT ctid FROM crm.share ORDER BY {shuffled:object_id} LIMIT 1);
-- 3
UPDATE crm.share SET object_id = {row:crm.contact}, object_type_code = 2
     WHERE ctid = (SELECT ctid FROM crm.share ORDER BY {shuffled:object_id} LIMIT 1);
-- 3
UPDATE crm.share SET principal_id = {principal}
     WHERE ctid = (SELECT ctid FROM crm.share ORDER BY {shuffled:object_id} LIMIT 1);
-- 1
UPDATE crm.share SET may_write = NOT may_write WHERE md5(object_id::text) < '4';
