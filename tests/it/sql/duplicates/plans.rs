//! The statements that look for duplicates use the indexes, however many rows there are.

use sojourn_platform::duplicates::Matching;

use super::*;
use crate::support::run;

/// Many rows, in which nothing is rare by chance.
const MANY: &str = "
    INSERT INTO crm.contact (id, owner, email, last_name, born, code)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000009', 'Person ' || n || '@example.com', 'Name ' || n,
           '2000-01-01'::date + n % 9000, 'c' || n % 100000
      FROM generate_series(1, 120000) AS n;
    INSERT INTO crm.lead (id, owner, full_name, born)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000009', n || ' name', '2000-01-01'::date + n % 9000
      FROM generate_series(1, 120000) AS n;
    VACUUM ANALYZE crm.contact, crm.lead";

const BORN: &str = "{name: born, entity: contact, when: [{attribute: born}, {attribute: last_name}]}";

const PLAIN: &str = "{name: plain, entity: contact, when: [{attribute: email}]}";

#[test]
fn duplicates_are_found_by_indexes() {
    run(async {
        let mut db = Guarded::begin("duplicates_plans", &[]).await;
        db.run("CREATE INDEX contact_email ON crm.contact (email)").await;
        let (indexed, _) = db.register(&[MAIL, NAME, CODE, BORN, PLAIN]).await;
        assert_eq!(indexed.made.len(), 4, "one serves already: {indexed:?}");
        for statement in MANY.split(';') {
            db.run(statement).await;
        }
        let (metadata, rules) = (db.metadata(), db.registration.replay.clone());
        for mode in ["SET plan_cache_mode = force_custom_plan", "SET plan_cache_mode = force_generic_plan"] {
            db.run(mode).await;
            db.run("SET ROLE sojourn_scan").await;
            for rule in &rules.duplicates {
                let matching = Matching::of(rule, &metadata).expect("its names are there");
                let plan = db.plan(matching.candidates().text()).await;
                let index = if rule.name == "plain" { "using contact_email " } else { "using sojourn_duplicate_" };
                assert!(plan.contains(index), "{mode}, {}: {plan}", rule.name);
                assert!(!plan.contains("Seq Scan"), "{mode}, {}: {plan}", rule.name);
            }
            db.run("RESET ROLE").await;
        }
        db.end().await;
    });
}

impl Guarded {
    /// How Postgres would look for duplicates of one row.
    async fn plan(&mut self, sql: &str) -> String {
        let asked = format!("PREPARE asked AS {sql}");
        #[expect(clippy::disallowed_methods, reason = "the text is the statement under test")]
        let prepared = sqlx::raw_sql(sqlx::AssertSqlSafe(asked)).execute(&mut self.connection).await;
        prepared.expect("it is understood");
        let explain = "EXPLAIN EXECUTE asked('{00000000-0000-0000-0000-000000000001}')";
        let plan: Vec<(String,)> =
            sqlx::query_as(explain).fetch_all(&mut self.connection).await.expect("it can be planned");
        self.run("DEALLOCATE asked").await;
        plan.into_iter().map(|(line,)| format!("{line}\n")).collect()
    }
}
