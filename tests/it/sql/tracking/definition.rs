//! The definition changes with everything that decides who sees what, and with nothing else.

use super::Followed;
use crate::support::run;

const SQL: &str = "
CREATE TABLE crm.member (id uuid PRIMARY KEY, n int);
CREATE VIEW crm.members AS SELECT * FROM crm.member;
CREATE FUNCTION crm.allowed() RETURNS boolean LANGUAGE sql STABLE RETURN EXISTS (SELECT FROM crm.members);
CREATE POLICY more ON crm.account TO case_user USING (crm.allowed());
CREATE FUNCTION crm.other() RETURNS int LANGUAGE sql RETURN 1;
CREATE TABLE crm.elsewhere (id int);
INSERT INTO crm.account SELECT i(n) FROM generate_series(1, 100) n;";

const CHANGES: &[&str] = &[
    "CREATE POLICY third ON crm.account USING (true)",
    "ALTER POLICY more ON crm.account USING (NOT crm.allowed())",
    "DROP POLICY third ON crm.account",
    "ALTER TABLE crm.member ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE crm.account FORCE ROW LEVEL SECURITY",
    "GRANT SELECT ON crm.member TO case_user",
    "GRANT SELECT (name) ON crm.account TO case_login",
    "ALTER TABLE crm.member OWNER TO case_owner",
    "CREATE OR REPLACE VIEW crm.members AS SELECT * FROM crm.member WHERE n > 1",
    "ALTER VIEW crm.members SET (security_invoker = true)",
    "CREATE OR REPLACE FUNCTION crm.allowed() RETURNS boolean LANGUAGE sql STABLE RETURN true",
    "REVOKE EXECUTE ON FUNCTION crm.allowed() FROM PUBLIC",
    "ALTER TABLE crm.account ALTER name TYPE varchar USING 'x' || name",
    // It may be called by one that nobody can look into.
    "CREATE OR REPLACE FUNCTION crm.other() RETURNS int LANGUAGE sql RETURN 2",
    "TRUNCATE crm.member",
    "ALTER TABLE crm.member RENAME TO elsewhere_now",
    "ALTER TABLE crm.elsewhere_now RENAME TO member",
    "ALTER TABLE crm.member SET SCHEMA public",
    "ALTER TABLE public.member SET SCHEMA crm",
    "ALTER TABLE crm.account DISABLE TRIGGER sojourn_track_1_update",
    "ALTER TABLE crm.account ENABLE TRIGGER sojourn_track_1_update",
    "DROP TRIGGER sojourn_track_1_delete ON crm.account",
    "CREATE OR REPLACE FUNCTION sojourn.track_1() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'",
    "CREATE TABLE crm.heir () INHERITS (crm.member)",
];

const NO_CHANGES: &[&str] = &[
    "VACUUM crm.account",
    "VACUUM FREEZE crm.account",
    "ANALYZE crm.account",
    "CREATE INDEX ON crm.account (name)",
    "REINDEX TABLE crm.account",
    "UPDATE crm.account SET name = 'x'",
    "DELETE FROM crm.account",
    "ALTER TABLE crm.account ADD note text",
    "CREATE OR REPLACE FUNCTION public.other() RETURNS int LANGUAGE sql RETURN 2",
    "ALTER TABLE crm.elsewhere ENABLE ROW LEVEL SECURITY",
    "GRANT SELECT (name) ON crm.account TO sojourn_scan",
    "VACUUM pg_class",
    "VACUUM FULL pg_policy",
];

#[test]
fn it_changes_with_what_decides_who_sees_what() {
    run(async {
        let mut db = Followed::begin("track_definition", SQL, "[{name: account}]").await;
        for statement in NO_CHANGES {
            let before = db.definition().await;
            db.run(statement).await;
            assert_eq!(db.definition().await, before, "{statement}");
        }
        for statement in CHANGES {
            let before = db.definition().await;
            db.run(statement).await;
            assert_ne!(db.definition().await, before, "{statement}");
        }
        db.end().await;
    });
}

#[test]
fn it_changes_with_the_memberships_of_the_acting_role() {
    run(async {
        let mut db = Followed::begin("track_member", SQL, "[{name: account}]").await;
        // Roles are the cluster's: in a transaction that nobody else sees.
        let before = db.definition().await;
        db.run("BEGIN;\nCREATE ROLE case_track_team;\nGRANT case_track_team TO case_user").await;
        assert_ne!(db.definition().await, before);
        db.run("ROLLBACK").await;
        assert_eq!(db.definition().await, before);
        db.end().await;
    });
}
