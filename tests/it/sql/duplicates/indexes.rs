//! The indexes that a registration makes, leaves alone and removes.

use sojourn_schema::db::scan::check_granted;

use super::*;
use crate::support::run;

/// Our indexes that can be used, with their tables.
async fn ours(db: &mut Guarded) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT i.indrelid::regclass::text
           FROM pg_index i
           JOIN pg_class c ON c.oid = i.indexrelid
          WHERE starts_with(c.relname::text, 'sojourn_duplicate_') AND i.indisvalid AND NOT c.relispartition
          ORDER BY 1",
    )
    .fetch_all(&mut db.connection)
    .await
    .expect("they can be listed")
}

fn tables(told: &[String]) -> Vec<&str> {
    told.iter().map(|told| told.split(' ').next().expect("a table")).collect()
}

#[test]
fn indexes_are_made_once_and_removed_with_their_rules() {
    run(async {
        let mut db = Guarded::begin("indexes_made", &[]).await;
        let twice = MAIL.replace("name: mail", "name: again");
        let (indexed, told) = db.register(&[MAIL, NAME, &twice]).await;
        assert_eq!(tables(&indexed.made), ["crm.contact", "crm.lead"]);
        assert!(told.len() == 2 && told[0].starts_with("making the index crm.sojourn_duplicate_"), "{told:?}");
        assert_eq!(ours(&mut db).await, ["crm.contact", "crm.lead"]);
        let (indexed, told) = db.register(&[&twice, NAME]).await;
        assert_eq!((indexed, told), (Indexed::default(), Vec::new()), "registering again is harmless");
        let (indexed, told) = db.register(&[NAME]).await;
        assert_eq!((tables(&indexed.made), tables(&indexed.removed)), (vec![], vec!["crm.contact"]));
        assert!(told.len() == 1 && told[0].starts_with("removing the index crm.sojourn_duplicate_"), "{told:?}");
        assert_eq!(ours(&mut db).await, ["crm.lead"]);
        db.end().await;
    });
}

#[test]
fn an_index_that_serves_is_left_alone_and_one_that_was_not_finished_is_made_again() {
    run(async {
        let mut db = Guarded::begin("indexes_there", &[]).await;
        let plain = "{name: plain, entity: contact, when: [{attribute: email}]}";
        db.run("CREATE INDEX contact_email ON crm.contact (email, born)").await;
        assert_eq!(db.register(&[plain]).await.0, Indexed::default());
        for useless in
            ["crm.contact (email) WHERE born IS NULL", "crm.contact (born, email)", "crm.contact (lower(email))"]
        {
            let make = format!("DROP INDEX crm.contact_email; CREATE INDEX contact_email ON {useless}");
            db.run(Box::leak(make.into_boxed_str())).await;
            db.register(&[]).await;
            assert_eq!(tables(&db.register(&[plain]).await.0.made), ["crm.contact"], "{useless}");
        }
        db.run(
            "UPDATE pg_index SET indisvalid = false
                 WHERE indexrelid = (SELECT oid FROM pg_class WHERE starts_with(relname::text, 'sojourn_duplicate_'))",
        )
        .await;
        assert_eq!(tables(&db.register(&[plain]).await.0.made), ["crm.contact"]);
        assert_eq!(ours(&mut db).await, ["crm.contact"]);
        db.end().await;
    });
}

#[test]
fn another_datasets_indexes_are_its_own() {
    run(async {
        let mut db = Guarded::begin("indexes_shared", &[MAIL]).await;
        let yaml = format!(
            "dataset: sales\nacting_role: case_user\nschema: crm\nentities: [{{name: contact, type_code: 3}}]\n\
             replay: {{duplicates: [{MAIL}]}}"
        );
        let wanted = Config::parse(&yaml).expect("a good file");
        let second = sojourn_schema::check(&mut db.connection, &wanted).await.expect("it is accepted");
        sojourn_schema::track(&mut db.connection, &second).await.expect("it is tracked");
        let indexed = sojourn_schema::index(&mut db.connection, &second, &|_| ()).await.expect("indexes are made");
        assert_eq!(tables(&indexed.made), ["crm.contact"]);
        assert_eq!(tables(&db.register(&[]).await.0.removed), ["crm.contact"]);
        assert_eq!(ours(&mut db).await, ["crm.contact"], "that of the other dataset");
        db.end().await;
    });
}

#[test]
fn a_long_text_can_still_be_written_and_a_table_with_partitions_has_its_index() {
    run(async {
        let mut db = Guarded::begin("indexes_long", &[]).await;
        db.run(
            "CREATE TABLE crm.visit (id uuid, notes text, PRIMARY KEY (id)) PARTITION BY HASH (id);
             CREATE TABLE crm.visit_0 PARTITION OF crm.visit FOR VALUES WITH (MODULUS 1, REMAINDER 0);
             ALTER TABLE crm.visit ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON crm.visit USING (true);
             GRANT SELECT ON crm.visit TO case_user",
        )
        .await;
        let yaml =
            file("[{name: visit}]\nreplay: {duplicates: [{name: notes, entity: visit, when: [{attribute: notes}]}]}");
        let wanted = Config::parse(&yaml).expect("a good file");
        for made in [1, 0] {
            let registration = sojourn_schema::check(&mut db.connection, &wanted).await.expect("it is accepted");
            sojourn_schema::track(&mut db.connection, &registration).await.expect("it is tracked");
            let indexed = sojourn_schema::index(&mut db.connection, &registration, &|_| ()).await;
            assert_eq!(indexed.expect("indexes are made").made.len(), made);
        }
        db.run(
            "INSERT INTO crm.visit SELECT gen_random_uuid(), string_agg(md5(n::text), '') FROM generate_series(1, 1000) n",
        )
        .await;
        assert_eq!(tables(&db.register(&[]).await.0.removed), ["crm.visit"]);
        db.end().await;
    });
}

#[test]
fn what_is_compared_must_be_granted_before_the_rules_are_in_force() {
    run(async {
        let mut db = Guarded::begin("indexes_granted", &[MAIL]).await;
        check_granted(&mut db.connection, &db.registration).await.expect("all is granted");
        let more = check(&mut db.connection, &[MAIL, NAME]).await.expect("it is accepted");
        let refused = check_granted(&mut db.connection, &more).await;
        let told = refused.expect_err("nobody has registered this").to_string();
        for column in ["crm.contact.last_name", "crm.lead.full_name", "sojourn-admin register"] {
            assert!(told.contains(column), "{told}");
        }
        assert!(!told.contains("notes") && !told.contains("email"), "{told}");
        db.end().await;
    });
}
