-- Server-side logic that a device cannot run and sees the effect of after replay: the owning business unit follows
-- the owner, modified_on follows the clock, a case gets its ticket number, and giving a record away needs a privilege.
SET LOCAL ROLE crm_owner;

CREATE FUNCTION crm.touch_modified_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.modified_on := now();
    RETURN NEW;
END
$$;

-- An unknown owner keeps the given unit, so that the foreign key names the real mistake.
CREATE FUNCTION crm.follow_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    NEW.owning_business_unit_id := coalesce(
        (SELECT u.business_unit_id FROM crm.system_user u WHERE u.id = NEW.owner_id),
        NEW.owning_business_unit_id);
    RETURN NEW;
END
$$;

-- Runs as the caller: only those whom row-level security binds are asked.
CREATE FUNCTION crm.guard_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF row_security_active(TG_RELID)
       AND NOT crm.may_assign(TG_ARGV[0]::integer, OLD.owner_id, OLD.owning_business_unit_id) THEN
        RAISE EXCEPTION 'the user may not assign this % to another owner', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'owner_id';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION crm.number_ticket() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    NEW.ticket_number := 'CAS-' || lpad(nextval('crm.incident_ticket')::text, 8, '0');
    RETURN NEW;
END
$$;
-- Trigger functions need no EXECUTE to fire.
REVOKE ALL ON FUNCTION crm.touch_modified_on(), crm.follow_owner(), crm.guard_assignment(), crm.number_ticket() FROM PUBLIC;

CREATE TRIGGER number_ticket BEFORE INSERT ON crm.incident
    FOR EACH ROW EXECUTE FUNCTION crm.number_ticket();

DO $$
DECLARE
    entity record;
BEGIN
    FOR entity IN
        SELECT * FROM (VALUES
            ('account', 1), ('contact', 2), ('opportunity', 3), ('lead', 4), ('annotation', 5), ('incident', 112),
            ('appointment', 4201), ('email', 4202), ('fax', 4204), ('letter', 4207), ('phone_call', 4210), ('task', 4212)
        ) AS owned (name, type_code)
    LOOP
        EXECUTE format('CREATE INDEX %I ON crm.%I (owner_id)', entity.name || '_owner', entity.name);
        EXECUTE format('CREATE INDEX %I ON crm.%I (owning_business_unit_id)', entity.name || '_business_unit', entity.name);
        EXECUTE format('CREATE TRIGGER follow_owner BEFORE INSERT OR UPDATE OF owner_id, owning_business_unit_id ON crm.%I
                            FOR EACH ROW EXECUTE FUNCTION crm.follow_owner()', entity.name);
        EXECUTE format('CREATE TRIGGER guard_assignment BEFORE UPDATE OF owner_id ON crm.%I
                            FOR EACH ROW WHEN (OLD.owner_id IS DISTINCT FROM NEW.owner_id)
                            EXECUTE FUNCTION crm.guard_assignment(%L)', entity.name, entity.type_code);
    END LOOP;

    FOR entity IN
        SELECT c.table_name AS name
          FROM information_schema.columns c
         WHERE c.table_schema = 'crm' AND c.column_name = 'modified_on'
    LOOP
        EXECUTE format('CREATE TRIGGER touch_modified_on BEFORE UPDATE ON crm.%I
                            FOR EACH ROW EXECUTE FUNCTION crm.touch_modified_on()', entity.name);
    END LOOP;
END
$$;

RESET ROLE;
