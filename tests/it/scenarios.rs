//! What a user does, on real parts: going offline, working, and coming back.

mod large;

use sojourn_sample_crm::People;
use uuid::Uuid;

use crate::support::{World, WorldPlan, run};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// A row of an entity that the device holds, to be changed.
async fn owned_contact(world: &World) -> Uuid {
    let first = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1";
    sqlx::query_scalar(first).bind(world.devices[0].user_id).fetch_one(world.admin()).await.expect("a contact")
}

#[test]
fn the_first_sync_equals_an_independent_select_for_every_persona() {
    run(async {
        let users: [fn(&People) -> Uuid; 5] =
            [|p| p.ceo.id, |p| p.manager.id, sales, |p| p.reader.id, |p| p.outsider.id];
        let world = WorldPlan::of(&users).start().await;
        let mut rows = Vec::new();
        for (i, device) in world.devices.iter().enumerate() {
            device.init().await;
            let answer = device.run(&["go-offline"]).await.expect(0);
            let held = world.assert_converged(i).await;
            assert_eq!(answer["data"]["rows"].as_u64(), Some(held), "every row moved once");
            rows.push(held);
        }
        assert!(rows.iter().all(|rows| *rows > 100), "{rows:?}");
        assert!(rows[0] > rows[2], "the head of the organisation sees more than a salesman: {rows:?}");
        world.stop().await;
    });
}

#[test]
fn a_second_sync_moves_only_what_changed() {
    run(async {
        let world = WorldPlan::of(&[sales]).start().await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let moved = |answer: &serde_json::Value| (answer["data"]["rows"].as_u64(), answer["data"]["deletes"].as_u64());
        let nothing = device.run(&["sync"]).await.expect(0);
        assert_eq!(moved(&nothing), (Some(0), Some(0)), "{nothing}");
        let contact = owned_contact(&world).await;
        world.sql("UPDATE crm.contact SET last_name = 'Changed' WHERE id = $1", contact).await;
        let one = device.run(&["sync"]).await.expect(0);
        assert_eq!(moved(&one), (Some(1), Some(0)), "{one}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}
