//! `verify` and `sync --verify`: what differs is found and named, and nothing else is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_agent::store::VERIFICATION_DUE;
use sojourn_agent::store::{Store, ValueRef};
use sojourn_runtime::nats;
use sojourn_sample_crm::People;
use sojourn_wire::message::verify::{KeyRange, MAX_VERIFY_ITEMS, VerifyOutcome, VerifyRequest, VerifyResult};
use sojourn_wire::message::{decode, encode};
use sojourn_wire::{Service, Subject};
use uuid::Uuid;

use crate::support::{Device, World, WorldPlan, run, until};

/// How long anything here may take.
const WITHIN: Duration = Duration::from_secs(60);
const ALL: KeyRange = KeyRange { after: None, to: None };

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

async fn offline(users: &[fn(&People) -> Uuid]) -> World {
    let world = WorldPlan::of(users).start().await;
    for device in &world.devices {
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
    }
    world
}

/// The ids of an entity on a device, in order.
fn ids(device: &Device, entity: &str) -> Vec<Uuid> {
    let store = Store::open(&device.database()).expect("the database opens");
    let mut ids = Vec::new();
    let visit = |id: &str, _: &[ValueRef<'_>]| ids.push(id.parse().expect("a uuid"));
    store.for_each_row(entity, visit).expect("the rows can be read");
    ids
}

/// Writes that nobody noticed: as if the file had been changed with triggers off.
fn tamper(device: &Device, sql: &str) {
    device.write(&format!("{sql}; DELETE FROM sojourn_blob; DELETE FROM sojourn_queue"));
}

/// What a verification found of one kind: the entity and the ids.
fn found(verified: &Value, kind: &str) -> BTreeMap<String, BTreeSet<String>> {
    let words = |value: &Value| value.as_str().expect("a text").to_owned();
    let entities = verified["entities"].as_array().expect("a list").iter();
    let of =
        |entity: &Value| (words(&entity["entity"]), entity[kind].as_array().expect("ids").iter().map(words).collect());
    entities.map(of).filter(|(_, ids): &(String, BTreeSet<String>)| !ids.is_empty()).collect()
}

fn expected(rows: &[(&str, Uuid)]) -> BTreeMap<String, BTreeSet<String>> {
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (entity, id) in rows {
        expected.entry((*entity).to_owned()).or_default().insert(id.to_string());
    }
    expected
}

const KINDS: [&str; 5] = ["differs", "missing", "extra", "changed_since", "waiting"];

/// Asserts that nothing but these kinds was found.
#[track_caller]
fn assert_only(verified: &Value, kinds: &[&str]) {
    for kind in KINDS.iter().filter(|kind| !kinds.contains(kind)) {
        assert_eq!(found(verified, kind), BTreeMap::new(), "{kind}: {verified}");
    }
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} is no number in {value}"))
}

#[test]
fn after_a_sync_every_entity_is_the_same_on_both_sides() {
    run(async {
        let world = offline(&[|p| p.ceo.id, sales, |p| p.disabled.id]).await;
        for (i, device) in world.devices.iter().enumerate() {
            let held = world.assert_converged(i).await;
            let synchronised = device.run(&["sync", "--verify"]).await.expect(0);
            let verified = &synchronised["verification"];
            let entities = verified["entities"].as_array().expect("a list").len() as u64;
            assert!(entities >= 16, "{verified}");
            assert_eq!((number(verified, "rows"), number(verified, "differences")), (held, 0), "{verified}");
            assert_eq!(number(verified, "questions"), entities, "one question for each entity");
            assert_only(verified, &[]);
        }
        let plain = world.devices[0].run(&["sync"]).await.expect(0);
        assert_eq!(plain.get("verification"), None, "nobody asked");
        world.stop().await;
    });
}

#[test]
fn what_was_tampered_with_is_named_and_repaired_and_nothing_else_is_sent() {
    run(async {
        let world = offline(&[|p| p.ceo.id]).await;
        let device = &world.devices[0];
        let (contacts, accounts, notes) = (ids(device, "contact"), ids(device, "account"), ids(device, "annotation"));
        let (alien, visible) = (Uuid::from_u128(0xa11e), contacts[7]);
        tamper(
            device,
            &format!(
                "UPDATE contact SET last_name = 'Tampered' WHERE id IN ('{}', '{}');
                 UPDATE annotation SET body = x'00ff' WHERE id = '{}';
                 DELETE FROM account WHERE id = '{}';
                 DELETE FROM contact WHERE id = '{}';
                 INSERT INTO task (id, subject, owner_id, owning_business_unit_id)
                 SELECT '{alien}', 'Alien', id, business_unit_id FROM system_user WHERE id = '{}'",
                contacts[0],
                contacts[contacts.len() - 1],
                notes[3],
                accounts[5],
                visible,
                device.user_id,
            ),
        );
        let told = device.run(&["verify", "--no-repair"]).await.expect(1);
        let last = contacts[contacts.len() - 1];
        let differs = [("contact", contacts[0]), ("contact", last), ("annotation", notes[3])];
        let missing = [("account", accounts[5]), ("contact", visible)];
        for verified in [&told, &device.run(&["verify"]).await.expect(0)] {
            assert_eq!(found(verified, "differs"), expected(&differs), "{verified}");
            assert_eq!(found(verified, "missing"), expected(&missing), "{verified}");
            assert_eq!(found(verified, "extra"), expected(&[("task", alien)]), "{verified}");
            assert_only(verified, &["differs", "missing", "extra"]);
            assert_eq!(number(verified, "differences"), 6);
            let repaired = number(verified, "repaired");
            assert_eq!(number(verified, "left"), 6 - repaired);
            let moved = &verified["moved"];
            match repaired {
                0 => assert!(moved.is_null(), "{verified}"),
                _ => {
                    assert_eq!((repaired, number(moved, "rows"), number(moved, "deletes")), (6, 5, 1), "{verified}");
                    assert!(number(moved, "batches") <= 4, "one batch for each entity: {verified}");
                }
            }
        }
        world.assert_converged(0).await;
        let again = device.run(&["sync", "--verify"]).await.expect(0);
        assert_eq!((number(&again["data"], "rows"), number(&again["verification"], "differences")), (0, 0), "{again}");
        world.stop().await;
    });
}

#[test]
fn a_device_that_lost_a_table_gets_it_back_and_strange_ids_are_named() {
    run(async {
        let world = offline(&[|p| p.ceo.id]).await;
        let device = &world.devices[0];
        let contacts = ids(device, "contact");
        tamper(
            device,
            "DELETE FROM contact;
             DROP TRIGGER \"sojourn_task.create\";
             INSERT INTO task (id, subject, owner_id, owning_business_unit_id)
             SELECT 'NOBODY', 'Strange', id, business_unit_id FROM system_user LIMIT 1",
        );
        let verified = device.run(&["verify"]).await.expect(1);
        assert_eq!(found(&verified, "missing")["contact"].len(), contacts.len());
        assert_eq!(found(&verified, "strange")["task"], BTreeSet::from(["NOBODY".to_owned()]));
        let counted = ["repaired", "left"].map(|name| number(&verified, name));
        assert_eq!(counted, [contacts.len() as u64, 1], "{verified}");
        assert_eq!(number(&verified["moved"], "rows"), contacts.len() as u64);
        tamper(device, "DELETE FROM task WHERE id = 'NOBODY'");
        device.run(&["verify"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

/// Three contacts that the first device's user owns.
async fn own_contacts(world: &World) -> Vec<Uuid> {
    let own = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 3";
    sqlx::query_scalar(own).bind(world.devices[0].user_id).fetch_all(world.admin()).await.expect("contacts")
}

#[test]
fn what_the_server_changed_or_hid_since_is_no_difference_and_discloses_nothing() {
    run(async {
        let world = offline(&[sales]).await;
        let device = &world.devices[0];
        let own = own_contacts(&world).await;
        let [changed, given, gone] = own[..] else { panic!("{own:?}") };
        world.sql("UPDATE crm.contact SET last_name = 'Meanwhile' WHERE id = $1", changed).await;
        world.sql("DELETE FROM crm.share WHERE object_id = $1", given).await;
        let give = sqlx::query("UPDATE crm.contact SET owner_id = $2 WHERE id = $1");
        give.bind(given).bind(world.people.outsider.id).execute(world.admin()).await.expect("the administrator may");
        // Hidden without a change of the row: whoever loses the role sees no contact.
        let verified = device.run(&["verify"]).await.expect(0);
        assert_eq!(found(&verified, "changed_since"), expected(&[("contact", changed), ("contact", given)]));
        assert_only(&verified, &["changed_since"]);
        assert!(verified["moved"].is_null(), "nothing was asked for: {verified}");

        world.sql("DELETE FROM crm.user_role WHERE user_id = $1", device.user_id).await;
        // The device asks about another row's values: it changed its own, and learns nothing of the server's.
        tamper(device, &format!("UPDATE contact SET last_name = 'Guess' WHERE id = '{gone}'"));
        let verified = device.run(&["verify", "--no-repair"]).await.expect(0);
        let contacts: BTreeSet<String> = ids(device, "contact").iter().map(Uuid::to_string).collect();
        assert_eq!(found(&verified, "changed_since")["contact"], contacts, "no digest of any of them was told");
        let answer = ask(device, &contact_request(ALL, false)).await;
        let VerifyOutcome::Ranges { ranges } = answer.outcome else { panic!("{:?}", answer.outcome) };
        assert_eq!(ranges[0].digest, "af1349b9f5f9a1a6a0404dea36dcc949", "the digest of no rows at all");

        device.run(&["sync", "--verify"]).await.expect(0);
        world.assert_converged(0).await;
        assert!(ids(device, "contact").is_empty());
        world.stop().await;
    });
}

#[test]
fn rows_with_unsent_operations_are_left_alone() {
    run(async {
        let world = offline(&[sales]).await;
        let device = &world.devices[0];
        let own = own_contacts(&world).await;
        tamper(device, &format!("UPDATE contact SET last_name = 'Tampered' WHERE id = '{}'", own[2]));
        device.write(&format!(
            "UPDATE contact SET last_name = 'Mine' WHERE id = '{}'; DELETE FROM contact WHERE id = '{}'",
            own[0], own[1]
        ));
        let verified = device.run(&["verify"]).await.expect(0);
        assert_eq!(found(&verified, "waiting"), expected(&[("contact", own[0]), ("contact", own[1])]));
        assert_eq!(found(&verified, "differs"), expected(&[("contact", own[2])]));
        assert_eq!((number(&verified, "repaired"), number(&verified["moved"], "rows")), (1, 1), "{verified}");
        assert!(!ids(device, "contact").contains(&own[1]), "the user's delete stands");
        let synchronised = device.run(&["sync", "--verify"]).await;
        assert_eq!(synchronised.verdicts("applied"), 2, "{}", synchronised.answer);
        assert_eq!(number(&synchronised.expect(0)["verification"], "differences"), 0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_verification_that_is_due_is_done_by_the_next_sync() {
    run(async {
        let world = offline(&[sales]).await;
        let device = &world.devices[0];
        let due = || Store::open(&device.database()).expect("it opens").setting(VERIFICATION_DUE).expect("readable");
        let alien = Uuid::from_u128(0xa11e);
        tamper(
            device,
            &format!(
                "INSERT INTO task (id, subject, owner_id, owning_business_unit_id)
                 SELECT '{alien}', 'Alien', id, business_unit_id FROM system_user WHERE id = '{}'",
                device.user_id
            ),
        );
        device.run(&["sync"]).await.expect(0);
        assert!(ids(device, "task").contains(&alien), "the server knows nothing of it");
        let mut store = Store::open(&device.database()).expect("the database opens");
        store.set_setting(VERIFICATION_DUE, Some("1")).expect("it is noted");
        drop(store);
        let synchronised = device.run(&["sync"]).await.expect(0);
        assert_eq!(found(&synchronised["verification"], "extra"), expected(&[("task", alien)]));
        assert_eq!((number(&synchronised["verification"], "repaired"), due()), (1, None));
        world.assert_converged(0).await;
        let plain = device.run(&["sync"]).await.expect(0);
        assert_eq!(plain.get("verification"), None, "it was done");
        world.stop().await;
    });
}

fn credentials(device: &Device) -> Credentials {
    let text = std::fs::read_to_string(&device.credentials).expect("the credentials");
    serde_json::from_str(&text).expect("credentials")
}

/// A question about contacts.
fn contact_request(range: KeyRange, detail: bool) -> VerifyRequest {
    let request = sojourn_runtime::clock::fresh_id();
    VerifyRequest { request, metadata_version: 1, object_type_code: 2, ranges: vec![range], detail }
}

/// The server's answer to a device.
async fn ask(device: &Device, request: &VerifyRequest) -> VerifyResult {
    let link = Link::connect(&credentials(device), WITHIN).await.expect("a connection");
    link.verify(request).await.expect("an answer")
}

#[test]
fn questions_that_make_no_sense_are_refused_in_words() {
    run(async {
        let world = offline(&[|p| p.ceo.id]).await;
        let device = &world.devices[0];
        let good = || contact_request(ALL, false);
        assert!(matches!(ask(device, &good()).await.outcome, VerifyOutcome::Ranges { .. }));
        let many = vec![ALL; MAX_VERIFY_ITEMS + 1];
        let wrong = [
            (VerifyRequest { metadata_version: 7, ..good() }, "metadata version 7"),
            (VerifyRequest { object_type_code: 999, ..good() }, "object type code 999"),
            (VerifyRequest { ranges: vec![ALL, ALL], ..good() }, "overlap"),
            (VerifyRequest { ranges: many, ..good() }, "more than the 1024"),
        ];
        for (request, words) in wrong {
            match ask(device, &request).await.outcome {
                VerifyOutcome::Refused { reason } => assert!(reason.contains(words), "{reason}"),
                other => panic!("{words}: {other:?}"),
            }
        }
        world.sql("UPDATE sojourn.subscription SET status = 'revoked' WHERE user_id = $1", device.user_id).await;
        match ask(device, &good()).await.outcome {
            VerifyOutcome::Refused { reason } => assert!(reason.contains("revoked"), "{reason}"),
            other => panic!("{other:?}"),
        }
        world.stop().await;
    });
}

#[test]
fn another_devices_subscription_is_refused_and_garbage_is_buried() {
    run(async {
        let world = offline(&[sales, |p| p.ceo.id]).await;
        let (mine, other) = (&world.devices[0], &world.devices[1]);
        let administrator = world.stack.administrator();
        // No device may say this: the bus keeps it from that. The service does not rely on it.
        let (agent, subscription) = (mine.agent.clone(), other.subscription.clone());
        let forged = Subject::VerifyRequest { agent: agent.clone(), subscription: subscription.clone() };
        let request = contact_request(ALL, true);
        let payload = Bytes::from(encode(&request));
        nats::publish_stored(administrator, &forged, None, payload, WITHIN).await.expect("it is stored");
        let answer = Subject::VerifyResult { agent, subscription, request: request.request };
        let answer = until("the answer", WITHIN, async || {
            nats::direct_get(administrator, &answer, WITHIN).await.expect("the stream can be read")
        })
        .await;
        match decode::<VerifyResult>(&answer).expect("an answer").outcome {
            VerifyOutcome::Refused { reason } => assert!(reason.contains("does not know"), "{reason}"),
            other => panic!("{other:?}"),
        }
        let own = Subject::VerifyRequest { agent: mine.agent.clone(), subscription: mine.subscription.clone() };
        nats::publish_stored(administrator, &own, None, Bytes::from_static(b"{}"), WITHIN).await.expect("it is stored");
        let letters = until("a dead letter", WITHIN, async || {
            let letters = world.stack.dead_letters().await.expect("the dead letters");
            (!letters.is_empty()).then_some(letters)
        })
        .await;
        assert!(letters.iter().all(|letter| letter.service == Service::Export), "{letters:?}");
        mine.run(&["verify"]).await.expect(0);
        world.end().await;
    });
}
