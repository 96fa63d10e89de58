//! What a conflict tells, and what may be overruled.

use sojourn_wire::message::operation::{FieldValue, Operation, Verdict, VerdictKind};

use super::super::{PERSON, desk, elsewhere, kinds, reason, settles, told, update};
use super::{NAME, PHONE, THEIR_PHONE, change, person, version};
use crate::support::run;
use crate::support::sender::text;

use VerdictKind::{Applied, Conflict, Merged, Parked};

#[test]
fn a_conflict_tells_what_it_is_about_and_writes_nothing() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, "UPDATE desk.person SET phone = 'theirs', city = NULL WHERE id = $1", id).await;
        let change = |name| (name, text("base"), text("mine"));
        let verdict = sender.send_one(update(PERSON, id, &["name", "phone", "city"].map(change))).await;
        assert_eq!(verdict.verdict, Conflict, "{verdict:?}");
        assert_eq!(reason(&verdict), "somebody else has changed city, phone of this person meanwhile");
        assert_eq!((verdict.attribute.as_deref(), verdict.deleted), (Some("city"), None));
        assert_eq!((verdict.version, verdict.version.is_some()), (version(&world, id).await, true));
        let theirs: Vec<_> = verdict.conflicts.iter().map(|c| (c.attribute.as_str(), c.theirs.clone())).collect();
        assert_eq!(theirs, [("city", FieldValue::Null), ("phone", text("theirs"))]);
        assert!(
            verdict.conflicts.iter().all(|c| c.mine == text("mine") && c.base == Some(text("base"))),
            "{verdict:?}"
        );
        assert_eq!(told(&world, NAME, id).await.as_deref(), Some("base"), "all or nothing");
        world.stop().await;
    });
}

#[test]
fn what_is_done_beside_an_unseen_change_is_merged_until_it_clashes() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, THEIR_PHONE, id).await;
        let again = |base: &str, mine: &str| update(PERSON, id, &[("name", text(base), text(mine))]);
        let other = person(&mut sender).await;
        let verdicts = sender
            .send(vec![
                again("base", "one"),
                again("one", "two"),
                change(PERSON, id, "phone", "mine"),
                again("two", "three"),
                change(PERSON, other, "name", "mine"),
            ])
            .await;
        assert_eq!(kinds(&verdicts), [Merged, Merged, Conflict, Parked, Applied], "{verdicts:?}");
        assert_eq!(verdicts[3].cause, Some(verdicts[2].sequence));
        assert_eq!(told(&world, NAME, id).await.as_deref(), Some("two"));
        let keep = Operation { seen: verdicts[2].version, ..change(PERSON, id, "phone", "mine") };
        let kept = sender.send(vec![settles(&verdicts[2], keep), settles(&verdicts[3], again("two", "three"))]).await;
        assert_eq!(kept[0].verdict, Merged, "its version can be overruled: {kept:?}");
        assert_eq!(told(&world, NAME, id).await.as_deref(), Some("three"));
        world.stop().await;
    });
}

#[test]
fn a_conflict_in_a_group_tells_the_version_that_is_there_when_the_group_has_fallen() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, THEIR_PHONE, id).await;
        let grouped = |operation| Operation { group: Some(1), ..operation };
        let (name, phone) = (change(PERSON, id, "name", "mine"), change(PERSON, id, "phone", "mine"));
        let refused = sender.send(vec![grouped(name.clone()), grouped(phone.clone())]).await;
        assert_eq!(kinds(&refused), [VerdictKind::Cancelled, Conflict], "{refused:?}");
        assert_eq!(refused[1].version, version(&world, id).await);
        let keep = Operation { seen: refused[1].version, ..phone };
        let again = [settles(&refused[0], name), settles(&refused[1], keep)];
        let kept = sender.send(again.map(grouped).to_vec()).await;
        assert_eq!(kinds(&kept), [Merged, Merged], "{kept:?}");
        assert_eq!(told(&world, PHONE, id).await.as_deref(), Some("mine"));
        world.stop().await;
    });
}

#[test]
fn keeping_ones_own_overrules_what_was_seen_and_nothing_newer() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = person(&mut sender).await;
        elsewhere(&world, THEIR_PHONE, id).await;
        let refused = sender.send(vec![change(PERSON, id, "phone", "mine"), change(PERSON, id, "name", "later")]).await;
        assert_eq!(kinds(&refused), [Conflict, Parked]);
        let keep = |refused: &Verdict| Operation {
            seen: refused.version,
            settles: Some(refused.sequence),
            overtaken: true,
            ..change(PERSON, id, "phone", "mine")
        };
        let later = |parked: &Verdict| Operation {
            settles: Some(parked.sequence),
            overtaken: true,
            ..change(PERSON, id, "name", "later")
        };
        elsewhere(&world, "UPDATE desk.person SET phone = 'newer' WHERE id = $1", id).await;
        let again = sender.send(vec![keep(&refused[0]), later(&refused[1])]).await;
        assert_eq!(kinds(&again), [Conflict, Parked], "somebody has changed it again: {again:?}");
        assert_eq!(again[0].conflicts[0].theirs, text("newer"));
        assert_eq!((again[0].version, again[1].cause), (version(&world, id).await, Some(again[0].sequence)));
        let kept = sender.send(vec![keep(&again[0]), later(&again[1])]).await;
        assert!(kinds(&kept).iter().all(|kind| matches!(kind, Applied | Merged)), "{kept:?}");
        assert_eq!(kept[0].verdict, Merged);
        assert_eq!(told(&world, PHONE, id).await.as_deref(), Some("mine"));
        assert_eq!(told(&world, NAME, id).await.as_deref(), Some("later"));
        world.stop().await;
    });
}
