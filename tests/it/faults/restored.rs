//! A server that was restored to an earlier state: the device is ahead of it, becomes what the server is now, and loses
//! nothing that it has not sent.

use sojourn_prepare::db::subscription::subscription_of;
use sojourn_prepare::prepare_sync::{Begun, PrepareSync};
use sojourn_runtime::clock;
use sojourn_wire::message::prepare::{Holds, PrepareOutcome, PrepareRequest};
use uuid::Uuid;

use crate::support::{World, WorldPlan, run, service_pool};

/// A contact of the device's user.
async fn contact(world: &World) -> Uuid {
    sqlx::query_scalar("SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1")
        .bind(world.devices[0].user_id)
        .fetch_one(world.admin())
        .await
        .expect("the user owns one")
}

async fn first_name(world: &World, contact: Uuid) -> Option<String> {
    let sql = "SELECT first_name FROM crm.contact WHERE id = $1";
    sqlx::query_scalar(sql).bind(contact).fetch_one(world.admin()).await.expect("it is there")
}

#[test]
fn a_device_that_is_ahead_becomes_what_the_restored_server_is() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        sqlx::raw_sql(include_str!("restored.sql")).execute(world.admin()).await.expect("a backup");

        // What happens now is lost: a row that the server made, a change and a row that the device made.
        let contact = contact(&world).await;
        let copied = "INSERT INTO crm.account (id, name, owner_id, owning_business_unit_id)
                      SELECT gen_random_uuid(), 'Made after the backup', id, business_unit_id FROM crm.system_user
                       WHERE id = $1";
        assert_eq!(world.sql(copied, device.user_id).await, 1);
        device.write(&format!("UPDATE contact SET first_name = 'Lost' WHERE id = '{contact}'"));
        device.write(
            "INSERT INTO task (subject, owner_id, owning_business_unit_id) \
                      SELECT 'Lost', owner_id, owning_business_unit_id FROM contact LIMIT 1",
        );
        assert_eq!(device.run(&["go-online"]).await.verdicts("applied"), 2);
        world.assert_converged(0).await;

        sqlx::raw_sql("CALL backup.restore()").execute(world.admin()).await.expect("it is restored");
        sqlx::raw_sql("DROP SCHEMA backup CASCADE").execute(world.admin()).await.expect("it goes");
        assert_ne!(first_name(&world, contact).await.as_deref(), Some("Lost"));

        // What the device has not sent is not lost, although the server expects other numbers. It was written on top of
        // a value that the server has lost: the user decides.
        device.write(&format!("UPDATE contact SET first_name = 'Kept' WHERE id = '{contact}'"));
        let ran = device.run(&["go-online"]).await;
        assert_eq!(ran.verdicts("conflict"), 1, "{ran:?}");
        let errors = device.run(&["errors"]).await.expect(0);
        let number = errors["errors"][0]["number"].to_string();
        device.run(&["errors", "keep-mine", &number]).await.expect(0);
        device.run(&["sync"]).await.expect(0);
        assert_eq!(first_name(&world, contact).await.as_deref(), Some("Kept"));
        world.assert_converged(0).await;

        // And it goes on.
        device.write(&format!("UPDATE contact SET first_name = 'Again' WHERE id = '{contact}'"));
        assert_eq!(device.run(&["go-online"]).await.verdicts("applied"), 1);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

/// What a device that holds this is told.
async fn told(world: &World, holds: Holds) -> PrepareOutcome {
    let (pool, device) = (service_pool(world).await, &world.devices[0]);
    let subscription = subscription_of(&pool, &device.agent, &device.subscription).await.expect("readable");
    let subscription = subscription.expect("it is known");
    let (metadata_version, refresh, holds) = (Some(1), vec![], Some(holds));
    let request = PrepareRequest { request: clock::fresh_id(), metadata_version, refresh, holds, batching: None };
    let begun = PrepareSync::new(pool.clone()).begin(&device.subscription, &subscription, &request, clock::now()).await;
    let outcome = match begun.expect("it begins") {
        Begun::Answered(outcome) => outcome,
        Begun::Open(open) => open.finish(clock::fresh_id(), clock::now).await.expect("it is decided").0,
    };
    pool.close().await;
    outcome
}

#[test]
fn a_device_that_dies_before_it_has_noted_that_it_is_ahead_is_told_again() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        for command in ["go-offline", "sync", "sync"] {
            device.run(&[command]).await.expect(0);
        }
        let prepares: i64 = sqlx::query_scalar("SELECT prepare_seq FROM sojourn.subscription WHERE id = $1")
            .bind(device.subscription.as_str())
            .fetch_one(world.admin())
            .await
            .expect("the subscription");
        let held = |ahead: i64| Holds {
            session: Uuid::from_u128(7),
            batch: 1,
            prepare_seq: (prepares + ahead).unsigned_abs(),
        };
        for _ in 0..3 {
            let outcome = told(&world, held(1)).await;
            assert!(matches!(outcome, PrepareOutcome::Prepared { reinitialise: true, .. }), "{outcome:?}");
        }
        let older = told(&world, held(-1)).await;
        assert!(matches!(older, PrepareOutcome::Refused { .. }), "{older:?}");
        world.end().await;
    });
}
