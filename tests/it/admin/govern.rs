//! Subscriptions are listed as they are, and obey.

use serde_json::Value;
use sojourn_prepare::subscription_enroll;

use super::{admin, assert_refused, offline, owned_contact, synced, told};
use crate::support::{Ran, World, run};

/// The contact's line in what is shown of the subscription.
fn contact(shown: &Value) -> Value {
    let entities = shown["entities"].as_array().expect("a list");
    entities.iter().find(|entity| entity["entity"] == "contact").expect("contact is offline").clone()
}

async fn shown(world: &World) -> Value {
    admin(world, &["subscriptions", "show", world.devices[0].subscription.as_str()]).await.expect(0)
}

async fn govern(world: &World, verb: &str, more: &[&str]) -> Ran {
    let id = world.devices[0].subscription.as_str();
    admin(world, &[&["subscriptions", verb, id], more].concat()).await
}

/// Makes the server believe that the device has another version of a contact: only who evaluates everything notices.
async fn forge_entry(world: &World) {
    let number: i64 = sqlx::query_scalar("SELECT number FROM sojourn.subscription WHERE user_id = $1")
        .bind(world.devices[0].user_id)
        .fetch_one(world.admin())
        .await
        .expect("the subscription");
    assert_eq!(number, 1, "a world of one device has one sync entry table");
    let forged = "UPDATE sojourn.sync_entry_1 SET version = '3'
                   WHERE object_id = (SELECT object_id FROM sojourn.sync_state_1 WHERE object_id = $1 AND sync_state = 0)";
    assert_eq!(world.sql(forged, owned_contact(world, 0).await).await, 1);
}

#[test]
fn what_is_listed_and_shown_is_what_the_device_has() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let held = world.assert_converged(0).await;
        let listed = admin(&world, &["subscriptions", "list"]).await.expect(0);
        let line = &listed["subscriptions"][0];
        assert_eq!(line["id"], device.subscription.as_str(), "{listed}");
        assert_eq!((line["status"].as_str(), line["type"].as_str()), (Some("active"), Some("offline")));
        assert_eq!(line["user_id"], device.user_id.to_string());
        assert_eq!((line["rows_synchronised"].as_u64(), line["rows_pending"].as_u64()), (Some(held), Some(0)));
        assert_eq!(line["devices"][0]["client"], device.agent.as_str());
        assert_eq!((&line["devices"][0]["primary"], line["filters"].as_u64()), (&Value::Bool(true), Some(0)));
        assert!(line["last_prepare"].as_str().is_some_and(|when| when.ends_with('Z')), "{line}");

        let before = shown(&world).await;
        assert_eq!(contact(&before)["next"], "0 changed rows", "{before}");
        assert_eq!(before["sessions"][0]["state"], "finished", "{before}");
        assert_eq!(before["sessions"][0]["inserts"], 0, "after the first load it looked once more: {before}");
        assert_eq!(before["sessions"][1]["inserts"].as_u64(), Some(held));
        assert!(before["watermark"]["transactions_behind"].as_i64().is_some_and(|behind| behind >= 0), "{before}");
        let change = "UPDATE crm.contact SET last_name = 'Changed' WHERE id = $1";
        world.sql(change, owned_contact(&world, 0).await).await;
        assert_eq!(contact(&shown(&world).await)["next"], "1 changed rows");
        assert_eq!(synced(&world).await, [1, 0]);

        let text = told(&world, &["subscriptions", "list"]).await;
        assert!(text.contains(&format!("{}*", device.agent)), "{text}");
        let text = told(&world, &["subscriptions", "show", device.subscription.as_str()]).await;
        assert!(text.contains("Watermark") && text.contains("finished") && text.contains("0 changed rows"), "{text}");
        world.stop().await;
    });
}

#[test]
fn who_asks_for_everything_gets_everything_evaluated() {
    run(async {
        let world = offline().await;
        forge_entry(&world).await;
        assert_eq!(synced(&world).await, [0, 0], "no change leads there");
        let asked = govern(&world, "full", &["--entity", "contact"]).await.expect(0);
        assert_eq!(asked["effect"], "the next prepare evaluates everything of contact", "{asked}");
        let before = shown(&world).await;
        assert_eq!(contact(&before)["next"], "everything: it was asked for", "{before}");
        let others = before["entities"].as_array().expect("a list").iter();
        assert_eq!(others.filter(|entity| entity["next"] == "0 changed rows").count(), 15, "{before}");
        assert_eq!(synced(&world).await, [1, 0]);
        assert_eq!(contact(&shown(&world).await)["next"], "0 changed rows", "once is enough");
        let nobody = govern(&world, "full", &["--entity", "contct"]).await;
        assert_refused(&nobody, &["there is no entity \"contct\"", "contact"]);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn an_expired_subscription_evaluates_everything_and_is_active_again() {
    run(async {
        let world = offline().await;
        forge_entry(&world).await;
        let expired = govern(&world, "expire", &[]).await.expect(0);
        assert_eq!((&expired["status"], &expired["changed"]), (&"expired".into(), &true.into()), "{expired}");
        let before = shown(&world).await;
        assert!(contact(&before)["next"].as_str().is_some_and(|next| next.starts_with("everything")), "{before}");
        assert_eq!(synced(&world).await, [1, 0]);
        assert_eq!(shown(&world).await["status"], "active");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn rules_that_are_made_anew_evaluate_everything() {
    run(async {
        let world = offline().await;
        forge_entry(&world).await;
        assert_eq!(synced(&world).await, [0, 0], "nothing changed, so nothing was looked at");
        let anew = "UPDATE sojourn.dataset SET registration = registration + 1";
        sqlx::query(anew).execute(world.admin()).await.expect("the administrator may");
        assert_eq!(synced(&world).await, [1, 0]);
        world.stop().await;
    });
}

#[test]
fn work_of_an_expired_subscription_is_played_back() {
    run(async {
        let world = offline().await;
        let contact = owned_contact(&world, 0).await;
        world.devices[0].write(&format!("UPDATE contact SET first_name = 'Late' WHERE id = '{contact}'"));
        govern(&world, "expire", &[]).await.expect(0);
        let ran = world.devices[0].run(&["go-online"]).await;
        assert_eq!(ran.verdicts("applied"), 1, "{ran:?}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_revoked_subscription_is_refused_until_it_is_readmitted() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        govern(&world, "revoke", &[]).await.expect(0);
        let refused = device.run(&["sync"]).await;
        assert_refused(&refused, &["was revoked: ask the administrator"]);
        assert_eq!(shown(&world).await["refused"], "the subscription is revoked");
        let expire = govern(&world, "expire", &[]).await;
        // It would be a way back in.
        assert_refused(&expire, &["subscriptions readmit"]);
        let again = govern(&world, "revoke", &[]).await.expect(0);
        assert_eq!(again["changed"], false, "{again}");

        govern(&world, "readmit", &[]).await.expect(0);
        assert_eq!(synced(&world).await, [0, 0]);
        world.assert_converged(0).await;
        let unknown = admin(&world, &["subscriptions", "revoke", "nobody"]).await;
        assert_refused(&unknown, &["there is no subscription nobody"]);
        assert!(unknown.answer["error"].as_str().is_some_and(|words| unknown.talk.contains(words)), "{unknown:?}");
        world.stop().await;
    });
}

#[test]
fn exactly_one_device_is_the_primary_client() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let phone = "phone".parse().expect("an id");
        let mut connection = world.admin().acquire().await.expect("a connection");
        subscription_enroll(&mut connection, "crm", device.user_id, &device.subscription, &phone, "phone")
            .await
            .expect("it is enrolled");
        drop(connection);
        let switched = govern(&world, "primary", &["phone"]).await.expect(0);
        assert_eq!(switched["changed"], true, "{switched}");
        let refused = device.run(&["sync"]).await;
        let next = format!("sojourn-admin subscriptions primary {} {}", device.subscription, device.agent);
        assert_refused(&refused, &["another device synchronises the subscription", &next]);
        let devices = shown(&world).await["devices"].clone();
        assert_eq!((&devices[0]["client"], &devices[0]["primary"]), (&"phone".into(), &true.into()), "{devices}");
        assert_eq!((&devices[1]["primary"], &devices[2]), (&false.into(), &Value::Null), "{devices}");

        let unknown = govern(&world, "primary", &["tablet"]).await;
        assert_refused(&unknown, &["tablet is no device", "phone"]);
        govern(&world, "primary", &[device.agent.as_str()]).await.expect(0);
        assert_eq!(synced(&world).await, [0, 0]);
        world.stop().await;
    });
}
