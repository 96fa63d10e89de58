-- A backup of every table of the sample and of ours, beside them, and its restoration in their place.
CREATE SCHEMA backup;

CREATE PROCEDURE backup.every(statement text) LANGUAGE plpgsql AS $$
DECLARE
    of record;
BEGIN
    FOR of IN
        SELECT n.nspname || '.' || quote_ident(c.relname) AS name, quote_ident(n.nspname || '_' || c.relname) AS copy
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('crm', 'sojourn') AND c.relkind = 'r' AND c.relname <> 'migration'
         ORDER BY c.oid
    LOOP
        EXECUTE format(statement, of.name, of.copy);
    END LOOP;
END
$$;

CREATE PROCEDURE backup.restore() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    CALL backup.every('DELETE FROM %1$s');
    CALL backup.every('INSERT INTO %1$s OVERRIDING SYSTEM VALUE SELECT * FROM backup.%2$s');
END
$$;

CALL backup.every('CREATE TABLE backup.%2$s AS TABLE %1$s');
