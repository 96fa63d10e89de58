//! The error centre: what was refused is shown with everything that helps, and settled.

use serde_json::{Value, json};
use uuid::Uuid;

use super::assert_refused;
use crate::support::{Device, World, WorldPlan, run};

/// The task of [`refused`].
const TASK: &str = "00000000-0000-4000-8000-0000000007a5";
const CITY: &str = "SELECT city FROM crm.contact WHERE id = $1";

/// A world with one device that is offline, and a contact of its user.
pub(super) async fn offline() -> (World, Uuid) {
    let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    let select = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1";
    let contact = sqlx::query_scalar(select).bind(world.devices[0].user_id).fetch_one(world.admin()).await;
    (world, contact.expect("the sample gives a salesman contacts"))
}

/// A conflict (1), a refused create (2), an update that waits for it (3), and a refused delete (4).
async fn refused() -> (World, Uuid) {
    let (world, contact) = offline().await;
    let (device, boss) = (&world.devices[0], world.people.ceo.id);
    device.write(&format!(
        "UPDATE contact SET city = 'Graz' WHERE id = '{contact}';
         INSERT INTO task (id, subject, percent_complete, owner_id) VALUES ('{TASK}', 'Pack', 110, '{}');
         UPDATE task SET subject = 'Unpack' WHERE id = '{TASK}';
         DELETE FROM system_user WHERE id = '{boss}';",
        device.user_id
    ));
    world.sql("UPDATE crm.contact SET city = 'Innsbruck' WHERE id = $1", contact).await;
    let online = device.run(&["go-online"]).await;
    assert_eq!(online.answer["errors"], json!({"refused": 3, "parked": 1}), "{online:?}");
    online.expect(3);
    (world, contact)
}

/// Runs `errors …` and gives the answer.
async fn errors(device: &Device, args: &[&str]) -> Value {
    device.run(&[&["errors"], args].concat()).await.expect(0)
}

#[test]
fn what_was_refused_is_shown_and_settled() {
    run(async {
        let (world, contact) = refused().await;
        let device = &world.devices[0];
        let list = errors(device, &[]).await;
        let of = |field: &str| -> Vec<Value> {
            list["errors"].as_array().into_iter().flatten().map(|error| error[field].clone()).collect()
        };
        assert_eq!(of("number"), [1, 2, 3, 4], "{list}");
        assert_eq!(of("verdict"), ["conflict", "rejected", "parked", "rejected"]);
        assert_eq!(of("waits_for"), [json!(null), json!(null), json!(2), json!(null)]);
        assert_eq!(of("attribute")[1], "percent_complete");
        assert_eq!(of("text")[..3], ["Graz", "Pack", "Unpack"]);
        let conflict = errors(device, &["show", "1"]).await;
        let [only] = conflict["conflicts"].as_array().expect("a list").as_slice() else { panic!("{conflict}") };
        assert_eq!([&only["attribute"], &only["mine"], &only["theirs"]], ["city", "Graz", "Innsbruck"]);
        let home = device.home().display().to_string();
        let keep = format!("sojourn-agent errors keep-mine 1 --home {home}");
        assert_eq!(conflict["settlements"][0]["command"], keep, "{conflict}");

        errors(device, &["keep-mine", "1"]).await;
        let fixed = errors(device, &["fix", "2", "--set", "percent_complete=100", "--set", "description="]).await;
        assert_eq!((&fixed["entries"], &fixed["released"]), (&json!([2]), &json!([3])), "{fixed}");
        let discarded = errors(device, &["discard", "4"]).await;
        assert_eq!(discarded["left"], json!({"refused": 0, "parked": 0}), "{discarded}");

        let sync = device.run(&["sync"]).await;
        let queue = &sync.answer["queue"];
        assert_eq!((sync.code, &queue["operations"], &queue["given_up"]), (Some(0), &json!(3), &json!(1)), "{sync:?}");
        let city: Option<String> =
            sqlx::query_scalar(CITY).bind(contact).fetch_one(world.admin()).await.expect("it is");
        assert_eq!(city.as_deref(), Some("Graz"));
        let task = "SELECT subject || percent_complete || description FROM crm.task WHERE id = $1::uuid";
        let task: String = sqlx::query_scalar(task).bind(TASK).fetch_one(world.admin()).await.expect("it is there");
        assert_eq!(task, "Unpack100");
        assert_eq!(device.run(&["status"]).await.expect(0)["errors"], json!({"refused": 0, "parked": 0}));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    run(async {
        let (world, _) = refused().await;
        let device = &world.devices[0];
        let before = errors(device, &["list"]).await;
        let wrong: [(&[&str], i32, &[&str]); 10] = [
            (&["show", "99"], 1, &["entry 99", "refused are: 1, 2, 3, 4"]),
            (&["retry", "99"], 1, &["entry 99", "refused are: 1, 2, 3, 4"]),
            (&["retry", "3"], 1, &["because of entry 2"]),
            (&["fix", "2", "--set", "percent_complete=much"], 1, &["task.percent_complete", "whole number"]),
            (&["fix", "2", "--set", "percent=7"], 1, &["task has no attribute"]),
            (&["fix", "2", "--set", "subject=a", "--unset", "subject"], 1, &["subject is given twice"]),
            (&["fix", "2", "--set", "subject"], 2, &["attribute=value"]),
            (&["fix", "2"], 2, &["--set"]),
            (&["keep-mine", "2"], 1, &["there is no conflict"]),
            (&["export", "refused.txt"], 1, &["neither .json nor .csv"]),
        ];
        for (args, code, words) in wrong {
            assert_refused(&device.run(&[&["errors"], args].concat()).await, code, words);
        }
        assert_refused(
            &device.run(&["errors", "discard", "--all"]).await,
            1,
            &["3 refused, 1 parked", "cannot be undone", "--yes"],
        );
        assert_eq!(errors(device, &["list"]).await, before);
        world.stop().await;
    });
}

#[test]
fn everything_can_be_taken_from_the_server_or_sent_again_or_given_up() {
    run(async {
        let (world, contact) = refused().await;
        let device = &world.devices[0];
        errors(device, &["take-theirs", "1"]).await;
        let again = errors(device, &["retry", "--all"]).await;
        assert_eq!((&again["entries"], &again["left"]["refused"]), (&json!([2, 3, 4]), &json!(0)), "{again}");
        let sync = device.run(&["sync"]).await;
        assert_eq!(sync.answer["errors"], json!({"refused": 2, "parked": 1}), "{sync:?}");
        sync.expect(3);
        let queue = device.run(&["go-online", "--on-errors", "finish"]).await.expect(3);
        assert_eq!(queue["queue"]["operations"], 0, "what is not settled is told again: {queue}");
        let city: Option<String> =
            sqlx::query_scalar(CITY).bind(contact).fetch_one(world.admin()).await.expect("it is");
        assert_eq!(city.as_deref(), Some("Innsbruck"));
        device.give_up_refused().await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_delete_in_conflict_shows_what_was_changed_on_the_server() {
    run(async {
        let (world, _) = offline().await;
        let device = &world.devices[0];
        let user = device.user_id;
        device.write(&format!("INSERT INTO task (id, subject, owner_id) VALUES ('{TASK}', 'Pack', '{user}')"));
        device.run(&["sync"]).await.expect(0);
        device.write(&format!("DELETE FROM task WHERE id = '{TASK}'"));
        let task: Uuid = TASK.parse().expect("an id");
        world.sql("UPDATE crm.task SET subject = 'Repack' WHERE id = $1", task).await;
        device.run(&["go-online"]).await.expect(3);
        let list = errors(device, &[]).await;
        let conflict = &list["errors"][0];
        assert_eq!((&conflict["deleted"], &conflict["text"]), (&json!("mine"), &json!("Pack")), "{list}");
        let subject = json!({"attribute": "subject", "yours": "Pack", "theirs": "Repack"});
        let changed = conflict["changed"].as_array().expect("a list");
        assert!(changed.contains(&subject), "{list}");
        device.give_up_refused().await;
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn everything_can_be_handed_over_as_files() {
    run(async {
        let (world, contact) = offline().await;
        let (device, boss) = (&world.devices[0], world.people.ceo.id);
        device.write(&format!(
            "INSERT INTO annotation (subject, body, owner_id, contact_id) VALUES ('a, b', x'aabbcc', '{boss}', '{contact}')"
        ));
        device.run(&["go-online"]).await.expect(3);
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let read = |name: &str| std::fs::read(folder.path().join(name)).expect("it was written");
        let (json, csv) = (file("refused.json"), file("refused.csv"));
        let told = errors(device, &["export", &json]).await;
        assert_eq!(told["counts"], json!({"refused": 1, "parked": 0}), "{told}");
        assert_eq!((&told["operations"], &told["attachments"][0]), (&json!(1), &json!(file("refused-1-body.bin"))));
        let written: Value = serde_json::from_slice(&read("refused.json")).expect("JSON");
        let operation = &written["operations"][0];
        assert_eq!(operation["data"]["body"], json!({"file": "refused-1-body.bin", "bytes": 3}), "{written}");
        assert_eq!((&operation["verdict"], &operation["data"]["subject"]), (&json!("rejected"), &json!("a, b")));
        assert_eq!(read("refused-1-body.bin"), [0xaa, 0xbb, 0xcc]);
        std::fs::write(&json, "mine").expect("the folder can be written");
        assert_refused(&device.run(&["errors", "export", &json]).await, 1, &["refused.json exists already", "--force"]);
        assert_eq!(read("refused.json"), b"mine");
        errors(device, &["export", &csv, "--force"]).await;
        let text = String::from_utf8(read("refused.csv")).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() == 2 && lines[0].starts_with("number,operation,captured_at,command"), "{text}");
        assert!(lines[0].contains("rule,conflicts,candidates,"), "{text}");
        assert!(lines[1].starts_with("1,1,") && lines[1].contains(r#""{""body"":"#), "{text}");
        let nowhere = file("no/such/folder.json");
        assert_refused(&device.run(&["errors", "export", &nowhere]).await, 1, &["cannot write", "folder.json"]);
        world.stop().await;
    });
}
