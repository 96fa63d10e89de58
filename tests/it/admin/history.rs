//! What the administrator hears of sessions is what their devices say.

use serde_json::{Value, json};

use super::{admin, assert_refused, offline, told};
use crate::support::run;

/// What both sides count of a session.
const COUNTS: [&str; 6] = ["rows", "deletes", "batches", "retries", "wire_bytes", "row_bytes"];

#[test]
fn the_server_tells_of_a_session_what_its_device_does() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let own = device.run(&["history"]).await.expect(0);
        let first = own["sessions"].as_array().and_then(|sessions| sessions.last()).expect("a session");
        let id = first["session"].as_str().expect("an id");
        let listed = admin(&world, &["history", device.subscription.as_str()]).await.expect(0);
        let of = |session: &&Value| session["session"] == first["session"];
        let seen = listed["sessions"].as_array().expect("a list").iter().find(of).expect("it is listed");
        for count in COUNTS {
            assert_eq!(seen[count], first["moved"][count], "{count}: {listed} and {own}");
        }
        assert_eq!((&seen["state"], &seen["elapsed_ms"]), (&json!("finished"), &first["elapsed_ms"]), "{listed}");
        assert_eq!(seen["prepare_ms"], first["prepare_ms"], "{listed} and {own}");

        let detail = admin(&world, &["history", "--session", &id[..13]]).await.expect(0);
        let entities = detail["entities"].as_array().expect("a list");
        let theirs = first["entities"].as_array().expect("a list");
        assert_eq!(entities.len(), theirs.len(), "{detail} and {own}");
        for entity in entities {
            let of = |their: &&Value| their["entity"] == entity["entity"];
            let their = theirs.iter().find(of).expect("both know it");
            assert_eq!(entity["inserts"], their["planned"]["insert"], "{detail} and {own}");
            assert_eq!(entity["load_us"], their["device"]["load_us"], "{detail} and {own}");
            assert_eq!(entity["read_us"], their["server"]["read_us"], "{detail} and {own}");
            assert!(entity["first_at"].as_str() <= entity["last_at"].as_str(), "{detail}");
            COUNTS.iter().for_each(|count| assert_eq!(entity[count], their[count], "{count}: {detail} and {own}"));
        }
        let text = told(&world, &["history", "--session", id]).await;
        assert!(text.contains("complete") && text.contains("contact") && text.contains("fetch"), "{text}");
        world.stop().await;
    });
}

#[test]
fn a_session_that_is_not_there_is_named() {
    run(async {
        let world = offline().await;
        let missing = "ffffffff-ffff-ffff-ffff-ffffffffffff";
        assert_refused(&admin(&world, &["history", "--session", missing]).await, &[missing, "history"]);
        assert_refused(&admin(&world, &["history", "nobody"]).await, &["nobody", "subscriptions list"]);
        let several = admin(&world, &["history", "--session", ""]).await;
        assert_refused(&several, &["more than one session"]);
        world.stop().await;
    });
}
