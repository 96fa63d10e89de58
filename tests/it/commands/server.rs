//! A server that cannot be used is named, with the next step; the device keeps what it has.

use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;

use super::{assert_refused, ran};
use crate::support::{WorldPlan, agent, run};

/// Sets a device up with credentials that are changed in one field.
async fn device_with(folder: &Path, credentials: &Path, field: &str, value: &str) -> std::path::PathBuf {
    let text = std::fs::read_to_string(credentials).expect("the credentials are there");
    let mut file: Value = serde_json::from_str(&text).expect("they are JSON");
    file[field] = value.into();
    let path = folder.join("changed.json");
    std::fs::write(&path, file.to_string()).expect("the folder can be written");
    let home = folder.join("home");
    ran(agent(&home, &["init", "--credentials", &path.display().to_string()])).await.expect(0);
    home
}

/// Who needs the server hears these words, and the device stays online and empty.
async fn assert_no_server(home: &Path, words: &[&str]) {
    assert_refused(&ran(agent(home, &["go-offline", "--patience", "1"])).await, 1, words);
    let status = ran(agent(home, &["status"])).await.expect(0);
    assert_eq!((&status["mode"], &status["metadata_version"]), (&Value::from("online"), &Value::Null), "{status}");
}

#[test]
fn a_server_that_is_not_there_or_does_not_answer_is_named() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let credentials = &world.devices[0].credentials;
        let gone = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address").to_string();
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mute = silent.local_addr().expect("its address").to_string();
        let case = async |address: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let home = device_with(folder.path(), credentials, "nats_url", &format!("nats://{address}")).await;
            assert_no_server(&home, &["no NATS at", address, "is the server running"]).await;
        };
        tokio::join!(case(&gone), case(&mute));
        world.stop().await;
    });
}

#[test]
fn a_server_that_does_not_know_the_device_is_named() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let elsewhere = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = &elsewhere.devices[0].credentials;
        let url = world.stack.nats_url();
        let home = device_with(folder.path(), credentials, "nats_url", &url).await;
        assert_no_server(&home, &["not authorised", &url, "nkey"]).await;
        world.stop().await;
        elsewhere.stop().await;
    });
}

#[test]
fn an_address_that_is_none_is_shown_without_its_password() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = &world.devices[0].credentials;
        let home = device_with(folder.path(), credentials, "nats_url", "nats://me:hunter2@host:port").await;
        let refused = ran(agent(&home, &["go-offline"])).await;
        assert_refused(&refused, 1, &["is no address of NATS", "nats://HOST:PORT"]);
        assert!(!refused.talk.contains("hunter2"), "{}", refused.talk);
        world.stop().await;
    });
}

#[test]
fn a_device_that_is_not_enrolled_any_more_is_told_so() {
    run(async {
        let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let held = device.run(&["status"]).await.expect(0)["rows"].clone();
        let revoke = "UPDATE sojourn.subscription SET status = 'revoked' WHERE user_id = $1";
        assert_eq!(world.sql(revoke, device.user_id).await, 1);
        assert_refused(&device.run(&["sync"]).await, 1, &["the server refuses", "revoked", "administrator"]);
        device.write("UPDATE contact SET city = 'Nowhere' WHERE id = (SELECT min(id) FROM contact)");
        assert_refused(&device.run(&["go-online"]).await, 1, &["the server refuses", "revoked"]);
        let status = device.run(&["status"]).await.expect(0);
        assert_eq!((&status["mode"], &status["rows"]), (&Value::from("offline"), &held), "{status}");

        let restore = "UPDATE sojourn.subscription SET status = 'active' WHERE user_id = $1";
        assert_eq!(world.sql(restore, device.user_id).await, 1);
        let back = device.run(&["go-online"]).await;
        assert_eq!((back.code, back.verdicts("applied")), (Some(0), 1), "{back:?}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}
