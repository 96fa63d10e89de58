//! A row that leaves the user's view leaves the device at the next sync, and comes back with the right to see it.

use std::time::Duration;

use sojourn_agent::store::Store;
use sojourn_wire::Service;
use uuid::Uuid;

use crate::support::{Device, World, WorldPlan, run, until};

/// How long anything here may take.
const WITHIN: Duration = Duration::from_secs(30);

/// A salesman's device that is offline.
async fn offline() -> World {
    let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

/// One id from the server, for the device's user.
async fn id(world: &World, select: &'static str) -> Uuid {
    let found = sqlx::query_scalar(select).bind(world.devices[0].user_id).fetch_one(world.admin()).await;
    found.expect("the sample has one")
}

/// Whether a device holds a contact.
fn holds(device: &Device, contact: Uuid) -> bool {
    let (mut found, contact) = (false, contact.to_string());
    let store = Store::open(&device.database()).expect("the database opens");
    store.for_each_row("contact", |id, _| found |= id == contact).expect("the rows can be read");
    found
}

fn contacts(device: &Device) -> u64 {
    let store = Store::open(&device.database()).expect("the database opens");
    store.count_rows("contact").expect("the rows can be counted")
}

/// Syncs and asserts that the device is what its user may see.
async fn sync(world: &World) -> u64 {
    world.devices[0].run(&["sync"]).await.expect(0);
    world.assert_converged(0).await
}

const OWN: &str = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1";
const SHARED: &str =
    "SELECT object_id FROM crm.share WHERE principal_id = $1 AND object_type_code = 2 ORDER BY 1 LIMIT 1";

#[test]
fn a_row_given_away_leaves_and_comes_back_when_it_is_returned() {
    run(async {
        let world = offline().await;
        let contact = id(&world, OWN).await;
        let (me, outsider) = (world.devices[0].user_id, world.people.outsider.id);
        let give = "UPDATE crm.contact SET owner_id = $2 WHERE id = $1";
        for (owner, stays) in [(outsider, false), (me, true)] {
            let given = sqlx::query(give).bind(contact).bind(owner).execute(world.admin()).await;
            assert_eq!(given.expect("the administrator may").rows_affected(), 1);
            sync(&world).await;
            assert_eq!(holds(&world.devices[0], contact), stays);
        }
        world.stop().await;
    });
}

#[test]
fn a_shared_row_leaves_with_the_share_and_comes_back_with_it() {
    run(async {
        let world = offline().await;
        let contact = id(&world, SHARED).await;
        assert!(holds(&world.devices[0], contact), "the sample shares it");
        assert_eq!(world.sql("DELETE FROM crm.share WHERE object_id = $1", contact).await, 1);
        sync(&world).await;
        assert!(!holds(&world.devices[0], contact));
        let again = "INSERT INTO crm.share (principal_id, object_type_code, object_id) VALUES ($1, 2, $2)";
        let shared = sqlx::query(again).bind(world.devices[0].user_id).bind(contact).execute(world.admin()).await;
        shared.expect("the administrator may");
        sync(&world).await;
        assert!(holds(&world.devices[0], contact));
        world.stop().await;
    });
}

#[test]
fn rows_leave_with_the_role_and_with_the_user_and_come_back_with_them() {
    run(async {
        let world = offline().await;
        let (device, me) = (&world.devices[0], world.devices[0].user_id);
        let before = contacts(device);
        assert!(before > 10, "the sample gives a salesman contacts");
        let role = id(&world, "SELECT role_id FROM crm.user_role WHERE user_id = $1").await;

        world.sql("DELETE FROM crm.user_role WHERE user_id = $1", me).await;
        assert!(sync(&world).await > 0, "an active user still sees colleagues and units");
        assert_eq!(contacts(device), 0);

        let again = sqlx::query("INSERT INTO crm.user_role (user_id, role_id) VALUES ($1, $2)").bind(me).bind(role);
        again.execute(world.admin()).await.expect("the administrator may");
        sync(&world).await;
        assert_eq!(contacts(device), before);

        world.sql("UPDATE crm.system_user SET is_disabled = true WHERE id = $1", me).await;
        assert_eq!(sync(&world).await, 0, "a disabled user sees nothing");
        world.sql("UPDATE crm.system_user SET is_disabled = false WHERE id = $1", me).await;
        sync(&world).await;
        assert_eq!(contacts(device), before);
        world.stop().await;
    });
}

#[test]
fn a_row_hidden_between_prepare_and_export_is_not_shipped() {
    run(async {
        let mut world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        world.devices[0].init().await;
        world.stack.service(Service::Export).stop().await.expect("it ends cleanly");
        let mut agent = world.devices[0].start(&["go-offline"]);
        let contact = id(&world, OWN).await;
        let pending = "SELECT count(*) FROM sojourn.session JOIN sojourn.sync_state_1 e ON e.sync_state = 1
                        WHERE e.object_id = $1 AND state = 'open'";
        until("the prepare", WITHIN, async || {
            let count: i64 = sqlx::query_scalar(pending).bind(contact).fetch_one(world.admin()).await.expect("a count");
            (count == 1).then_some(())
        })
        .await;

        world.sql("DELETE FROM crm.share WHERE object_id = $1", contact).await;
        let give = sqlx::query("UPDATE crm.contact SET owner_id = $2 WHERE id = $1");
        let given = give.bind(contact).bind(world.people.outsider.id).execute(world.admin()).await;
        assert_eq!(given.expect("the administrator may").rows_affected(), 1);
        world.stack.service(Service::Export).start().await.expect("it starts");
        let ended = tokio::task::spawn_blocking(move || agent.wait()).await.expect("a thread").expect("it ran");
        assert!(ended.success(), "{ended}");

        assert!(!holds(&world.devices[0], contact), "it was hidden before it was read");
        assert!(contacts(&world.devices[0]) > 10, "the others were shipped");
        world.assert_converged(0).await;
        sync(&world).await;
        assert!(!holds(&world.devices[0], contact));
        world.stop().await;
    });
}
