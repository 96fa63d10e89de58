//! Others at the same rows at the same time: it takes longer, and every operation still gets its verdict once.

use std::time::Duration;

use sojourn_wire::Service;
use sojourn_wire::message::operation::{ChunkOutcome, Operation, Verdict, VerdictKind};
use uuid::Uuid;

use super::{CONFIG, MEMO, PERSON, TABLES, USER, create, discard, elsewhere, kinds, object, told, update};
use crate::support::sender::{Sender, text};
use crate::support::{World, WorldPlan, run, until};

use VerdictKind::{Applied, Merged};

const WITHIN: Duration = Duration::from_secs(60);
const BODY: &str = "SELECT body FROM desk.memo WHERE id = $1";
const NAME: &str = "SELECT name FROM desk.person WHERE id = $1";

/// A world with two devices and two processes of replay that do not wait long for a lock.
async fn world() -> (World, [Sender; 2]) {
    let plan = WorldPlan::of(&[USER, USER]).of_tables(TABLES, CONFIG);
    let plan =
        plan.with(|plan| plan.replicas(Service::Replay, 2).setting(Service::Replay, "SOJOURN_REPLAY_LOCK_TIMEOUT", 1));
    let world = plan.start().await;
    let senders = [Sender::connect(&world.devices[0]).await, Sender::connect(&world.devices[1]).await];
    (world, senders)
}

/// A new text; `alone` sets another attribute too, so that it is written in a statement of its own.
fn rewritten(id: Uuid, body: &str, alone: bool) -> Operation {
    let mut rewritten = update(MEMO, id, &[("body", text("?"), text(body))]);
    if alone {
        rewritten.data.insert("tag".to_owned(), text(body));
    }
    rewritten
}

#[test]
fn two_devices_that_change_the_same_rows_in_opposite_order_both_come_through() {
    run(async {
        let (world, [mut one, mut other]) = world().await;
        let ids: Vec<Uuid> = (0..20).map(|_| object()).collect();
        one.send(ids.iter().map(|id| create(MEMO, *id, &[("body", text("?"))])).collect()).await;
        for round in 0..3 {
            let body = |device: &str| format!("{device} {round}");
            // Neighbours differ in what they set, so that each locks its row alone.
            let forth = ids.iter().enumerate().map(|(at, id)| rewritten(*id, &body("one"), at % 2 == 0));
            let back = ids.iter().enumerate().rev().map(|(at, id)| rewritten(*id, &body("other"), at % 2 == 0));
            let (forth, back) = (one.send(forth.collect()), other.send(back.collect()));
            let (forth, back) = tokio::join!(forth, back);
            for verdict in forth.iter().chain(&back) {
                let done = matches!(verdict.verdict, Applied | Merged | VerdictKind::Conflict | VerdictKind::Parked);
                assert!(done, "{verdict:?}");
            }
            for (at, id) in ids.iter().enumerate().filter(|(at, _)| at % 2 == 1) {
                let told = told(&world, BODY, *id).await;
                assert!(told == Some(body("one")) || told == Some(body("other")), "{at}: {told:?}");
            }
            settle(&mut one, forth).await;
            settle(&mut other, back).await;
        }
        world.stop().await;
    });
}

/// Gives up whatever was refused.
async fn settle(sender: &mut Sender, verdicts: Vec<Verdict>) {
    let open = verdicts.iter().filter(|verdict| !matches!(verdict.verdict, Applied | Merged));
    let discards: Vec<Operation> = open.map(|verdict| discard(MEMO, verdict)).collect();
    if !discards.is_empty() {
        let verdicts = sender.send(discards).await;
        assert!(verdicts.iter().all(|verdict| verdict.verdict == Applied), "{verdicts:?}");
    }
}

#[test]
fn a_row_that_somebody_holds_delays_its_own_queue_alone() {
    run(async {
        let (world, [mut one, mut other]) = world().await;
        let id = object();
        elsewhere(&world, "INSERT INTO desk.person (id, name) VALUES ($1, 'base')", id).await;
        let mut held = world.admin().begin().await.expect("a transaction");
        let lock = sqlx::query("SELECT FROM desk.person WHERE id = $1 FOR UPDATE").bind(id);
        lock.execute(&mut *held).await.expect("the lock");
        let chunk = one.chunk(vec![
            create(MEMO, object(), &[("body", text("before"))]),
            update(PERSON, id, &[("name", text("base"), text("mine"))]),
            create(MEMO, object(), &[("body", text("after"))]),
        ]);
        let link = one.link.clone();
        let waiting = tokio::spawn(async move { link.replay(&chunk, WITHIN).await });
        let logs: Vec<_> = world.stack.replicas().map(|(_, replica)| replica.log().to_owned()).collect();
        until("replay tries later", WITHIN, async || {
            let said = |log| std::fs::read_to_string(log).expect("a log").contains("not now, again in");
            logs.iter().any(said).then_some(())
        })
        .await;
        for _ in 0..3 {
            let memo = other.send_one(create(MEMO, object(), &[("body", text("other"))])).await;
            assert_eq!(memo.verdict, Applied);
        }
        assert!(!waiting.is_finished(), "it waits");
        held.rollback().await.expect("the end of the lock");
        let outcome = waiting.await.expect("a task").expect("an answer");
        let ChunkOutcome::Verdicts { verdicts } = outcome else { panic!("{outcome:?}") };
        assert_eq!(kinds(&verdicts), [Applied, Merged, Applied], "{verdicts:?}");
        assert_eq!(told(&world, NAME, id).await.as_deref(), Some("mine"));
        world.stop().await;
    });
}
