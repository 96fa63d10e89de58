-- What the current user reaches, as functions that policies call as uncorrelated (SELECT f()): once per statement.
-- They belong to crm_security, which reads the security tables and nothing else, and have SQL-standard bodies, so
-- that the catalog knows which tables every policy depends on.
SET LOCAL ROLE crm_owner;
GRANT USAGE, CREATE ON SCHEMA crm TO crm_security;
GRANT SELECT ON crm.system_user, crm.business_unit, crm.team, crm.team_member,
    crm.role, crm.user_role, crm.role_privilege, crm.share, crm.office_worker TO crm_security;
RESET ROLE;

SET LOCAL ROLE crm_security;

-- Unset is an error, and so is the empty string that an earlier transaction leaves: never silently nobody.
CREATE FUNCTION crm.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('sojourn.user_id')::uuid;

-- False for a disabled or unknown user.
CREATE FUNCTION crm.is_active_user() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT EXISTS (SELECT FROM crm.system_user u WHERE u.id = crm.current_user_id() AND NOT u.is_disabled);
END;

-- The user, if any depth at all lets them reach their own records; null otherwise.
CREATE FUNCTION crm.own_id(type_code integer, wanted crm.operation) RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT u.id
      FROM crm.system_user u
     WHERE u.id = crm.current_user_id() AND NOT u.is_disabled
       AND EXISTS (SELECT FROM crm.user_role r
                     JOIN crm.role_privilege p ON p.role_id = r.role_id
                    WHERE r.user_id = u.id AND p.object_type_code = type_code
                      AND p.operation = wanted AND p.depth > 'none');
END;

-- The business units whose records the user reaches: none, one, the tree below it, or the whole tree.
CREATE FUNCTION crm.business_units(type_code integer, wanted crm.operation) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    WITH RECURSIVE tree (id, depth) AS (
        SELECT CASE p.depth WHEN 'organisation' THEN (SELECT b.id FROM crm.business_unit b WHERE b.parent_id IS NULL)
                            ELSE u.business_unit_id END,
               p.depth
          FROM crm.system_user u
          JOIN crm.user_role r ON r.user_id = u.id
          JOIN crm.role_privilege p ON p.role_id = r.role_id
         WHERE u.id = crm.current_user_id() AND NOT u.is_disabled
           AND p.object_type_code = type_code AND p.operation = wanted AND p.depth >= 'business_unit'
        UNION
        SELECT b.id, tree.depth
          FROM tree
          JOIN crm.business_unit b ON b.parent_id = tree.id
         WHERE tree.depth >= 'business_unit_and_children'
    )
    SELECT coalesce(array_agg(DISTINCT tree.id), '{}') FROM tree;
END;

-- Records of one type shared with the user or with one of their teams. A share adds records, not privileges:
-- without at least user depth it gives nothing.
CREATE FUNCTION crm.shared_ids(type_code integer, wanted crm.operation) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT coalesce(array_agg(s.object_id), '{}')
      FROM crm.share s
     WHERE s.principal_id = ANY (crm.current_user_id() || ARRAY(
               SELECT m.team_id FROM crm.team_member m WHERE m.user_id = crm.current_user_id()))
       AND s.object_type_code = type_code
       AND CASE wanted WHEN 'read' THEN true
                       WHEN 'write' THEN s.may_write
                       WHEN 'delete' THEN s.may_delete
                       ELSE false END
       AND crm.own_id(type_code, wanted) IS NOT NULL;
END;

-- May the user give away a record of this owner? A share never suffices.
CREATE FUNCTION crm.may_assign(type_code integer, owner_id uuid, owning_business_unit_id uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT coalesce(owner_id = crm.own_id(type_code, 'assign'), false)
        OR owning_business_unit_id = ANY (crm.business_units(type_code, 'assign'));
END;

-- Does the user have this role?
CREATE FUNCTION crm.has_role(role_name text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT crm.is_active_user() AND EXISTS (
        SELECT FROM crm.user_role u JOIN crm.role r ON r.id = u.role_id
         WHERE u.user_id = crm.current_user_id() AND r.name = role_name);
END;

-- The Go Offline privilege: everybody has it from whom it was not taken.
CREATE FUNCTION crm.may_go_offline() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT FROM crm.office_worker w WHERE w.user_id = crm.current_user_id());
END;

-- All that reading a type of record takes from users, roles, teams and business units: while it is the same, their
-- changes make no record of the type appear or disappear.
CREATE FUNCTION crm.access_context(type_code integer) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'active', crm.is_active_user(),
        'own_id', crm.own_id(type_code, 'read'),
        'business_units', (SELECT coalesce(jsonb_agg(reached.id ORDER BY reached.id), '[]')
                             FROM unnest(crm.business_units(type_code, 'read')) AS reached (id)),
        'teams', (SELECT coalesce(jsonb_agg(m.team_id ORDER BY m.team_id), '[]')
                    FROM crm.team_member m WHERE m.user_id = crm.current_user_id()));
END;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA crm FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA crm TO sojourn_user;
RESET ROLE;

SET LOCAL ROLE crm_owner;
REVOKE CREATE ON SCHEMA crm FROM crm_security;
RESET ROLE;
