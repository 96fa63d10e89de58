-- What the current user reaches, as functions that policies call as uncorrelated (SELECT f()): once per statement.
-- They belong to crm_security, which reads the security tables and nothing else, and have SQL-standard bodies, so
-- that the catalog knows which tables every policy depends on.
SET LOCAL ROLE crm_owner;
GRANT USAGE, CREATE ON SCHEMA crm TO crm_security;
GRANT SELECT ON crm.system_user, crm.business_unit, crm.team, crm.team_member,
    crm.role, crm.user_role, crm.role_privilege, crm.share TO crm_security;
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

-- The deepest privilege any of the user's roles gives; none for a disabled user.
CREATE FUNCTION crm.depth_of(type_code integer, wanted crm.operation) RETURNS crm.access_depth
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT coalesce(max(p.depth), 'none')
      FROM crm.system_user u
      JOIN crm.user_role r ON r.user_id = u.id
      JOIN crm.role_privilege p ON p.role_id = r.role_id
     WHERE u.id = crm.current_user_id() AND NOT u.is_disabled
       AND p.object_type_code = type_code AND p.operation = wanted;
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

-- The business units whose records the user reaches: none, one, a subtree, or all.
CREATE FUNCTION crm.business_units(type_code integer, wanted crm.operation) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    WITH RECURSIVE reach AS MATERIALIZED (
        SELECT crm.depth_of(type_code, wanted) AS depth
    ), tree (id) AS (
        SELECT u.business_unit_id
          FROM crm.system_user u, reach
         WHERE u.id = crm.current_user_id() AND reach.depth IN ('business_unit', 'business_unit_and_children')
        UNION
        SELECT b.id
          FROM tree
          JOIN crm.business_unit b ON b.parent_id = tree.id
         WHERE (SELECT depth FROM reach) = 'business_unit_and_children'
    ), reached (id) AS (
        SELECT id FROM tree
        UNION ALL
        SELECT b.id FROM crm.business_unit b WHERE (SELECT depth FROM reach) = 'organisation'
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM reached;
END;

-- Records of one type shared with the user or with one of their teams. A share adds records, not privileges:
-- without at least user depth it gives nothing.
CREATE FUNCTION crm.shared_ids(type_code integer, wanted crm.operation) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    WITH principal (id) AS (
        SELECT crm.own_id(type_code, wanted)
        UNION ALL
        SELECT m.team_id FROM crm.team_member m WHERE m.user_id = crm.own_id(type_code, wanted)
    )
    SELECT coalesce(array_agg(DISTINCT s.object_id), '{}')
      FROM principal
      JOIN crm.share s ON s.principal_id = principal.id
     WHERE s.object_type_code = type_code
       AND CASE wanted WHEN 'read' THEN true
                       WHEN 'write' THEN s.may_write
                       WHEN 'delete' THEN s.may_delete
                       ELSE false END;
END;

-- May the user give away a record of this owner? A share never suffices.
CREATE FUNCTION crm.may_assign(type_code integer, owner_id uuid, owning_business_unit_id uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
BEGIN ATOMIC
    SELECT coalesce(owner_id = crm.own_id(type_code, 'assign'), false)
        OR owning_business_unit_id = ANY (crm.business_units(type_code, 'assign'));
END;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA crm FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA crm TO sojourn_user;
RESET ROLE;

SET LOCAL ROLE crm_owner;
REVOKE CREATE ON SCHEMA crm FROM crm_security;
RESET ROLE;
