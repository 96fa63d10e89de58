//! Named commands are carried out at once where the server is there, and never half.

use serde_json::json;
use sojourn_dev::samples;
use sojourn_dev::stack::{Config, StackPlan};
use uuid::Uuid;

use super::assert_refused;
use crate::support::{World, WorldPlan, run};

const STAGE: &str = "SELECT stage::text FROM crm.opportunity WHERE id = $1";

/// A world with the sample's plug-in and one device that is offline, and two opportunities of its user.
async fn offline() -> (World, [Uuid; 2]) {
    let config = || Config::Text(samples::CRM_CONFIG_WITH_PLUGIN.to_owned());
    let world = WorldPlan::of(&[|people| people.sales[0].id]);
    let world = world.with(move |plan| StackPlan { config: config(), ..plan }.plugin(samples::crm_plugin()));
    let world = world.start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    let select = "SELECT id FROM crm.opportunity WHERE owner_id = $1 AND stage <> 'won' ORDER BY id LIMIT 2";
    let ids = sqlx::query_scalar(select).bind(world.devices[0].user_id).fetch_all(world.admin()).await;
    let ids: Vec<Uuid> = ids.expect("the statement runs");
    (world, ids.try_into().expect("the sample gives a salesman opportunities"))
}

async fn stage(world: &World, id: Uuid) -> String {
    sqlx::query_scalar(STAGE).bind(id).fetch_one(world.admin()).await.expect("it is there")
}

#[test]
fn a_command_is_carried_out_at_once_or_waits() {
    run(async {
        let (world, [now, later]) = offline().await;
        let (device, [first, second]) = (&world.devices[0], [now.to_string(), later.to_string()]);
        let done = device.run(&["invoke", "opportunity", &first, "close_as_won"]).await.expect(0);
        assert_eq!((&done["verdict"]["verdict"], &done["name"]), (&json!("applied"), &json!("close_as_won")), "{done}");
        assert_eq!(stage(&world, now).await, "won");
        let waits = ["invoke", "opportunity", &second, "close_as_won", "--offline", "--set", "note=signed"];
        let waits = device.run(&waits).await.expect(0);
        assert_eq!((&waits["verdict"], &waits["parameters"]), (&json!(null), &json!({"note": "signed"})), "{waits}");
        assert_ne!(stage(&world, later).await, "won");
        device.run(&["sync"]).await.expect(0);
        assert_eq!(stage(&world, later).await, "won");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_cannot_be_carried_out_is_not_enqueued() {
    run(async {
        let (world, [opportunity, _]) = offline().await;
        let (device, id) = (&world.devices[0], opportunity.to_string());
        let wrong: [(&[&str], &[&str]); 3] = [
            (&["opportunity", &id, "close"], &["opportunity has no command \"close\"", "it has: close_as_won"]),
            (&["contact", &id, "close_as_won"], &["contact has no command", "none beside"]),
            (&["ship", &id, "close_as_won"], &["no entity \"ship\""]),
        ];
        for (args, words) in wrong {
            assert_refused(&device.run(&[&["invoke"], args].concat()).await, 1, words);
            assert_refused(&device.run(&[&["invoke"], args, &["--offline"]].concat()).await, 1, words);
        }
        assert_refused(&device.run(&["invoke", "opportunity", "x", "close_as_won"]).await, 2, &["<ID>"]);
        device.write("INSERT INTO sojourn_group (marker) VALUES ('start')");
        let invoke = ["invoke", "opportunity", &id, "close_as_won", "--patience", "5"];
        assert_refused(&device.run(&invoke).await, 1, &["the group of queue entry 1 is open"]);
        device.write("INSERT INTO sojourn_group (marker) VALUES ('stop')");
        // Nobody is at the address that the device knows.
        let away = world.devices[0].home().join("credentials.json");
        let known = std::fs::read_to_string(&away).expect("the device has credentials");
        let mut credentials: serde_json::Value = serde_json::from_str(&known).expect("JSON");
        credentials["nats_url"] = json!("nats://127.0.0.1:1");
        std::fs::write(&away, credentials.to_string()).expect("it can be written");
        assert_refused(&device.run(&invoke).await, 1, &["nothing was enqueued", "127.0.0.1:1"]);
        let queue = device.run(&["queue"]).await.expect(0);
        assert_eq!(queue["summary"]["waiting"], 0, "{queue}");
        world.stop().await;
    });
}
