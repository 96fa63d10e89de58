//! A disk that takes no more: the agent says so, changes nothing that was there, and goes on when there is room.
//!
//! A process that may write no file beyond a size stands for a full disk: whoever is not root cannot make a small one.

use std::process::Command;

use serde_json::Value;

use super::{assert_refused, ran};
use crate::support::{Device, WorldPlan, run};

/// What every refusal for want of room must say.
const WORDS: [&str; 2] = ["sojourn.db", "try again"];

/// The agent's command line, with no file written beyond this many blocks of 512 bytes.
fn limited(device: &Device, blocks: u32, args: &[&str]) -> Command {
    let agent = device.command(args);
    let mut command = Command::new("sh");
    let script = r#"ulimit -f "$1"; trap "" XFSZ; shift; exec "$@""#;
    command.args(["-c", script, "sh", &blocks.to_string()]).arg(agent.get_program()).args(agent.get_args());
    command
}

#[track_caller]
fn assert_no_room(ran: &super::Ran) {
    assert_refused(ran, 1, &WORDS);
    let named = ["full", "limit"].iter().any(|word| ran.talk.contains(word));
    assert!(named, "it does not say what is wrong: {}", ran.talk);
}

/// What the device is and holds, but for the session under way.
async fn look(device: &Device) -> Value {
    let mut status = device.run(&["status"]).await.expect(0);
    status.as_object_mut().expect("an object").remove("session");
    let queue = device.run(&["queue"]).await.expect(0);
    serde_json::json!({ "status": status, "queue": queue })
}

#[test]
fn a_first_load_that_does_not_fit_is_refused_and_goes_on_when_it_does() {
    run(async {
        let world = WorldPlan::of(&[|people| people.ceo.id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        for blocks in [1, 200, 1000] {
            assert_no_room(&ran(limited(device, blocks, &["go-offline"])).await);
            let status = device.run(&["status"]).await.expect(0);
            assert_eq!(status["mode"], "online", "{status}");
        }
        device.run(&["go-offline"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_sync_without_room_changes_nothing_that_was_there() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        device.write("UPDATE contact SET city = 'Unsent' WHERE id = (SELECT min(id) FROM contact)");
        let change = "UPDATE crm.contact SET notes = repeat('long ', 2000) WHERE owner_id = $1";
        assert!(world.sql(change, device.user_id).await > 10);
        let before = look(device).await;
        assert_no_room(&ran(limited(device, 1, &["sync"])).await);
        assert_eq!(look(device).await, before);
        assert_no_room(&ran(limited(device, 1, &["go-online"])).await);
        assert_eq!(look(device).await, before);

        let back = device.run(&["go-online"]).await;
        assert_eq!((back.code, back.verdicts("merged")), (Some(0), 1), "beside the notes: {back:?}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_device_that_cannot_be_made_leaves_nothing_that_looks_like_one() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        let credentials = device.credentials.display().to_string();
        assert_no_room(&ran(limited(device, 8, &["init", "--credentials", &credentials])).await);
        assert!(!device.database().exists(), "half a database");
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}
