//! Every kind of write.

use sqlx::Connection as _;

use super::Followed;
use crate::support::run;

const SQL: &str = "
CREATE TABLE crm.line (id uuid PRIMARY KEY, n int, account uuid REFERENCES crm.account ON DELETE CASCADE,
  first uuid REFERENCES crm.account ON DELETE SET NULL, second uuid REFERENCES crm.account ON DELETE SET NULL);
CREATE TABLE crm.member (id int PRIMARY KEY, n int);
CREATE TABLE crm.share (object uuid, n int);
DROP POLICY everybody ON crm.account;
CREATE POLICY guard ON crm.account USING (EXISTS (SELECT FROM crm.member) OR id IN (SELECT object FROM crm.share));
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.line, crm.account, crm.member, crm.share TO case_user;
CREATE FUNCTION crm.move() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN IF NEW.n = 99 THEN NEW.id := public.i(77); END IF; RETURN NEW; END $$;
CREATE TRIGGER move BEFORE UPDATE ON crm.line FOR EACH ROW EXECUTE FUNCTION crm.move();";

const YAML: &str = "[{name: account, depends_on: [{table: share, object: object}]}, {name: line, rls: none}]";

#[test]
fn rows_are_noted_by_their_ids() {
    run(async {
        let mut db = Followed::begin("track_rows", SQL, YAML).await;
        let cases: &[(&str, &[&str])] = &[
            (
                "INSERT INTO crm.account SELECT i(n) FROM generate_series(1, 3) n",
                &["account 1", "account 2", "account 3"],
            ),
            ("INSERT INTO crm.account SELECT i(1) WHERE false", &[]),
            ("UPDATE crm.account SET name = 'x' WHERE false", &[]),
            ("DELETE FROM crm.account WHERE false", &[]),
            ("UPDATE crm.account SET name = 'x' WHERE id <> i(2)", &["account 1", "account 3"]),
            (
                "INSERT INTO crm.account SELECT i(n) FROM generate_series(3, 4) n ON CONFLICT (id) DO UPDATE SET name = 'y'",
                &["account 3", "account 4"],
            ),
            ("INSERT INTO crm.account VALUES (i(4)), (i(5)) ON CONFLICT DO NOTHING", &["account 5"]),
            (
                "MERGE INTO crm.account a USING (VALUES (i(1)), (i(5)), (i(6))) s (id) ON a.id = s.id
                   WHEN MATCHED AND a.id = i(5) THEN DELETE
                   WHEN MATCHED THEN UPDATE SET name = 'z'
                   WHEN NOT MATCHED THEN INSERT VALUES (s.id)",
                &["account 1", "account 5", "account 6"],
            ),
            ("UPDATE crm.account SET id = i(9) WHERE id = i(4)", &["account 4", "account 9"]),
            (
                "WITH gone AS (DELETE FROM crm.account WHERE id = i(9) RETURNING id)
              INSERT INTO crm.line (id) SELECT id FROM gone",
                &["account 9", "line 9"],
            ),
            ("UPDATE crm.line SET n = 99", &["line 9", "line 77"]),
            (
                "INSERT INTO crm.line VALUES (i(21), 1, i(1), NULL, NULL), (i(22), 1, NULL, i(1), NULL)",
                &["line 21", "line 22"],
            ),
            ("DELETE FROM crm.account WHERE id = i(1)", &["account 1", "line 21", "line 22"]),
            (
                "ALTER TABLE crm.line RENAME id TO key;\nINSERT INTO crm.line (key) VALUES (i(30));\n\
                 ALTER TABLE crm.line RENAME key TO id",
                &["line *"],
            ),
            ("TRUNCATE crm.line", &["line *"]),
            ("TRUNCATE crm.account CASCADE", &["account *", "line *"]),
            (
                "BEGIN;\nINSERT INTO crm.account VALUES (i(1));\nSAVEPOINT s;\nINSERT INTO crm.account VALUES (i(2));\n\
              ROLLBACK TO s;\nINSERT INTO crm.account VALUES (i(3));\nCOMMIT",
                &["account 1", "account 3"],
            ),
            ("BEGIN;\nDELETE FROM crm.account;\nROLLBACK", &[]),
            (
                "SET session_replication_role = replica;\nDELETE FROM crm.account WHERE id = i(3);\n\
              RESET session_replication_role",
                &["account 3"],
            ),
        ];
        for (statements, expected) in cases {
            db.assert_noted(statements, expected).await;
        }
        db.end().await;
    });
}

#[test]
fn a_row_may_be_noted_twice_but_never_not_at_all() {
    run(async {
        let mut db = Followed::begin("track_twice", SQL, YAML).await;
        db.run(
            "INSERT INTO crm.account VALUES (i(1)), (i(2));\nINSERT INTO crm.line VALUES (i(5), 0, NULL, i(1), i(2))",
        )
        .await;
        let mut noted = db.noted("DELETE FROM crm.account").await;
        noted.dedup();
        assert_eq!(noted, ["account 1", "account 2", "line 5"]);
        db.end().await;
    });
}

#[test]
fn shares_are_noted_by_what_they_name_and_members_as_such() {
    run(async {
        let mut db = Followed::begin("track_named", SQL, YAML).await;
        let cases: &[(&str, &[&str])] = &[
            ("INSERT INTO crm.share VALUES (i(7)), (NULL), (i(8))", &["share 7", "share 8"]),
            ("UPDATE crm.share SET object = i(9) WHERE object = i(7)", &["share 7", "share 9"]),
            ("UPDATE crm.share SET object = NULL WHERE object = i(8)", &["share 8"]),
            ("UPDATE crm.share SET object = i(6) WHERE object IS NULL", &["share 6", "share 6"]),
            ("DELETE FROM crm.share WHERE object = i(9)", &["share 9"]),
            ("INSERT INTO crm.member SELECT n FROM generate_series(1, 5) n", &["member *"]),
            ("UPDATE crm.member SET n = 1", &["member *"]),
            ("UPDATE crm.member SET n = 1 WHERE false", &[]),
            ("DELETE FROM crm.member", &["member *"]),
            ("DELETE FROM crm.member", &[]),
            ("TRUNCATE crm.member, crm.share", &["member *", "share *"]),
        ];
        for (statements, expected) in cases {
            db.assert_noted(statements, expected).await;
        }
        db.end().await;
    });
}

#[test]
fn what_is_copied_in_is_noted() {
    run(async {
        let mut db = Followed::begin("track_copy", SQL, YAML).await;
        let mut copy = db.connection.copy_in_raw("COPY crm.account (id) FROM STDIN").await.expect("it begins");
        copy.send(&b"00000000-0000-0000-0000-000000000001\n00000000-0000-0000-0000-000000000002\n"[..])
            .await
            .expect("it is sent");
        assert_eq!(copy.finish().await.expect("it is in"), 2);
        let noted: i64 = sqlx::query_scalar("SELECT count(*) FROM sojourn.tracking")
            .fetch_one(&mut db.connection)
            .await
            .expect("a count");
        assert_eq!(noted, 2);
        db.end().await;
    });
}

#[test]
fn a_row_is_noted_with_its_own_transaction_when_that_commits() {
    run(async {
        let mut db = Followed::begin("track_prepared", SQL, YAML).await;
        let noted = db.noted("BEGIN;\nINSERT INTO crm.account VALUES (i(1));\nPREPARE TRANSACTION 'track'").await;
        assert_eq!(noted, Vec::<String>::new(), "nothing before it commits");
        db.run("COMMIT PREPARED 'track'").await;
        let same: bool = sqlx::query_scalar(
            "SELECT (SELECT version FROM sojourn.tracking)::text = (SELECT xmin FROM crm.account)::text",
        )
        .fetch_one(&mut db.connection)
        .await
        .expect("one row each");
        assert!(same, "the version is the transaction that wrote the row");
        db.end().await;
    });
}

/// A writer with operators and tables of the same names in front of everything.
#[test]
fn no_search_path_of_a_writer_matters() {
    run(async {
        let mut db = Followed::begin("track_path", SQL, YAML).await;
        db.run(
            "CREATE SCHEMA evil;\n\
             CREATE FUNCTION evil.fails(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END';\n\
             CREATE FUNCTION evil.fails(uuid, uuid) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END';\n\
             CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.fails);\n\
             CREATE OPERATOR evil.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = evil.fails);\n\
             CREATE FUNCTION evil.pg_current_xact_id() RETURNS xid8 LANGUAGE plpgsql AS 'BEGIN RAISE ''evil''; END';\n\
             CREATE TABLE evil.changed (id uuid, object uuid);\n\
             CREATE TABLE evil.tracking (stream int, version xid8, object_id uuid);\n\
             GRANT USAGE ON SCHEMA evil TO case_user",
        )
        .await;
        let writes = "SET ROLE case_user;\nSET search_path = evil, pg_catalog;\n\
                      INSERT INTO crm.line (id) VALUES ('00000000-0000-0000-0000-000000000001');\n\
                      UPDATE crm.line SET id = '00000000-0000-0000-0000-000000000002';\n\
                      DELETE FROM crm.line;\nINSERT INTO crm.member VALUES (1);\n\
                      RESET search_path;\nRESET ROLE";
        db.assert_noted(writes, &["line 1", "line 1", "line 2", "line 2", "member *"]).await;
        db.end().await;
    });
}

#[test]
fn whoever_writes_need_not_see_the_log() {
    run(async {
        let mut db = Followed::begin("track_hidden", SQL, YAML).await;
        db.assert_noted("SET ROLE case_user;\nINSERT INTO crm.line (id) VALUES (i(1));\nRESET ROLE", &["line 1"]).await;
        db.run("SET ROLE case_user").await;
        for statement in
            ["SELECT FROM sojourn.tracking", "SELECT sojourn.track_1()", "SELECT FROM sojourn.tracked_table"]
        {
            let mut savepoint = db.connection.begin().await.expect("it begins");
            let refused = sqlx::query(statement).execute(&mut *savepoint).await;
            assert!(refused.is_err(), "{statement}");
        }
        db.end().await;
    });
}
