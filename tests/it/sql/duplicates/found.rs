//! What is taken for a duplicate, and what is told of it.

use super::*;
use crate::support::run;

/// Ids are `lpad`ded numbers. Row 10 is another user's, 20 and 21 are everybody's.
const ROWS: &str = "
    INSERT INTO crm.contact (id, owner, email, last_name, born, code)
    SELECT lpad(to_hex(n), 32, '0')::uuid, owner::uuid, email, last_name, born::date, code
      FROM (VALUES
        (16, '00000000-0000-0000-0000-000000000009', 'ann@x.no', 'Hansen', '2000-01-01', 'a1'),
        (32, NULL, ' Bob@X. no', 'Olsen', '2000-01-02', 'b1'),
        (33, NULL, E'BOB@\\tx.no\\n', 'Olsen', NULL, 'b1'),
        (34, NULL, NULL, NULL, NULL, NULL),
        (35, NULL, E' \\n', '', NULL, ''),
        (1, NULL, 'ann@X.NO', 'Nobody', NULL, NULL),
        (2, NULL, 'bob@x.no', 'Nobody', '2000-01-02', 'b1'),
        (3, NULL, NULL, NULL, '2000-01-01', NULL),
        (4, NULL, '   ', '', '2000-01-01', ''),
        (5, NULL, 'e@x.no', 'nansENIUS', '2000-01-01', 'e1'),
        (6, NULL, 'f@x.no', 'Nan', '2000-01-01', 'f1'),
        (7, NULL, 'g@x.no', 'Nansen', NULL, 'f1')
      ) AS r (n, owner, email, last_name, born, code);
    INSERT INTO crm.lead (id, owner, full_name, born)
    VALUES (lpad('30', 32, '0')::uuid, NULL, 'NANSen, Fridtjof', '2000-01-01'),
           (lpad('31', 32, '0')::uuid, '00000000-0000-0000-0000-000000000009', 'NANSen, Eva', '2000-01-01'),
           (lpad('32', 32, '0')::uuid, NULL, 'NAN', '2000-01-02'),
           (lpad('33', 32, '0')::uuid, NULL, NULL, '2000-01-01'), (lpad('34', 32, '0')::uuid, NULL, '', '2000-01-01')";

async fn filled(name: &'static str, rules: &[&str]) -> Guarded {
    let mut db = Guarded::begin(name, rules).await;
    db.run(ROWS).await;
    db
}

#[test]
fn case_and_spaces_are_ignored_and_only_visible_rows_are_told() {
    run(async {
        let mut db = filled("duplicates_mail", &[MAIL]).await;
        let unseen = db.duplicates(&[created(1)]).await;
        assert_eq!(unseen, [], "the row that it looks like is another user's");
        let found = db.duplicates(&[created(1), created(2), created(5)]).await;
        let told = vec![(i(32), "2 email= Bob@X. no".to_owned()), (i(33), "2 email=BOB@\tx.no\n".to_owned())];
        assert_eq!(found, [(1, "mail".to_owned(), told)]);
        assert_eq!(db.duplicates(&[created(3), created(4)]).await, [], "nothing and blanks match nothing");
        assert_eq!(db.duplicates(&[created(99)]).await, [], "a row that is not there");
        db.end().await;
    });
}

#[test]
fn first_characters_are_compared_across_entities_and_collations() {
    run(async {
        let mut db = filled("duplicates_name", &[NAME]).await;
        let found = db.duplicates(&[created(3), created(4), created(5), created(6), created(7)]).await;
        let told = vec![(i(0x30), "4 born=2000-01-01 full_name=NANSen, Fridtjof".to_owned())];
        assert_eq!(found, [(2, "name".to_owned(), told)], "a short name is not the beginning of a longer one");
        db.end().await;
    });
}

#[test]
fn updates_are_looked_at_when_they_set_what_is_compared() {
    run(async {
        let mut db = filled("duplicates_updates", &[MAIL]).await;
        assert_eq!(db.duplicates(&[updated(2, "notes")]).await, []);
        assert_eq!(db.duplicates(&[updated(2, "email")]).await.len(), 1);
        assert_eq!(db.duplicates(&[Written { create_anyway: true, ..created(2) }]).await, []);
        assert_eq!(db.duplicates(&[Written { command: RowCommand::Delete, ..created(2) }]).await, []);
        assert_eq!(db.duplicates(&[Written { entity: "lead", ..created(2) }]).await, []);
        db.end().await;
    });
}

#[test]
fn the_first_rule_that_finds_something_is_told_and_all_its_conditions_must_hold() {
    run(async {
        let mut db = filled("duplicates_rules", &[CODE, MAIL]).await;
        let found = db.duplicates(&[created(2), created(4), created(7)]).await;
        let told = vec![(i(32), "2 born=2000-01-02 code=b1".to_owned())];
        assert_eq!(found, [(0, "code".to_owned(), told)]);
        db.end().await;
    });
}

#[test]
fn of_two_alike_in_one_group_the_second_is_the_duplicate() {
    run(async {
        let mut db = filled("duplicates_group", &[MAIL]).await;
        db.run(
            "INSERT INTO crm.contact (id, email)
             VALUES (lpad('40', 32, '0')::uuid, 'new@x'), (lpad('41', 32, '0')::uuid, 'NEW@x')",
        )
        .await;
        let found = db.duplicates(&[created(0x41), created(0x40)]).await;
        let told = vec![(i(0x41), "2 email=NEW@x".to_owned())];
        assert_eq!(found, [(1, "mail".to_owned(), told)]);
        db.end().await;
    });
}

#[test]
fn without_a_rule_for_the_rows_nothing_is_asked() {
    run(async {
        let mut db = Guarded::begin("duplicates_nothing", &[MAIL]).await;
        let (metadata, rules) = (db.metadata(), db.registration.replay.clone());
        let mut tx = db.connection.begin().await.expect("a transaction");
        sqlx::raw_sql("SELECT 1 / 0").execute(&mut *tx).await.expect_err("from now on the transaction answers nothing");
        let rows = [updated(2, "notes"), Written { command: RowCommand::Delete, ..created(3) }];
        let found = duplicates_of(&mut tx, &metadata, &rules, &rows, &me()).await;
        assert_eq!(found.expect("nothing was asked"), []);
        duplicates_of(&mut tx, &metadata, &rules, &[created(3)], &me()).await.expect_err("it had to ask");
        tx.rollback().await.expect("it ends");
        db.end().await;
    });
}
