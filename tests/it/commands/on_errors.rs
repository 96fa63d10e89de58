//! The documents' three choices for going online with errors, and asking beforehand what would be refused.

use serde_json::json;
use uuid::Uuid;

use super::errors::offline;
use crate::support::{Device, World, run};

const BROKEN: &str = "SELECT count(*) FROM crm.task WHERE percent_complete = 110 AND owner_id = $1";

/// Writes a task that a CHECK of the server forbids.
fn write_broken(device: &Device) {
    let user = device.user_id;
    device.write(&format!("INSERT INTO task (subject, percent_complete, owner_id) VALUES ('Pack', 110, '{user}')"));
}

async fn broken(world: &World) -> i64 {
    let user: Uuid = world.devices[0].user_id;
    sqlx::query_scalar(BROKEN).bind(user).fetch_one(world.admin()).await.expect("the statement runs")
}

#[test]
fn one_may_stay_offline_send_again_or_go_on_without() {
    run(async {
        let (world, contact) = offline().await;
        let device = &world.devices[0];
        write_broken(device);
        world.sql("UPDATE crm.contact SET city = 'Innsbruck' WHERE id = $1", contact).await;
        let stayed = device.run(&["go-online", "--on-errors", "stay"]).await.expect(3);
        assert_eq!([&stayed["answer"], &stayed["mode"]], ["stayed_offline", "offline"], "{stayed}");
        assert_eq!(stayed["data"]["rows"], 1, "what changed is loaded all the same: {stayed}");
        assert_eq!(device.run(&["status"]).await.expect(0)["mode"], "offline");
        device.run(&["go-online", "--on-errors", "stay"]).await.expect(3);

        let again = device.run(&["go-online", "--on-errors", "retry"]).await.expect(3);
        assert_eq!([&again["answer"], &again["mode"]], ["gone_online", "online"], "{again}");
        assert_eq!(again["retried"]["verdicts"], json!({"rejected": 1}), "{again}");

        device.run(&["go-offline"]).await.expect(0);
        let finished = device.run(&["go-online"]).await.expect(3);
        assert_eq!([&finished["mode"], &finished["errors"]["refused"]], [&json!("online"), &json!(1)], "{finished}");

        let lifted = "ALTER TABLE crm.task DROP CONSTRAINT task_percent_complete_check";
        sqlx::query(lifted).execute(world.admin()).await.expect("the rule is lifted");
        let again = device.run(&["go-online", "--on-errors", "retry"]).await.expect(0);
        assert_eq!(again["retried"]["verdicts"], json!({"applied": 1}), "{again}");
        assert_eq!(broken(&world).await, 1);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_dry_run_tells_the_verdicts_and_changes_nothing() {
    run(async {
        let (world, contact) = offline().await;
        let device = &world.devices[0];
        let none = device.run(&["sync", "--dry-run"]).await.expect(0);
        assert_eq!((&none["dry_run"], &none["verdicts"], &none["untried"]), (&json!(true), &json!([]), &json!(0)));
        device.write(&format!("UPDATE contact SET city = 'Graz' WHERE id = '{contact}'"));
        write_broken(device);
        world.sql("UPDATE crm.contact SET city = 'Innsbruck' WHERE id = $1", contact).await;
        let queue = device.run(&["queue"]).await.expect(0);
        for command in ["sync", "go-online"] {
            let told = device.run(&[command, "--dry-run"]).await.expect(3);
            let [conflict, rejected] = told["verdicts"].as_array().expect("a list").as_slice() else {
                panic!("{told}")
            };
            assert_eq!([&conflict["verdict"], &rejected["verdict"]], ["conflict", "rejected"], "{told}");
            assert_eq!(conflict["conflicts"][0]["theirs"], "Innsbruck");
            assert_eq!((&rejected["attribute"], &told["untried"]), (&json!("percent_complete"), &json!(0)));
        }
        assert_eq!(device.run(&["queue"]).await.expect(0), queue);
        assert_eq!(device.run(&["status"]).await.expect(0)["mode"], "offline");
        assert_eq!(broken(&world).await, 0);
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.verdicts("conflict"), online.verdicts("rejected")), (1, 1), "{online:?}");
        device.give_up_refused().await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}
