-- Row-level security of everything that is synchronised, and what the acting role may do at all.
-- A record is reached through its owner, its owning business unit, or a share; each of the three is an indexed
-- column compared with a value computed once per statement, so that a bitmap of three index scans finds a user's rows.
SET LOCAL ROLE crm_owner;

GRANT USAGE ON SCHEMA crm TO sojourn_user;

DO $$
DECLARE
    -- %1$s is the object type code, %2$L the operation.
    owned  CONSTANT text := 'owner_id = (SELECT crm.own_id(%1$s, %2$L))'
                         || ' OR owning_business_unit_id = ANY ((SELECT crm.business_units(%1$s, %2$L))::uuid[])';
    shared CONSTANT text := owned || ' OR id = ANY ((SELECT crm.shared_ids(%1$s, %2$L))::uuid[])';
    entity record;
BEGIN
    FOR entity IN
        SELECT * FROM (VALUES
            ('account', 1), ('contact', 2), ('opportunity', 3), ('lead', 4), ('annotation', 5), ('incident', 112),
            ('appointment', 4201), ('email', 4202), ('fax', 4204), ('letter', 4207), ('phone_call', 4210), ('task', 4212)
        ) AS owned_entity (name, type_code)
    LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON crm.%I TO sojourn_user', entity.name);
        EXECUTE format('ALTER TABLE crm.%I ENABLE ROW LEVEL SECURITY', entity.name);
        EXECUTE format('CREATE POLICY may_read ON crm.%I FOR SELECT TO sojourn_user USING (%s)',
                       entity.name, format(shared, entity.type_code, 'read'));
        EXECUTE format('CREATE POLICY may_create ON crm.%I FOR INSERT TO sojourn_user WITH CHECK (%s)',
                       entity.name, format(owned, entity.type_code, 'create'));
        EXECUTE format('CREATE POLICY may_write ON crm.%I FOR UPDATE TO sojourn_user USING (%s)',
                       entity.name, format(shared, entity.type_code, 'write'));
        EXECUTE format('CREATE POLICY may_delete ON crm.%I FOR DELETE TO sojourn_user USING (%s)',
                       entity.name, format(shared, entity.type_code, 'delete'));
    END LOOP;
END
$$;

-- Lines go with their case: who sees it sees them, who may change it may change, add and remove them.
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.incident_line TO sojourn_user;
ALTER TABLE crm.incident_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY may_read ON crm.incident_line FOR SELECT TO sojourn_user
    USING (EXISTS (SELECT FROM crm.incident i WHERE i.id = incident_id));

DO $$
DECLARE
    of_writable_case CONSTANT text := 'EXISTS (SELECT FROM crm.incident i WHERE i.id = incident_id AND ('
        || 'i.owner_id = (SELECT crm.own_id(112, ''write''))'
        || ' OR i.owning_business_unit_id = ANY ((SELECT crm.business_units(112, ''write''))::uuid[])'
        || ' OR i.id = ANY ((SELECT crm.shared_ids(112, ''write''))::uuid[])))';
BEGIN
    EXECUTE 'CREATE POLICY may_create ON crm.incident_line FOR INSERT TO sojourn_user WITH CHECK (' || of_writable_case || ')';
    EXECUTE 'CREATE POLICY may_write ON crm.incident_line FOR UPDATE TO sojourn_user USING (' || of_writable_case || ')';
    EXECUTE 'CREATE POLICY may_delete ON crm.incident_line FOR DELETE TO sojourn_user USING (' || of_writable_case || ')';
END
$$;

-- Reference entities: every active user of the organisation reads them, nobody writes them from here.
GRANT SELECT ON crm.system_user, crm.business_unit, crm.team TO sojourn_user;
ALTER TABLE crm.system_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.business_unit ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.team ENABLE ROW LEVEL SECURITY;
CREATE POLICY may_read ON crm.system_user FOR SELECT TO sojourn_user USING ((SELECT crm.is_active_user()));
CREATE POLICY may_read ON crm.business_unit FOR SELECT TO sojourn_user USING ((SELECT crm.is_active_user()));
CREATE POLICY may_read ON crm.team FOR SELECT TO sojourn_user USING ((SELECT crm.is_active_user()));

-- The functions of the policies run as crm_security, which row-level security binds as well.
CREATE POLICY security_reads ON crm.system_user FOR SELECT TO crm_security USING (true);
CREATE POLICY security_reads ON crm.business_unit FOR SELECT TO crm_security USING (true);
CREATE POLICY security_reads ON crm.team FOR SELECT TO crm_security USING (true);

RESET ROLE;
