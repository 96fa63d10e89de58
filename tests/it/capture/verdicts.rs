//! Every operation gets a verdict, with a reason that a person can read; a refused one stops nothing.

use serde_json::Value;
use sojourn_agent::store::Store;
use uuid::Uuid;

use super::{LAST_NAME, offline, owned, owned_contacts, text};
use crate::support::run;

#[test]
fn a_rejected_operation_does_not_stop_the_others() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let (user, boss) = (device.user_id, world.people.ceo.id);
        device.write(&format!(
            "UPDATE contact SET last_name = 'First' WHERE id = '{}';
             INSERT INTO contact (last_name, owner_id) VALUES ('Not mine to give', '{boss}');
             UPDATE task SET percent_complete = 900 WHERE id = (SELECT id FROM task WHERE owner_id = '{user}' LIMIT 1);
             INSERT INTO contact (last_name, owner_id, account_id)
               VALUES ('Orphan', '{user}', '00000000-0000-4000-8000-000000000000');
             UPDATE contact SET last_name = 'Last' WHERE id = '{}';",
            contacts[0], contacts[1]
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!(online.code, Some(3), "{online:?}");
        assert_eq!((online.verdicts("applied"), online.verdicts("rejected")), (2, 3), "{online:?}");
        let reasons: Vec<&str> = refused(&online.answer).filter_map(|verdict| verdict["reason"].as_str()).collect();
        assert_eq!(reasons.len(), 3, "each says why: {reasons:?}");
        let attributes: Vec<&Value> = refused(&online.answer).map(|verdict| &verdict["attribute"]).collect();
        assert!(attributes[1] == "percent_complete" && attributes[2] == "account_id", "{attributes:?}");
        assert_eq!(text(&world, LAST_NAME, contacts[1]).await.as_deref(), Some("Last"));
        // The device shows what the user wants, until the user gives it up.
        world.assert_converged(0).await;
        let queue = device.run(&["queue"]).await.expect(0);
        assert_eq!(queue["summary"]["refused"], 3, "{queue}");
        let contacts = || Store::open(&device.database()).and_then(|store| store.count_rows("contact"));
        let with_refused = contacts().expect("rows can be counted");
        device.give_up_refused().await;
        assert_eq!(contacts().expect("rows can be counted"), with_refused - 2, "two creates were refused");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn work_on_a_row_waits_for_what_cannot_be_sent() {
    run(async {
        const SUBJECT: &str = "SELECT subject FROM crm.task WHERE id = $1";
        let world = offline().await;
        let device = &world.devices[0];
        let tasks = owned(&world, "SELECT id FROM crm.task WHERE owner_id = $1 ORDER BY id LIMIT 5").await;
        let [large, other] = [tasks[0], tasks[1]];
        let before = text(&world, SUBJECT, large).await;
        device.write(&format!(
            "UPDATE task SET subject = 'First', description = printf('%.*c', 2000000, 'x') WHERE id = '{large}';
             UPDATE task SET subject = 'Second' WHERE id = '{large}';
             UPDATE task SET subject = 'Other' WHERE id = '{other}';"
        ));
        let online = device.run(&["go-online"]).await;
        let verdicts = [online.verdicts("applied"), online.verdicts("rejected"), online.verdicts("parked")];
        assert_eq!((online.code, verdicts), (Some(3), [1, 1, 1]), "{online:?}");
        assert_eq!(text(&world, SUBJECT, large).await, before, "the later word waits");
        assert_eq!(text(&world, SUBJECT, other).await.as_deref(), Some("Other"));
        let listed = device.run(&["errors"]).await.expect(0);
        let waits = |index: usize| (&listed["errors"][index]["verdict"], &listed["errors"][index]["waits_for"]);
        assert_eq!(
            (waits(0), waits(1)),
            ((&"rejected".into(), &Value::Null), (&"parked".into(), &1.into())),
            "{listed}"
        );
        world.assert_converged(0).await;
        let fixed = device.run(&["errors", "fix", "1", "--set", "description=short"]).await.expect(0);
        assert_eq!(fixed["released"], serde_json::json!([2]), "{fixed}");
        let synced = device.run(&["sync"]).await.expect(0);
        assert_eq!(synced["queue"]["verdicts"]["applied"], 2, "{synced}");
        assert_eq!(text(&world, SUBJECT, large).await.as_deref(), Some("Second"), "the last word counts");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

fn refused(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["queue"]["refused"].as_array().into_iter().flatten()
}

#[test]
fn a_delete_that_is_given_up_brings_the_row_back_and_a_create_takes_it_away() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        // Users may read each other's names, and write none.
        let boss = world.people.ceo.id;
        let id = "00000000-0000-4000-8000-00000000beef";
        let unit = world.people.ceo.business_unit_id;
        device.write(&format!(
            "DELETE FROM system_user WHERE id = '{boss}';
             INSERT INTO team (id, name, business_unit_id) VALUES ('{id}', 'Us', '{unit}');
             UPDATE business_unit SET name = 'Ours' WHERE id = '{unit}';"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("rejected")), (Some(3), 3), "{online:?}");
        world.assert_converged(0).await;
        device.give_up_refused().await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_the_server_adds_comes_back() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let id = Uuid::from_u128(0x4000_8000_0000_0000_0000_cafe_u128);
        device.write(&format!(
            "INSERT INTO incident (id, title, owner_id) VALUES ('{id}', 'It broke', '{}')",
            device.user_id
        ));
        device.run(&["go-online"]).await.expect(0);
        let number = text(&world, "SELECT ticket_number FROM crm.incident WHERE id = $1", id).await;
        assert!(number.is_some(), "a trigger of the server numbers tickets");
        world.assert_converged(0).await;
        world.stop().await;
    });
}
