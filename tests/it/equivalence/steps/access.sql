---- Changes of what users may see at all.
---- Each statement stands after the number that says how often it comes; its blanks are filled by `words.rs`.
-- 3
UPDATE crm.system_user SET business_unit_id = {unit} WHERE id = {user};
-- 2
UPDATE crm.system_user SET is_disabled = {small} = 0 WHERE id = {user};
-- 3
UPDATE crm.system_user SET is_disabled = false WHERE is_disabled;
-- 2
UPDATE crm.business_unit SET parent_id = {unit} WHERE id = {unit} AND parent_id IS NOT NULL;
-- 1
UPDATE crm.business_unit SET cost_centre = {name} WHERE id = {unit};
-- 2
INSERT INTO crm.team_member (user_id, team_id) VALUES ({user}, {row:crm.team}) ON CONFLICT DO NOTHING;
-- 2
DELETE FROM crm.team_member WHERE user_id = {user};
-- 3
INSERT INTO crm.user_role (user_id, role_id) SELECT u.id, {row:crm.role} FROM crm.system_user u
     WHERE u.id = {user} OR NOT EXISTS (SELECT FROM crm.user_role r WHERE r.user_id = u.id) ON CONFLICT DO
     NOTHING;
-- 2
DELETE FROM crm.user_role WHERE user_id = {user} AND role_id = {row:crm.role};
-- 2
UPDATE crm.role_privilege SET depth = {depth}
     WHERE operation = 'read' AND object_type_code = {code} AND role_id = {row:crm.role};
-- 1
DELETE FROM crm.role_privilege WHERE operation = 'read' AND object_type_code = {code} AND role_id =
    {row:crm.role};
-- 3
INSERT INTO extra.member (project_id, user_id) VALUES ({row:extra.project}, {user}) ON CONFLICT DO NOTHING;
-- 2
DELETE FROM extra.member WHERE user_id = {user} AND project_id = {row:extra.project};
