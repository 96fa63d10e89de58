//! Each policy, alone, among others, and among many alike.

use sojourn_wire::message::operation::VerdictKind;
use uuid::Uuid;

use super::super::{DEAL, MEMO, PERSON, desk, elsewhere, object, told};
use super::{BODY, CITY, NAME, PHONE, THEIR_PHONE, change, made};
use crate::support::run;

use VerdictKind::{Applied, Conflict, Merged};

const NOTES: &str = "SELECT notes FROM desk.person WHERE id = $1";
const TAG: &str = "SELECT tag FROM desk.memo WHERE id = $1";
const DEAL_NAME: &str = "SELECT name FROM desk.deal WHERE id = $1";

/// What somebody else does, what the user does, and what becomes of it.
struct Case {
    entity: i32,
    theirs: Option<&'static str>,
    mine: (&'static str, &'static str),
    verdict: VerdictKind,
    /// What the attribute holds in the end.
    holds: (&'static str, &'static str),
}

const CASES: [Case; 12] = [
    case(PERSON, None, ("phone", "mine"), Applied, (PHONE, "mine")),
    case(PERSON, Some(THEIR_PHONE), ("name", "mine"), Merged, (PHONE, "theirs")),
    case(PERSON, Some(THEIR_PHONE), ("name", "mine"), Merged, (NAME, "mine")),
    case(PERSON, Some(THEIR_PHONE), ("phone", "mine"), Conflict, (PHONE, "theirs")),
    case(PERSON, Some(THEIR_PHONE), ("phone", "theirs"), Merged, (PHONE, "theirs")),
    case(PERSON, Some("UPDATE desk.person SET notes = 'x' WHERE id = $1"), ("notes", "mine"), Merged, (NOTES, "mine")),
    case(PERSON, Some("UPDATE desk.person SET city = 'x' WHERE id = $1"), ("city", "x"), Conflict, (CITY, "x")),
    case(PERSON, Some(THEIR_PHONE), ("city", "mine"), Merged, (CITY, "mine")),
    case(MEMO, Some("UPDATE desk.memo SET body = 'x' WHERE id = $1"), ("body", "mine"), Applied, (BODY, "mine")),
    case(MEMO, Some("UPDATE desk.memo SET tag = 'x' WHERE id = $1"), ("tag", "mine"), Conflict, (TAG, "x")),
    case(DEAL, Some("UPDATE desk.deal SET name = 'x' WHERE id = $1"), ("name", "x"), Conflict, (DEAL_NAME, "x")),
    case(DEAL, Some("UPDATE desk.deal SET worth = 9 WHERE id = $1"), ("name", "mine"), Merged, (DEAL_NAME, "mine")),
];

const fn case(
    entity: i32,
    theirs: Option<&'static str>,
    mine: (&'static str, &'static str),
    verdict: VerdictKind,
    holds: (&'static str, &'static str),
) -> Case {
    Case { entity, theirs, mine, verdict, holds }
}

#[test]
fn each_policy_decides_as_it_says_alone_and_among_many() {
    run(async {
        let (world, mut sender) = desk().await;
        // Once each alone, and once all of them in one chunk.
        for together in [false, true] {
            let ids: Vec<Uuid> = CASES.iter().map(|_| object()).collect();
            let made = CASES.iter().zip(&ids).map(|(case, id)| made(case.entity, *id));
            let verdicts = sender.send(made.collect()).await;
            assert!(verdicts.iter().all(|verdict| verdict.verdict == Applied), "{verdicts:?}");
            for (case, id) in CASES.iter().zip(&ids) {
                if let Some(theirs) = case.theirs {
                    elsewhere(&world, theirs, *id).await;
                }
            }
            let mine = CASES.iter().zip(&ids).map(|(case, id)| change(case.entity, *id, case.mine.0, case.mine.1));
            let verdicts = match together {
                true => sender.send(mine.collect()).await,
                false => {
                    let mut verdicts = Vec::new();
                    for mine in mine {
                        verdicts.push(sender.send_one(mine).await);
                    }
                    verdicts
                }
            };
            for (number, ((case, id), verdict)) in CASES.iter().zip(&ids).zip(&verdicts).enumerate() {
                assert_eq!(verdict.verdict, case.verdict, "case {number}, together: {together}: {verdict:?}");
                let holds = told(&world, case.holds.0, *id).await;
                assert_eq!(holds.as_deref(), Some(case.holds.1), "case {number}, together: {together}");
            }
        }
        world.stop().await;
    });
}

#[test]
fn many_alike_in_one_chunk_are_told_apart() {
    run(async {
        let (world, mut sender) = desk().await;
        let ids: Vec<Uuid> = (0..30).map(|_| object()).collect();
        sender.send(ids.iter().map(|id| made(PERSON, *id)).collect()).await;
        for (number, id) in ids.iter().enumerate() {
            match number % 3 {
                0 => elsewhere(&world, THEIR_PHONE, *id).await,
                1 => elsewhere(&world, "UPDATE desk.person SET name = 'theirs' WHERE id = $1", *id).await,
                _ => {}
            }
        }
        let verdicts = sender.send(ids.iter().map(|id| change(PERSON, *id, "phone", "mine")).collect()).await;
        for (number, (id, verdict)) in ids.iter().zip(&verdicts).enumerate() {
            let (expected, phone) = [(Conflict, "theirs"), (Merged, "mine"), (Applied, "mine")][number % 3];
            assert_eq!(verdict.verdict, expected, "{number}: {verdict:?}");
            assert_eq!(told(&world, PHONE, *id).await.as_deref(), Some(phone), "{number}");
        }
        world.stop().await;
    });
}
