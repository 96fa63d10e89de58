//! Rows that are changed without a statement that names their table.

use super::Followed;
use crate::support::run;

const SQL: &str = "
CREATE TABLE crm.part (id uuid PRIMARY KEY, n int) PARTITION BY RANGE (id);
CREATE TABLE crm.part_low PARTITION OF crm.part FOR VALUES FROM (MINVALUE) TO ('00000000-0000-0000-0000-000000000100');
CREATE TABLE crm.part_high PARTITION OF crm.part FOR VALUES FROM ('00000000-0000-0000-0000-000000000100')
  TO ('00000000-0000-0000-0000-000000001000');
CREATE TABLE crm.member (k int, n int) PARTITION BY LIST (k);
CREATE TABLE crm.member_1 PARTITION OF crm.member FOR VALUES IN (1);
CREATE TABLE crm.member_2 PARTITION OF crm.member DEFAULT;
ALTER TABLE crm.part ENABLE ROW LEVEL SECURITY;
CREATE POLICY guard ON crm.part USING (EXISTS (SELECT FROM crm.member));
GRANT SELECT ON crm.part, crm.part_high TO case_user;";

#[test]
fn every_way_into_a_partition_is_noted() {
    run(async {
        let mut db = Followed::begin("track_partitions", SQL, "[{name: part}]").await;
        let cases: &[(&str, &[&str])] = &[
            ("INSERT INTO crm.part VALUES (i(1)), (i(101))", &["part 1", "part 101"]),
            ("INSERT INTO crm.part_low VALUES (i(2))", &["part 2"]),
            ("UPDATE crm.part_low SET n = 1 WHERE id = i(2)", &["part 2"]),
            ("UPDATE crm.part SET n = 2", &["part 1", "part 2", "part 101"]),
            ("UPDATE crm.part SET id = i(3) WHERE id = i(2)", &["part 2", "part 3"]),
            ("UPDATE crm.part SET id = i(102) WHERE id = i(3)", &["part 3", "part 102"]),
            ("DELETE FROM crm.part_high WHERE id = i(102)", &["part 102"]),
            ("DELETE FROM crm.part", &["part 1", "part 101"]),
            ("TRUNCATE crm.part", &["part *"]),
            (
                "CREATE TABLE crm.part_later PARTITION OF crm.part FOR VALUES FROM ('00000000-0000-0000-0000-000000001000') TO (MAXVALUE);\n\
                 INSERT INTO crm.part_later VALUES (i(2000))",
                &["part 2000"],
            ),
            (
                "SET session_replication_role = replica;\nUPDATE crm.part_later SET n = 3;\nRESET session_replication_role",
                &["part 2000"],
            ),
            ("INSERT INTO crm.member_1 VALUES (1)", &["member *"]),
            ("UPDATE crm.member SET k = 2", &["member *", "member *"]),
        ];
        for (statements, expected) in cases {
            db.assert_noted(statements, expected).await;
        }
        db.rules().await.expect("nothing is missing, not even on the partition that came later");
        db.end().await;
    });
}

#[test]
fn what_triggers_cannot_see_changes_the_definition() {
    run(async {
        let mut db = Followed::begin("track_leaves", SQL, "[{name: part}]").await;
        for statement in [
            "TRUNCATE crm.part_low",
            "ALTER TABLE crm.part DETACH PARTITION crm.part_high",
            "ALTER TABLE crm.part ATTACH PARTITION crm.part_high FOR VALUES FROM \
             ('00000000-0000-0000-0000-000000000100') TO ('00000000-0000-0000-0000-000000001000')",
            "ALTER TABLE crm.part_low DISABLE TRIGGER sojourn_track_1_insert",
        ] {
            let before = db.definition().await;
            db.run(statement).await;
            assert_ne!(db.definition().await, before, "{statement}");
        }
        assert!(db.rules().await.is_err(), "a trigger is disabled on a partition");
        db.track().await.expect("it is installed again");
        db.rules().await.expect("it is as it must be");
        db.end().await;
    });
}

#[test]
fn a_partition_that_is_an_entity_is_noted_by_the_row() {
    run(async {
        let mut db = Followed::begin("track_leaf", SQL, "[{name: part_high, rls: none}]").await;
        db.assert_noted("INSERT INTO crm.part VALUES (i(1)), (i(101))", &["part_high 101"]).await;
        db.assert_noted("DELETE FROM crm.part", &["part_high 101"]).await;
        db.end().await;
    });
}

#[test]
fn a_table_that_inherits_is_noted_and_one_that_others_inherit_from_is_never_incremental() {
    run(async {
        let sql = "CREATE TABLE crm.parent (id uuid PRIMARY KEY, n int);
                   CREATE TABLE crm.child (PRIMARY KEY (id)) INHERITS (crm.parent);
                   GRANT SELECT ON crm.parent, crm.child TO case_user;";
        let yaml = "[{name: parent, rls: none}, {name: child, rls: none}]";
        let mut db = Followed::begin("track_heirs", sql, yaml).await;
        db.assert_noted("INSERT INTO crm.child VALUES (i(1))", &["child 1"]).await;
        db.assert_noted("UPDATE crm.parent SET n = 1", &["child 1", "parent 1"]).await;
        let rules = db.rules().await.expect("it is installed");
        let full: Vec<bool> = rules.entities.iter().map(|entity| entity.always_full.is_some()).collect();
        assert_eq!(full, [true, false], "{rules:#?}");
        db.end().await;
    });
}
