//! What changes who sees what without changing a row: the next sync goes by it.

use sojourn_agent::store::Store;
use uuid::Uuid;

use crate::support::{World, WorldPlan, run};

async fn offline() -> World {
    let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world.assert_converged(0).await;
    world
}

/// How many rows of a table the device holds.
fn held(world: &World, table: &str) -> u64 {
    let store = Store::open(&world.devices[0].database()).expect("the database opens");
    store.count_rows(table).expect("the rows can be counted")
}

#[test]
fn a_table_that_took_the_place_of_another_is_what_the_device_gets() {
    run(async {
        let world = offline().await;
        assert!(held(&world, "lead") > 0);
        let swapped = "ALTER TABLE crm.lead RENAME TO lead_of_old;
                       CREATE TABLE crm.lead (LIKE crm.lead_of_old INCLUDING ALL);
                       ALTER TABLE crm.lead OWNER TO crm_owner, ENABLE ROW LEVEL SECURITY;
                       CREATE POLICY may_read ON crm.lead FOR SELECT TO sojourn_user USING (true);
                       GRANT SELECT, INSERT, UPDATE, DELETE ON crm.lead TO sojourn_user";
        sqlx::raw_sql(swapped).execute(world.admin()).await.expect("they change places");
        world.devices[0].run(&["sync"]).await.expect(0);
        assert_eq!(held(&world, "lead"), 0);
        world.end().await;
    });
}

#[test]
fn a_table_that_nobody_may_read_any_more_is_emptied_and_the_others_go_on() {
    run(async {
        let world = offline().await;
        assert!(held(&world, "lead") > 0);
        sqlx::raw_sql("REVOKE ALL ON crm.lead FROM sojourn_user").execute(world.admin()).await.expect("it is revoked");
        let renamed = "UPDATE crm.contact SET first_name = 'Anew' WHERE owner_id = $1";
        let changed = world.sql(renamed, world.devices[0].user_id).await;
        let synced = world.devices[0].run(&["sync"]).await.expect(0);
        assert_eq!(held(&world, "lead"), 0);
        assert_eq!(synced["data"]["rows"].as_u64(), Some(changed), "{synced}");
        world.stop().await;
    });
}

#[test]
fn the_work_of_a_second_device_waits_until_it_is_the_primary_one() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        device.write("UPDATE contact SET first_name = 'Waits' WHERE id = (SELECT min(id) FROM contact)");
        let demote = "UPDATE sojourn.subscription_client SET is_primary = $1 WHERE subscription_id = \
                      (SELECT id FROM sojourn.subscription WHERE user_id = $2)";
        let primary = async |is_primary: bool, user: Uuid| {
            let done = sqlx::query(demote).bind(is_primary).bind(user).execute(world.admin()).await;
            assert_eq!(done.expect("the administrator may").rows_affected(), 1);
        };
        primary(false, device.user_id).await;
        let refused = device.run(&["go-online"]).await;
        assert!(refused.talk.contains("primary client"), "{refused:?}");
        let store = Store::open(&device.database()).expect("the database opens");
        assert_eq!(store.queue_summary().expect("readable").sent, 1);
        drop(store);
        primary(true, device.user_id).await;
        assert_eq!(device.run(&["go-online"]).await.verdicts("applied"), 1);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn who_lacks_the_go_offline_privilege_sends_work_and_gets_nothing() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        device.write("UPDATE contact SET first_name = 'Sent' WHERE id = (SELECT min(id) FROM contact)");
        world.sql("INSERT INTO crm.office_worker VALUES ($1)", device.user_id).await;
        let refused = device.run(&["go-online"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        for words in ["1 applied", "Go Offline privilege"] {
            assert!(refused.talk.contains(words), "{refused:?}");
        }
        let filters = device.run(&["filters", "list"]).await;
        assert!(filters.talk.contains("Go Offline privilege"), "{filters:?}");
        world.sql("DELETE FROM crm.office_worker WHERE user_id = $1", device.user_id).await;
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}
