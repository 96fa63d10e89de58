---- Tables are emptied.
---- Each statement stands after the number that says how often it comes; its blanks are filled by `words.rs`.
-- 2
TRUNCATE crm.task;
-- 2
TRUNCATE crm.incident_line;
-- 2
TRUNCATE crm.share;
-- 2
TRUNCATE extra.memo;
-- 2
TRUNCATE extra.visit;
-- 1
TRUNCATE extra.member;
-- 1
TRUNCATE crm.incident CASCADE;
-- 1
BEGIN; TRUNCATE crm.task; ROLLBACK;
