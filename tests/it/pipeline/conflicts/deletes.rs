//! One side has deleted what the other has changed.

use sojourn_wire::message::operation::{Operation, Side, VerdictKind};

use super::super::{MEMO, PERSON, create, delete, desk, elsewhere, kinds, object, reason, settles, told};
use super::{BODY, CITY, PHONE, THEIR_PHONE, VERSION, change, made, person, version};
use crate::support::run;
use crate::support::sender::text;

use VerdictKind::{Applied, Conflict, Merged, Parked, Rejected};

const REMOVE: &str = "DELETE FROM desk.person WHERE id = $1";

#[test]
fn a_change_that_ones_own_was_merged_with_is_not_deleted_unseen() {
    run(async {
        let (world, mut sender) = desk().await;
        for together in [true, false] {
            let id = person(&mut sender).await;
            elsewhere(&world, THEIR_PHONE, id).await;
            let operations = [change(PERSON, id, "name", "mine"), delete(PERSON, id)];
            let verdicts = match together {
                true => sender.send(operations.to_vec()).await,
                false => {
                    let [name, delete] = operations;
                    vec![sender.send_one(name).await, sender.send_one(delete).await]
                }
            };
            assert_eq!(kinds(&verdicts), [Merged, Conflict], "together: {together}: {verdicts:?}");
            assert_eq!(told(&world, PHONE, id).await.as_deref(), Some("theirs"));
            let keep = Operation { seen: verdicts[1].version, ..delete(PERSON, id) };
            let kept = sender.send_one(settles(&verdicts[1], keep)).await;
            assert_eq!(kept.verdict, Merged, "together: {together}: {kept:?}");
        }
        world.stop().await;
    });
}

#[test]
fn a_row_that_changed_is_not_deleted_unseen() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, THEIR_PHONE, id).await;
        let refused = sender.send_one(delete(PERSON, id)).await;
        assert_eq!((refused.verdict, refused.deleted), (Conflict, Some(Side::Mine)), "{refused:?}");
        assert_eq!(reason(&refused), "somebody else has changed this person since you saw it");
        assert_eq!((refused.version, refused.version.is_some()), (version(&world, id).await, true));
        let keep = Operation { seen: refused.version, settles: Some(refused.sequence), ..delete(PERSON, id) };
        assert_eq!(sender.send_one(keep).await.verdict, Merged);
        assert_eq!(told(&world, VERSION, id).await, None);

        let own = person(&mut sender).await;
        let verdicts = sender.send(vec![change(PERSON, own, "name", "x"), delete(PERSON, own)]).await;
        assert_eq!(kinds(&verdicts), [Applied, Applied], "one's own changes do not count");
        let echoed = person(&mut sender).await;
        let verdict = sender.send_one(Operation { overtaken: true, ..delete(PERSON, echoed) }).await;
        assert_eq!(verdict.verdict, Applied, "what the device got meanwhile was its own: {verdict:?}");

        let (memo, changed) = (object(), "UPDATE desk.memo SET body = 'x' WHERE id = $1");
        sender.send_one(made(MEMO, memo)).await;
        elsewhere(&world, changed, memo).await;
        assert_eq!(sender.send_one(delete(MEMO, memo)).await.verdict, Applied, "the last wins");
        assert_eq!(told(&world, BODY, memo).await, None);
        world.stop().await;
    });
}

#[test]
fn a_row_that_was_deleted_elsewhere_is_a_conflict_and_can_be_made_again() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, REMOVE, id).await;
        let refused = sender.send(vec![change(PERSON, id, "name", "mine"), change(PERSON, id, "city", "here")]).await;
        assert_eq!(kinds(&refused), [Conflict, Parked]);
        assert_eq!((refused[0].deleted, refused[0].version), (Some(Side::Theirs), None), "{refused:?}");
        assert_eq!(reason(&refused[0]), "this person was deleted on the server meanwhile");
        let whole = create(PERSON, id, &[("name", text("mine")), ("phone", text("base")), ("city", text("base"))]);
        let again = vec![settles(&refused[0], whole), settles(&refused[1], change(PERSON, id, "city", "here"))];
        let verdicts = sender.send(again).await;
        assert!(kinds(&verdicts).iter().all(|kind| matches!(kind, Applied | Merged)), "{verdicts:?}");
        assert_eq!(told(&world, CITY, id).await.as_deref(), Some("here"));

        let both = person(&mut sender).await;
        elsewhere(&world, REMOVE, both).await;
        assert_eq!(sender.send_one(delete(PERSON, both)).await.verdict, Merged, "it is what everybody wanted");

        let memo = object();
        sender.send_one(made(MEMO, memo)).await;
        elsewhere(&world, "DELETE FROM desk.memo WHERE id = $1", memo).await;
        let verdict = sender.send_one(change(MEMO, memo, "body", "mine")).await;
        assert_eq!((verdict.verdict, verdict.deleted), (Rejected, None), "{verdict:?}");
        assert_eq!(reason(&verdict), "this memo was deleted on the server meanwhile");
        world.stop().await;
    });
}
