//! Installing, again, for two datasets, and removing.

use sojourn_schema::SchemaError;
use sqlx::{Connection as _, PgConnection};

use super::{Followed, check};
use crate::support::{run, shared};

const SQL: &str = "
CREATE TABLE crm.line (id uuid PRIMARY KEY, account uuid REFERENCES crm.account, due date, note text,
                       at timestamptz, secret uuid);
CREATE TABLE crm.member (id int);
CREATE POLICY guard ON crm.line USING (EXISTS (SELECT FROM crm.member));
ALTER TABLE crm.line ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON crm.line TO case_user;
INSERT INTO crm.line (id, note) VALUES (i(1), 'private');";
const BOTH: &str = "[{name: account}, {name: line}]";

async fn count(db: &mut Followed, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut db.connection).await.expect("a count")
}

const TRIGGERS: &str = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'sojourn%'";
const FUNCTIONS: &str =
    "SELECT count(*) FROM pg_proc WHERE proname LIKE 'track\\_%' AND pronamespace = 'sojourn'::regnamespace";
const READABLE: &str = "SELECT count(*) FROM pg_attribute WHERE attacl::text LIKE '%sojourn_scan=%'";

#[test]
fn it_can_be_repeated_and_what_is_broken_is_repaired() {
    run(async {
        let mut db = Followed::begin("track_again", SQL, BOTH).await;
        let before = db.definition().await;
        let again = db.track().await.expect("it is installed");
        assert_eq!((again.streams, again.installed.len(), again.removed.len()), (3, 0, 0), "{again:?}");
        assert_eq!(db.definition().await, before, "nothing was touched");
        for broken in [
            "ALTER TABLE crm.line DISABLE TRIGGER USER",
            "ALTER TABLE crm.line ENABLE TRIGGER USER",
            "DROP TRIGGER sojourn_track_2_key ON crm.line",
            "DROP FUNCTION sojourn.track_2 CASCADE",
            "ALTER FUNCTION sojourn.track_2 SECURITY INVOKER",
        ] {
            db.run(broken).await;
            let error = db.rules().await.expect_err(broken).to_string();
            assert!(error.contains("crm.line") && error.contains("sojourn-admin register"), "{broken}: {error}");
            let repaired = db.track().await.expect("it is installed");
            assert_eq!(repaired.installed, ["crm.line"], "{broken}");
            db.rules().await.expect("it is as it must be");
        }
        db.assert_noted("UPDATE crm.line SET id = i(2)", &["line 1", "line 2"]).await;
        db.end().await;
    });
}

#[test]
fn two_datasets_share_a_table_and_the_last_one_takes_it_down() {
    run(async {
        let mut db = Followed::begin("track_shared", SQL, BOTH).await;
        let (triggers, readable) = (count(&mut db, TRIGGERS).await, count(&mut db, READABLE).await);
        assert_eq!(readable, 5, "account.id; line.id, account, due and at");
        let second = "dataset: second\nacting_role: case_user\nschema: crm\nentities: [{name: line, type_code: 5}]";
        let second = check(&mut db.connection, second).await.expect("it is accepted");
        let shared = sojourn_schema::track(&mut db.connection, &second).await.expect("it is installed");
        assert_eq!((shared.installed.len(), count(&mut db, TRIGGERS).await), (0, triggers));

        db.yaml = "[{name: account}]".into();
        let smaller = db.track().await.expect("it is installed");
        assert_eq!((smaller.removed.len(), count(&mut db, TRIGGERS).await), (0, triggers), "the second needs them");
        assert_eq!(count(&mut db, READABLE).await, readable);

        let nothing = "dataset: second\nacting_role: case_user\nschema: crm\nentities: [{name: account, type_code: 6}]";
        let nothing = check(&mut db.connection, nothing).await.expect("it is accepted");
        let gone = sojourn_schema::track(&mut db.connection, &nothing).await.expect("it is installed");
        assert_eq!(gone.removed, ["crm.line", "crm.member"]);
        assert_eq!((count(&mut db, TRIGGERS).await, count(&mut db, FUNCTIONS).await), (5, 1), "those of account");
        assert_eq!(count(&mut db, READABLE).await, 1, "account.id");
        db.assert_noted("UPDATE crm.line SET note = 'x';\nINSERT INTO crm.account VALUES (i(1))", &["account 1"]).await;
        db.end().await;
    });
}

#[test]
fn a_table_that_is_made_anew_is_tracked_anew() {
    run(async {
        let mut db = Followed::begin("track_anew", SQL, BOTH).await;
        db.run(
            "DROP TABLE crm.member CASCADE;\nCREATE TABLE crm.member (id int);\n\
                CREATE POLICY guard ON crm.line USING (EXISTS (SELECT FROM crm.member))",
        )
        .await;
        let tracked = db.track().await.expect("it is installed");
        assert_eq!((tracked.installed, tracked.removed), (vec!["crm.member".into()], vec!["crm.member".into()]));
        db.assert_noted("INSERT INTO crm.member VALUES (1)", &["member *"]).await;
        db.end().await;
    });
}

#[test]
fn a_restored_database_keeps_its_streams() {
    run(async {
        let mut db = Followed::begin("track_restored", SQL, BOTH).await;
        let rules = db.rules().await.expect("it is installed");
        db.run(
            "UPDATE sojourn.tracked_table SET relation = ((SELECT max(o.relation::bigint) + min(o.relation::bigint)
                  FROM sojourn.tracked_table o) - relation::bigint)::oid",
        )
        .await;
        assert!(db.rules().await.is_err(), "tables are where others were");
        let tracked = db.track().await.expect("it is installed");
        assert_eq!((tracked.installed.len(), tracked.removed.len()), (0, 0), "{tracked:?}");
        assert_eq!(db.rules().await.expect("it is installed"), rules);
        db.end().await;
    });
}

#[test]
fn a_busy_table_is_named_with_who_holds_it_and_nothing_is_changed() {
    run(async {
        let mut db = Followed::begin("track_busy", SQL, "[{name: account}]").await;
        let url = shared().await.postgres.url_for("track_busy");
        let mut writer = PgConnection::connect(&url).await.expect("a connection");
        let mut writing = writer.begin().await.expect("it begins");
        sqlx::query("UPDATE crm.line SET note = 'x'").execute(&mut *writing).await.expect("it writes");
        db.yaml = BOTH.into();
        let before = count(&mut db, TRIGGERS).await;
        let error = db.track().await.expect_err("it is busy");
        assert!(
            matches!(error, SchemaError::Busy { .. }) && error.to_string().contains("crm.line (process "),
            "{error}"
        );
        assert_eq!(count(&mut db, TRIGGERS).await, before);
        writing.commit().await.expect("the writer was not disturbed");
        db.track().await.expect("it is installed now");
        writer.close().await.expect("it closes");
        db.end().await;
    });
}

#[test]
fn the_scanning_role_reads_keys_and_times_of_every_row_and_nothing_else() {
    run(async {
        let mut db = Followed::begin("track_scan", SQL, BOTH).await;
        db.run("SET ROLE sojourn_scan").await;
        assert_eq!(
            count(&mut db, "SELECT count(*) FROM (SELECT id, account, due, at FROM crm.line) l").await,
            1,
            "every row"
        );
        for sql in [
            "SELECT note FROM crm.line",
            "SELECT secret FROM crm.line",
            "SELECT * FROM crm.line",
            "SELECT l FROM crm.line l",
            "SELECT FROM crm.member",
            "SELECT FROM sojourn.tracking",
            "UPDATE crm.line SET due = NULL",
            "DELETE FROM crm.line",
        ] {
            let refused = sqlx::query(sql).execute(&mut db.connection).await;
            assert!(refused.is_err(), "{sql}");
        }
        db.run("RESET ROLE").await;
        let becomes = "SELECT count(*) FROM pg_roles WHERE rolname IN ('case_user', 'sojourn_user')
                          AND pg_has_role(oid, 'sojourn_scan', 'MEMBER')";
        assert_eq!(count(&mut db, becomes).await, 0, "no acting role can become it");
        let members = "SELECT count(*) FROM pg_auth_members WHERE roleid = 'sojourn_scan'::regrole
                          AND member <> 'sojourn_service'::regrole";
        assert_eq!(count(&mut db, members).await, 0);
        let is = "SELECT count(*) FROM pg_roles WHERE rolname = 'sojourn_scan' AND rolbypassrls
                     AND NOT (rolcanlogin OR rolsuper OR rolinherit OR rolcreaterole OR rolcreatedb OR rolreplication)";
        assert_eq!(count(&mut db, is).await, 1);
        db.end().await;
    });
}
