//! A subscription revoked in mid-session: the device is told at once, not left waiting.

use std::time::{Duration, Instant};

use sojourn_wire::Service;

use crate::support::{Ran, World, WorldPlan, run, until};

/// How long anything here may take.
const WITHIN: Duration = Duration::from_secs(30);

/// Returns when the device has a session.
async fn until_prepared(world: &World) {
    until("the prepare", WITHIN, async || {
        let open = sqlx::query_scalar("SELECT count(*) FROM sojourn.session WHERE state = 'open'");
        let count: i64 = open.fetch_one(world.admin()).await.expect("a count");
        (count == 1).then_some(())
    })
    .await;
}

/// Revokes the device's subscription, or takes that back.
async fn set_status(world: &World, status: &'static str) {
    let set = sqlx::query("UPDATE sojourn.subscription SET status = $2 WHERE id = $1");
    let set = set.bind(world.devices[0].subscription.as_str()).bind(status);
    set.execute(world.admin()).await.expect("the administrator may");
}

#[test]
fn a_subscription_revoked_in_mid_session_ends_it_at_once_and_in_words() {
    run(async {
        let mut world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        world.stack.service(Service::Export).stop().await.expect("it ends cleanly");
        let mut command = device.command(&["go-offline"]);
        let agent = tokio::task::spawn_blocking(move || command.output());
        until_prepared(&world).await;

        set_status(&world, "revoked").await;
        let started = Instant::now();
        world.stack.service(Service::Export).start().await.expect("it starts");
        let ran: Ran = agent.await.expect("a thread").expect("it ran").into();
        assert!(started.elapsed() < WITHIN, "it waited {:?}", started.elapsed());
        let answer = ran.expect(1);
        let words = answer["error"].as_str().unwrap_or_default();
        assert!(words.contains("the subscription was revoked: ask the administrator"), "{answer}");

        set_status(&world, "active").await;
        world.devices[0].run(&["go-offline"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}
