//! A subscription revoked while export waits for the device: the next thing the device hears is that.

use sojourn_runtime::clock;
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::batch::BatchOutcome;

use super::hand::Hand;
use crate::support::{WorldPlan, run};

/// Batches that export makes before the device has received one.
const WINDOW: u32 = 2;

#[test]
fn a_device_that_goes_on_after_it_was_revoked_is_told() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).with(|plan| plan.batch_rows(50)).start().await;
        let device = &world.devices[0];
        let hand = Hand::begin(device).await;
        hand.ready(WINDOW).await;
        let revoke = sqlx::query("UPDATE sojourn.subscription SET status = 'revoked' WHERE id = $1");
        revoke.bind(device.subscription.as_str()).execute(world.admin()).await.expect("the administrator may");

        let ack = Ack {
            session: hand.session,
            batch: 1,
            stage: Stage::Received,
            rows: 50,
            elapsed_ms: 1,
            batch_rows: None,
            sync_info: None,
        };
        let began = clock::now();
        hand.link.acknowledge(&ack).await.expect("it is stored");
        let told = hand.link.manifest(hand.session, WINDOW + 1).await.expect("an answer").outcome;
        assert!(clock::now().duration_since(began).as_secs() < 10, "it was not told at once");
        let reason = "the subscription was revoked: ask the administrator".to_owned();
        assert_eq!(told, BatchOutcome::Failed { reason });
        // The batches of the session stay until the next prepare, which there is not.
        drop(hand);
        world.end().await;
    });
}
