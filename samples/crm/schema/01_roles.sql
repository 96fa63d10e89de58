-- The three roles of the CRM, all NOLOGIN:
--   crm_owner     owns the tables, types and triggers
--   crm_security  owns the functions that policies call; reads the security tables and nothing else
--   sojourn_user  what every statement of a CRM user runs as; owns nothing, never bypasses row-level security
-- Roles belong to the whole cluster, and several of its databases may get this schema at the same moment:
-- whoever comes second finds the role there, or loses the race and goes on.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['crm_owner', 'crm_security', 'sojourn_user'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', wanted);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
END
$$;
