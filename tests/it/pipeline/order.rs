//! Operations that are written in one statement come to what they come to one after the other, whatever rules and triggers
//! there are.

use sojourn_wire::message::operation::{Operation, Verdict, VerdictKind};
use uuid::Uuid;

use super::{CARD, LINE, PERSON, create, desk, kinds, object, reason, rule, settles, told, update};
use crate::support::run;
use crate::support::sender::{Sender, text};

use VerdictKind::{Applied, Duplicate, Rejected};

const CODE: &str = "SELECT code FROM desk.card WHERE id = $1";

/// Cards with these codes.
async fn cards(sender: &mut Sender, codes: &[&str]) -> Vec<Uuid> {
    let ids: Vec<Uuid> = codes.iter().map(|_| object()).collect();
    let made = ids.iter().zip(codes).map(|(id, code)| create(CARD, *id, &[("code", text(code))]));
    assert!(sender.send(made.collect()).await.iter().all(|verdict| verdict.verdict == Applied));
    ids
}

fn recoded(card: Uuid, mine: &str) -> Operation {
    Operation { base: std::collections::BTreeMap::new(), ..update(CARD, card, &[("code", text(""), text(mine))]) }
}

#[test]
fn a_value_that_another_row_still_has_is_refused_although_a_later_operation_frees_it() {
    run(async {
        let (world, mut sender) = desk().await;
        rule(world.admin(), "CREATE UNIQUE INDEX one_code ON desk.card (code)").await;
        // Whichever of them the table has first.
        for (taker, holder) in [(0, 1), (1, 0)] {
            let codes = [format!("P{taker}"), format!("Q{taker}")];
            let ids = cards(&mut sender, &[&codes[0], &codes[1]]).await;
            let (taken, free) = (&codes[holder], format!("R{taker}"));
            let verdicts = sender.send(vec![recoded(ids[taker], taken), recoded(ids[holder], &free)]).await;
            assert_eq!(kinds(&verdicts), [Rejected, Applied], "{verdicts:?}");
            assert_eq!(verdicts[0].attribute.as_deref(), Some("code"));
            assert_eq!(told(&world, CODE, ids[taker]).await.as_deref(), Some(codes[taker].as_str()));
            let freed = sender.send_one(settles(&verdicts[0], recoded(ids[taker], taken))).await;
            assert_eq!(freed.verdict, Applied, "{freed:?}");
        }
        world.stop().await;
    });
}

#[test]
fn a_value_that_an_earlier_operation_frees_may_be_taken_by_a_later_one() {
    run(async {
        let (world, mut sender) = desk().await;
        rule(world.admin(), "CREATE UNIQUE INDEX one_code ON desk.card (code)").await;
        for (holder, taker) in [(0, 1), (1, 0)] {
            let codes = [format!("P{taker}"), format!("Q{taker}")];
            let ids = cards(&mut sender, &[&codes[0], &codes[1]]).await;
            let free = format!("R{taker}");
            let verdicts = sender.send(vec![recoded(ids[holder], &free), recoded(ids[taker], &codes[holder])]).await;
            assert_eq!(kinds(&verdicts), [Applied, Applied], "{verdicts:?}");
        }
        world.stop().await;
    });
}

#[test]
fn triggers_that_object_and_triggers_that_swallow_are_found_among_many() {
    run(async {
        let (world, mut sender) = desk().await;
        let trigger = "CREATE FUNCTION desk.judge() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.name = 'loud' THEN RAISE EXCEPTION 'nobody is called %', NEW.name; END IF;
                IF NEW.name = 'quiet' THEN RETURN NULL; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER judge BEFORE INSERT OR UPDATE ON desk.person FOR EACH ROW EXECUTE FUNCTION desk.judge()";
        rule(world.admin(), trigger).await;
        let names: Vec<&str> = (0..30).map(|at| ["fine", "loud", "fine", "fine", "quiet"][at % 5]).collect();
        let ids: Vec<Uuid> = names.iter().map(|_| object()).collect();
        let judged = |verdicts: &[Verdict], quiet: &str| {
            for (name, verdict) in names.iter().zip(verdicts) {
                match *name {
                    "fine" => assert_eq!(verdict.verdict, Applied, "{verdict:?}"),
                    "loud" => assert_eq!((verdict.verdict, reason(verdict)), (Rejected, "nobody is called loud")),
                    _ => assert_eq!((verdict.verdict, reason(verdict)), (Rejected, quiet)),
                }
            }
        };
        let made = names.iter().zip(&ids).map(|(name, id)| create(PERSON, *id, &[("name", text(name))]));
        let verdicts = sender.send(made.collect()).await;
        judged(&verdicts, "the server's rules did not take this person, and gave no reason");
        let there: i64 =
            sqlx::query_scalar("SELECT count(*) FROM desk.person").fetch_one(world.admin()).await.expect("the people");
        assert_eq!(there, 18);
        world.stop().await;
    });
}

#[test]
fn a_duplicate_is_one_although_a_later_operation_changes_what_it_is_like() {
    run(async {
        let (world, mut sender) = desk().await;
        let worded = |id: Uuid, base: &str, word: &str| update(LINE, id, &[("word", text(base), text(word))]);
        for late in [true, false] {
            let (first, second, ids) = (format!("first {late}"), format!("second {late}"), [object(), object()]);
            let made = ids.iter().zip([&first, &second]).map(|(id, word)| create(LINE, *id, &[("word", text(word))]));
            assert_eq!(kinds(&sender.send(made.collect()).await), [Applied; 2]);
            let like = worded(ids[0], &first, &second);
            let other = worded(ids[1], &second, &format!("third {late}"));
            let verdicts = sender.send(if late { vec![like, other] } else { vec![other, like] }).await;
            assert_eq!(kinds(&verdicts), [if late { Duplicate } else { Applied }, Applied], "{verdicts:?}");
        }
        world.stop().await;
    });
}
