//! What sessions did is remembered on the device, and told without a server.

use std::process::Command;

use serde_json::{Value, json};

use super::{assert_refused, ran};
use crate::support::{Device, World, WorldPlan, agent, run};

async fn world() -> World {
    WorldPlan::of(&[|people| people.sales[0].id]).with(|plan| plan.batch_rows(50)).start().await
}

/// What a person is shown.
async fn text(device: &Device, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    command.arg("agent").args(args).arg("--home").arg(device.home());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    String::from_utf8(output.expect("the agent starts").stdout).expect("text")
}

fn number(value: &Value, field: &str) -> u64 {
    value[field].as_u64().unwrap_or_else(|| panic!("{field} of {value}"))
}

#[test]
fn each_session_is_remembered_with_what_it_moved() {
    run(async {
        let world = world().await;
        let device = &world.devices[0];
        device.init().await;
        let none = device.run(&["history"]).await.expect(0);
        assert_eq!(none["sessions"], json!([]), "{none}");
        let gone = device.run(&["go-offline"]).await.expect(0);
        device.run(&["sync"]).await.expect(0);
        let told = device.run(&["history"]).await.expect(0);
        let sessions = told["sessions"].as_array().expect("a list");
        let [newest, .., first] = sessions.as_slice() else { panic!("one of each command: {told}") };
        assert!(newest["started_at"].as_str() > first["started_at"].as_str(), "newest first: {told}");
        assert!(sessions.iter().all(|session| session["outcome"] == "complete"), "{told}");
        assert_eq!(newest["moved"]["rows"], json!(0), "{told}");
        let sum = |field: &str| sessions.iter().map(|session| number(&session["moved"], field)).sum::<u64>();
        assert_eq!((sum("rows"), sum("batches")), (number(&gone["data"], "rows"), number(&gone["data"], "batches")));
        for entity in first["entities"].as_array().expect("a list") {
            assert_consistent(entity, number(first, "elapsed_ms"));
        }
        let one = text(device, &["history", "--session", &first["session"].as_str().expect("an id")[..8]]).await;
        for word in ["complete", "account", "insert", "fetch", "load"] {
            assert!(one.contains(word), "{word:?} is missing:\n{one}");
        }
        world.stop().await;
    });
}

/// What a first load of an entity must say of itself.
#[track_caller]
fn assert_consistent(entity: &Value, elapsed_ms: u64) {
    assert_eq!(number(entity, "rows"), number(&entity["planned"], "insert"), "{entity}");
    let (first, last) = (number(entity, "first_ms"), number(entity, "last_ms"));
    assert!(first <= last && last <= elapsed_ms + 1, "{entity} in {elapsed_ms} ms");
    assert!(number(entity, "batches") > 0 && number(entity, "wire_bytes") > 0 && number(entity, "row_bytes") > 0);
    assert_eq!((number(entity, "deletes"), number(entity, "retries")), (0, 0), "{entity}");
    let stages = ["read_us", "encode_us", "store_us"].map(|stage| number(&entity["server"], stage));
    assert!(stages.iter().sum::<u64>() > 0, "the server took its time: {entity}");
    let stages = ["fetch_us", "decode_us", "load_us"].map(|stage| number(&entity["device"], stage));
    assert!(stages.iter().sum::<u64>() > 0, "the device took its time: {entity}");
}

#[test]
fn a_session_that_is_not_remembered_is_named() {
    run(async {
        let world = world().await;
        let device = &world.devices[0];
        device.init().await;
        let refused = device.run(&["history", "--session", "3f0c"]).await;
        assert_refused(&refused, 1, &["\"3f0c\"", "sojourn-agent history"]);
        assert_refused(&device.run(&["history", "--limit", "0"]).await, 2, &["--limit"]);
        let elsewhere = tempfile::tempdir().expect("a folder");
        let nowhere = ran(agent(&elsewhere.path().join("home"), &["history"])).await;
        assert_refused(&nowhere, 1, &["does not exist", "sojourn-agent init"]);
        world.stop().await;
    });
}
