//! A real device in the middle of a long queue, when something is taken away from its user.

use std::fmt::Write as _;

use sojourn_wire::SubscriptionId;

use super::{desk, object, rule};
use crate::faults::running::{LONG, Running};
use crate::support::{World, run, until};

/// More than two chunks.
const OPERATIONS: u64 = 450;
/// The first operation of the second chunk.
const HELD: usize = 200;

async fn stored(world: &World, subscription: &SubscriptionId) -> u64 {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM sojourn.operation WHERE subscription_id = $1")
        .bind(subscription.as_str())
        .fetch_one(world.admin())
        .await
        .expect("the verdicts");
    count.unsigned_abs()
}

#[test]
fn a_permission_taken_in_the_middle_of_a_queue_loses_nothing() {
    run(async {
        let (world, _) = desk().await;
        rule(
            world.admin(),
            "INSERT INTO desk.person (id, name, phone) SELECT md5('p' || n)::uuid, 'base', n FROM generate_series(1, 450) n",
        )
        .await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let ids: Vec<uuid::Uuid> = sqlx::query_scalar("SELECT id FROM desk.person ORDER BY phone::int")
            .fetch_all(world.admin())
            .await
            .expect("the people");
        let mut sql = String::new();
        for id in &ids {
            writeln!(sql, "UPDATE person SET name = 'mine' WHERE id = '{id}';").expect("text");
        }
        device.write(&sql);

        let mut held = world.admin().begin().await.expect("a transaction");
        let lock = sqlx::query("SELECT FROM desk.person WHERE id = $1 FOR UPDATE").bind(ids[HELD]);
        lock.execute(&mut *held).await.expect("the lock");
        let agent = Running::start(device, &["go-online"]);
        until("the first chunk", LONG, async || {
            (stored(&world, &device.subscription).await >= HELD as u64).then_some(())
        })
        .await;
        rule(world.admin(), "REVOKE UPDATE ON desk.person FROM sojourn_user").await;
        held.rollback().await.expect("the end of the lock");
        let online = agent.ended().await;
        let (applied, rejected) = (online.verdicts("applied"), online.verdicts("rejected"));
        assert_eq!((online.code, applied + rejected), (Some(3), OPERATIONS), "{online:?}");
        assert!(applied >= HELD as u64 && rejected > 0, "{applied} applied and {rejected} rejected");
        let words = online.answer.to_string();
        assert!(words.contains("you may not change this person"), "{words}");

        rule(world.admin(), "GRANT UPDATE ON desk.person TO sojourn_user").await;
        device.run(&["errors", "retry", "--all"]).await.expect(0);
        let again = device.run(&["go-online"]).await;
        assert_eq!((again.code, again.verdicts("applied")), (Some(0), rejected), "{again:?}");
        let mine: i64 = sqlx::query_scalar("SELECT count(*) FROM desk.person WHERE name = 'mine'")
            .fetch_one(world.admin())
            .await
            .expect("the people");
        assert_eq!(mine.unsigned_abs(), OPERATIONS);
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        let fresh = object();
        device.write(&format!("INSERT INTO person (id, name) VALUES ('{fresh}', 'fresh')"));
        device.run(&["go-online"]).await.expect(0);
        world.stop().await;
    });
}
