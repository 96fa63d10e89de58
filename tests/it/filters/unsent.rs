//! Work that is not sent is never lost to a filter, wherever its row is going.

use serde_json::Value;
use uuid::Uuid;

use super::{holds, ids, number, offline};
use crate::support::{World, run};

const OWNED: &str = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 4";
const OF_ID: &str = "SELECT city FROM crm.contact WHERE id = $1";
const ELSEWHERE: &str = "e.city <> 'Elsewhere' OR e.city IS NULL";
const FILTER: [&str; 5] = ["filters", "add", "contact", "here", "city <> 'Elsewhere' OR city IS NULL"];

async fn city(world: &World, contact: Uuid) -> Option<String> {
    let city = sqlx::query_scalar(OF_ID).bind(contact).fetch_optional(world.admin()).await;
    city.expect("the statement runs").flatten()
}

/// Runs the last sync of a test: what was written arrives, and the device is what the filter says.
async fn synced(world: &World, applied: u64) -> Value {
    let sync = world.devices[0].run(&["sync"]).await;
    assert_eq!((sync.code, sync.verdicts("applied") + sync.verdicts("merged")), (Some(0), applied), "{sync:?}");
    world.assert_narrowed(0, &[("contact", ELSEWHERE)]).await;
    sync.answer
}

#[test]
fn rows_written_here_and_filtered_away_arrive_on_the_server() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let (contact, made, user) = (ids(&world, OWNED).await[0], Uuid::from_u128(77), device.user_id);
        device.write(&format!(
            "UPDATE contact SET city = 'Elsewhere' WHERE id = '{contact}';
             INSERT INTO contact (id, last_name, city, owner_id) VALUES ('{made}', 'New', 'Elsewhere', '{user}');"
        ));
        let added = device.run(&FILTER).await.expect(0);
        assert_eq!(number(&added, "unsent"), 2, "{added}");
        assert!(holds(device, contact) && holds(device, made), "nothing moves before the sync");
        synced(&world, 2).await;
        for id in [contact, made] {
            assert_eq!(city(&world, id).await.as_deref(), Some("Elsewhere"));
            assert!(!holds(device, id), "the filter has no place for it here");
        }
        world.stop().await;
    });
}

#[test]
fn a_row_that_leaves_waits_for_the_work_on_it() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let contact = ids(&world, OWNED).await[1];
        world.sql("UPDATE crm.contact SET city = 'Elsewhere' WHERE id = $1", contact).await;
        device.run(&["sync"]).await.expect(0);
        // The group is open, so nothing of it is sent; meanwhile the row leaves.
        device.write(&format!(
            "INSERT INTO sojourn_group (marker) VALUES ('start');
             UPDATE contact SET last_name = 'Mine' WHERE id = '{contact}'"
        ));
        let added = device.run(&[&FILTER[..], &["--sync"]].concat()).await.expect(0);
        assert_eq!((number(&added, "unsent"), &added["sync"]["left"]["waiting"]), (1, &1.into()), "{added}");
        device.write("INSERT INTO sojourn_group (marker) VALUES ('stop')");
        synced(&world, 1).await;
        let last_name = sqlx::query_scalar::<_, String>("SELECT last_name FROM crm.contact WHERE id = $1");
        let last_name = last_name.bind(contact).fetch_one(world.admin()).await.expect("it is there");
        assert_eq!(last_name, "Mine");
        assert!(!holds(device, contact));
        world.stop().await;
    });
}

#[test]
fn a_row_that_is_written_into_the_filter_comes_back() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let contact = ids(&world, OWNED).await[2];
        device.run(&[&FILTER[..], &["--sync"]].concat()).await.expect(0);
        device.write(&format!("UPDATE contact SET city = 'Elsewhere' WHERE id = '{contact}'"));
        synced(&world, 1).await;
        assert!(!holds(device, contact));
        world.sql("UPDATE crm.contact SET city = 'Oulu' WHERE id = $1", contact).await;
        synced(&world, 0).await;
        assert!(holds(device, contact));
        world.stop().await;
    });
}

#[test]
fn of_many_rows_made_here_those_in_the_filter_stay() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        device.run(&[&FILTER[..], &["--sync"]].concat()).await.expect(0);
        // More than one request can ask for.
        device.write(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1300)
             INSERT INTO contact (last_name, city, owner_id)
             SELECT 'New ' || i, iif(i % 2, 'Elsewhere', 'Oulu'), '{}' FROM n",
            device.user_id
        ));
        let sync = synced(&world, 1300).await;
        assert_eq!(super::moved(&sync), [650, 650], "each comes or goes once: {sync}");
        assert_eq!(super::moved(&device.run(&["sync"]).await.expect(0)), [0, 0]);
        world.stop().await;
    });
}
