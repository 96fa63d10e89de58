//! What the user did before is nobody's conflict, even where the server made something else of it.

use sojourn_wire::message::operation::{FieldValue, Operation, VerdictKind};
use uuid::Uuid;

use super::{BASKET, CARD, ENTRY, TICKET, create, delete, desk, elsewhere, kinds, object, told, update};
use crate::support::run;
use crate::support::sender::{Sender, text};

use VerdictKind::{Applied, Conflict};

const CODE: &str = "SELECT code FROM desk.card WHERE id = $1";

/// The device still shows what was typed; the server holds it in capitals.
fn code(card: Uuid, base: &str, mine: &str) -> Operation {
    update(CARD, card, &[("code", text(base), text(mine))])
}

fn colour(card: Uuid, base: &str, mine: &str) -> Operation {
    update(CARD, card, &[("colour", text(base), text(mine))])
}

async fn card(sender: &mut Sender) -> Uuid {
    let id = object();
    let made = create(CARD, id, &[("code", text("a")), ("colour", text("red"))]);
    assert_eq!(sender.send_one(made).await.verdict, Applied);
    id
}

#[test]
fn a_value_that_the_server_normalises_may_be_changed_again_within_a_chunk() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = card(&mut sender).await;
        let chain = vec![code(id, "a", "b"), colour(id, "red", "blue"), code(id, "b", "c"), code(id, "c", "d")];
        let verdicts = sender.send(chain).await;
        assert_eq!(kinds(&verdicts), [Applied; 4], "{verdicts:?}");
        assert_eq!(told(&world, CODE, id).await.as_deref(), Some("D"));
        world.stop().await;
    });
}

#[test]
fn a_value_that_the_server_normalises_may_be_changed_again_in_later_chunks() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = card(&mut sender).await;
        for (base, mine) in [("a", "b"), ("b", "c"), ("c", "d")] {
            let verdict = sender.send_one(code(id, base, mine)).await;
            assert_eq!(verdict.verdict, Applied, "{verdict:?}");
        }
        assert_eq!(told(&world, CODE, id).await.as_deref(), Some("D"));
        world.stop().await;
    });
}

#[test]
fn a_change_of_another_attribute_in_between_makes_no_conflict_of_ones_own_value() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = card(&mut sender).await;
        assert_eq!(sender.send_one(code(id, "a", "b")).await.verdict, Applied);
        assert_eq!(sender.send_one(colour(id, "red", "blue")).await.verdict, Applied);
        let verdict = sender.send_one(code(id, "b", "c")).await;
        assert_eq!(verdict.verdict, Applied, "in chunks of their own: {verdict:?}");

        let id = card(&mut sender).await;
        sender.send(vec![code(id, "a", "b"), colour(id, "red", "blue")]).await;
        let verdict = sender.send_one(code(id, "b", "c")).await;
        assert_eq!(verdict.verdict, Applied, "after a chunk of both: {verdict:?}");
        world.stop().await;
    });
}

#[test]
fn a_value_that_was_mended_may_be_changed_as_it_was_typed() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = card(&mut sender).await;
        super::rule(world.admin(), "ALTER TABLE desk.card ADD CONSTRAINT short CHECK (length(code) < 4)").await;
        let refused = sender.send(vec![code(id, "a", "long"), colour(id, "red", "blue"), code(id, "long", "c")]).await;
        assert_eq!(kinds(&refused), [VerdictKind::Rejected, VerdictKind::Parked, VerdictKind::Parked]);
        let settles = |at: usize, operation| Operation { settles: Some(refused[at].sequence), ..operation };
        // One chunk each: the server must remember what was the device's own.
        for operation in
            [settles(0, code(id, "a", "lon")), settles(1, colour(id, "red", "blue")), settles(2, code(id, "long", "c"))]
        {
            let verdict = sender.send_one(operation).await;
            assert_eq!(verdict.verdict, Applied, "{verdict:?}");
        }
        world.stop().await;
    });
}

#[test]
fn what_somebody_else_changed_after_ones_own_change_is_a_conflict() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = card(&mut sender).await;
        assert_eq!(sender.send_one(code(id, "a", "b")).await.verdict, Applied);
        elsewhere(&world, "UPDATE desk.card SET code = 'z' WHERE id = $1", id).await;
        let verdict = sender.send_one(code(id, "b", "c")).await;
        assert_eq!(verdict.verdict, Conflict, "{verdict:?}");
        assert_eq!(told(&world, CODE, id).await.as_deref(), Some("Z"));

        // One's own change of another attribute does not make theirs one's own.
        let id = card(&mut sender).await;
        elsewhere(&world, "UPDATE desk.card SET code = 'z' WHERE id = $1", id).await;
        sender.send_one(colour(id, "red", "blue")).await;
        let verdict = sender.send_one(code(id, "a", "c")).await;
        assert_eq!(verdict.verdict, Conflict, "{verdict:?}");
        let id = card(&mut sender).await;
        elsewhere(&world, "UPDATE desk.card SET code = 'z' WHERE id = $1", id).await;
        let verdicts = sender.send(vec![colour(id, "red", "blue"), code(id, "a", "c")]).await;
        assert_eq!(verdicts[1].verdict, Conflict, "{verdicts:?}");
        world.stop().await;
    });
}

#[test]
fn a_value_that_the_server_filled_may_be_changed_by_whoever_created_the_row() {
    run(async {
        let (world, mut sender) = desk().await;
        let state =
            |id, base: FieldValue, mine: u8| update(TICKET, id, &[("state", base, FieldValue::Number(mine.into()))]);
        let filed = |id| create(TICKET, id, &[("body", text("x"))]);
        let (first, second, third) = (object(), object(), object());
        let chain = vec![filed(first), state(first, FieldValue::Null, 1), filed(second), filed(third)];
        let verdicts = sender.send(chain).await;
        assert_eq!(kinds(&verdicts), [Applied; 4], "{verdicts:?}");
        let later = sender.send_one(state(second, FieldValue::Null, 2)).await;
        assert_eq!(later.verdict, Applied, "{later:?}");
        elsewhere(&world, "UPDATE desk.ticket SET state = 7 WHERE id = $1", third).await;
        let clash = sender.send_one(state(third, FieldValue::Null, 3)).await;
        assert_eq!(clash.verdict, Conflict, "{clash:?}");
        world.stop().await;
    });
}

#[test]
fn a_row_that_ones_own_triggers_have_touched_may_be_deleted() {
    run(async {
        let (world, mut sender) = desk().await;
        let (first, second) = (object(), object());
        assert_eq!(
            kinds(&sender.send(vec![create(BASKET, first, &[]), create(BASKET, second, &[])]).await),
            [Applied; 2]
        );
        let emptied = |basket: Uuid| {
            let entry = object();
            let filled = create(ENTRY, entry, &[("basket_id", text(&basket.to_string()))]);
            vec![filled, delete(ENTRY, entry), delete(BASKET, basket)]
        };
        let verdicts = sender.send(emptied(first)).await;
        assert_eq!(kinds(&verdicts), [Applied; 3], "{verdicts:?}");
        elsewhere(&world, "UPDATE desk.basket SET entries = 7 WHERE id = $1", second).await;
        let verdicts = sender.send(emptied(second)).await;
        assert_eq!(kinds(&verdicts), [Applied, Applied, Conflict], "{verdicts:?}");
        world.stop().await;
    });
}
