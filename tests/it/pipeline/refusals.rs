//! Permissions, rules and rows that changed while a queue was being sent: said in words, and nothing is lost.

use sojourn_wire::message::operation::{FieldValue, VerdictKind};

use super::{
    DEAL, MEMO, PERSON, PURCHASE, SECRET, create, delete, desk, kinds, object, reason, rule, settles, told, update,
};
use crate::support::run;
use crate::support::sender::text;

use VerdictKind::{Applied, Merged, Parked, Rejected};

fn number(number: i64) -> FieldValue {
    FieldValue::Number(number.into())
}

#[test]
fn a_permission_taken_between_two_chunks_refuses_in_words_and_given_back_lets_it_through() {
    run(async {
        let (world, mut sender) = desk().await;
        let (id, memo) = (object(), object());
        assert_eq!(sender.send_one(create(PERSON, id, &[("name", text("a"))])).await.verdict, Applied);
        rule(world.admin(), "REVOKE UPDATE ON desk.person FROM sojourn_user").await;
        let first = update(PERSON, id, &[("name", text("a"), text("b"))]);
        let second = update(PERSON, id, &[("name", text("b"), text("c"))]);
        let refused =
            sender.send(vec![first.clone(), second.clone(), create(MEMO, memo, &[("body", text("x"))])]).await;
        assert_eq!(kinds(&refused), [Rejected, Parked, Applied], "{refused:?}");
        assert_eq!(reason(&refused[0]), "you may not change this person in this way");
        assert_eq!(refused[1].cause, Some(refused[0].sequence));

        rule(world.admin(), "GRANT UPDATE ON desk.person TO sojourn_user").await;
        let again = sender.send(vec![settles(&refused[0], first), settles(&refused[1], second)]).await;
        assert_eq!(kinds(&again), [Applied, Applied], "{again:?}");
        let name = told(&world, "SELECT name FROM desk.person WHERE id = $1", id).await;
        assert_eq!(name.as_deref(), Some("c"));
        world.stop().await;
    });
}

#[test]
fn a_row_that_a_policy_hides_meanwhile_is_refused_as_such_and_not_taken_for_deleted() {
    run(async {
        let (world, mut sender) = desk().await;
        let (id, other) = (object(), object());
        let made = [id, other].map(|id| create(SECRET, id, &[("word", text("a"))]));
        assert_eq!(kinds(&sender.send(made.to_vec()).await), [Applied, Applied]);
        for id in [id, other] {
            assert_eq!(world.sql("UPDATE desk.secret SET reader = gen_random_uuid() WHERE id = $1", id).await, 1);
        }
        let change = update(SECRET, id, &[("word", text("a"), text("b"))]);
        let refused = sender.send(vec![change, delete(SECRET, other)]).await;
        assert_eq!(kinds(&refused), [Rejected, Rejected], "{refused:?}");
        for refused in &refused {
            assert_eq!(reason(refused), "you may not see this secret any more");
        }
        assert!(told(&world, "SELECT word FROM desk.secret WHERE id = $1", other).await.is_some(), "it is still there");
        world.stop().await;
    });
}

#[test]
fn a_rule_that_came_while_offline_is_named_with_the_attribute_alone_and_among_many() {
    run(async {
        let (world, mut sender) = desk().await;
        let ids: Vec<_> = (0..50).map(|_| object()).collect();
        let made = ids.iter().map(|id| create(DEAL, *id, &[("name", text("a")), ("worth", number(1))]));
        assert!(sender.send(made.collect()).await.iter().all(|verdict| verdict.verdict == Applied));
        let added = "ALTER TABLE desk.deal ADD CONSTRAINT not_too_much CHECK (worth < 1000) NOT VALID";
        rule(world.admin(), added).await;
        let worth = |at: usize| if at % 20 == 7 { 5_000 } else { at as i64 };
        let change = |at: usize, worth: i64| update(DEAL, ids[at], &[("worth", number(1), number(worth))]);
        let verdicts = sender.send((0..50).map(|at| change(at, worth(at))).collect()).await;
        for (at, verdict) in verdicts.iter().enumerate() {
            if at % 20 != 7 {
                assert_eq!(verdict.verdict, Applied, "{at}: {verdict:?}");
                continue;
            }
            assert_eq!((verdict.verdict, verdict.attribute.as_deref()), (Rejected, Some("worth")), "{verdict:?}");
            assert_eq!(verdict.rule.as_deref(), Some("not_too_much"));
            assert_eq!(reason(verdict), "worth of deal is against a rule of the server (rule not_too_much)");
            let mended = sender.send_one(settles(verdict, change(at, 999))).await;
            assert_eq!(mended.verdict, Applied, "{mended:?}");
        }
        let sum = told(&world, "SELECT sum(worth)::text FROM desk.deal WHERE id <> $1", object()).await;
        let expected: i64 = (0..50).map(|at| if at % 20 == 7 { 999 } else { at as i64 }).sum();
        assert_eq!(sum, Some(expected.to_string()));
        world.stop().await;
    });
}

#[test]
fn a_reference_to_a_row_that_was_deleted_names_the_attribute_and_goes_through_once_mended() {
    run(async {
        let (world, mut sender) = desk().await;
        let (gone, there, order) = (object(), object(), object());
        let people = [gone, there].map(|id| create(PERSON, id, &[("name", text("a"))]));
        assert_eq!(kinds(&sender.send(people.to_vec()).await), [Applied, Applied]);
        assert_eq!(world.sql("DELETE FROM desk.person WHERE id = $1", gone).await, 1);
        let of =
            |id: uuid::Uuid| create(PURCHASE, order, &[("person_id", text(&id.to_string())), ("amount", number(1))]);
        let more = update(PURCHASE, order, &[("amount", number(1), number(2))]);
        let refused = sender.send(vec![of(gone), more.clone()]).await;
        assert_eq!(kinds(&refused), [Rejected, Parked], "{refused:?}");
        assert_eq!(refused[0].attribute.as_deref(), Some("person_id"));
        assert!(
            reason(&refused[0])
                .starts_with("person_id of purchase refers to a row of person that is not on the server")
        );
        let mended = sender.send(vec![settles(&refused[0], of(there)), settles(&refused[1], more)]).await;
        assert_eq!(kinds(&mended), [Applied, Applied], "{mended:?}");
        let amount = told(&world, "SELECT amount::text FROM desk.purchase WHERE id = $1", order).await;
        assert_eq!(amount.as_deref(), Some("2"));

        let used = sender.send_one(delete(PERSON, there)).await;
        assert_eq!((used.verdict, used.attribute.as_deref()), (Rejected, None), "{used:?}");
        assert!(reason(&used).starts_with("this person is still used by purchase"), "{used:?}");
        world.stop().await;
    });
}

#[test]
fn a_column_that_is_gone_refuses_what_sets_it_and_nothing_else() {
    run(async {
        let (world, mut sender) = desk().await;
        let ids: Vec<_> = (0..3).map(|_| object()).collect();
        let made = ids.iter().map(|id| create(DEAL, *id, &[("name", text("a")), ("worth", number(1))]));
        sender.send(made.collect()).await;
        rule(world.admin(), "ALTER TABLE desk.deal DROP COLUMN worth").await;
        let verdicts = sender
            .send(vec![
                update(DEAL, ids[0], &[("worth", number(1), number(2))]),
                update(DEAL, ids[1], &[("worth", number(1), number(2))]),
                update(DEAL, ids[2], &[("name", text("a"), text("b"))]),
            ])
            .await;
        assert_eq!(kinds(&verdicts)[..2], [Rejected, Rejected], "{verdicts:?}");
        assert!(matches!(verdicts[2].verdict, Applied | Merged), "{verdicts:?}");
        assert!(reason(&verdicts[0]).contains("no longer fits the server's tables"), "{verdicts:?}");
        world.stop().await;
    });
}

#[test]
fn an_object_of_another_entity_with_the_same_id_does_not_wait() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = object();
        rule(world.admin(), "ALTER TABLE desk.deal ADD CONSTRAINT worthy CHECK (worth > 0)").await;
        let verdicts = sender
            .send(vec![
                create(DEAL, id, &[("worth", number(0))]),
                create(MEMO, id, &[("body", text("a"))]),
                update(MEMO, id, &[("body", text("a"), text("b"))]),
                update(DEAL, id, &[("name", FieldValue::Null, text("b"))]),
            ])
            .await;
        assert_eq!(kinds(&verdicts), [Rejected, Applied, Applied, Parked], "{verdicts:?}");
        let later = sender.send_one(update(MEMO, id, &[("body", text("b"), text("c"))])).await;
        assert_eq!(later.verdict, Applied, "{later:?}");
        world.stop().await;
    });
}
