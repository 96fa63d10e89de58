//! What stands inside a message is not believed: ids of others, numbers that were never made, and rubbish change
//! nothing, stop nobody, and end as dead letters where they cannot be understood.

use serde_json::Value;
use sojourn_runtime::Client;
use sojourn_runtime::nats::PublishError;
use sojourn_wire::message::ack::Stage;
use sojourn_wire::message::prepare::{ObjectRef, PrepareOutcome, PrepareRequest};
use sojourn_wire::{Service, Subject};
use uuid::Uuid;

use super::attack::{Attack, WITHIN, link_of};
use crate::support::{Device, run};

#[test]
fn the_session_of_another_device_cannot_be_acknowledged() {
    run(async {
        let attack = Attack::begin().await;
        let before = attack.of_the_other().await;
        assert!(before.0.contains("\"open\"") && before.1 > 0, "there is something to spoil: {before:?}");
        for stage in [Stage::Received, Stage::PostSynced, Stage::Finished] {
            for batch in [1, 2, u32::MAX] {
                attack.say(attack.session, batch, stage).await;
            }
        }
        attack.handled().await;
        assert_eq!(attack.of_the_other().await, before);
        attack.end_unharmed(0).await;
    });
}

#[test]
fn stale_sessions_and_batches_that_were_never_made_are_harmless() {
    run(async {
        let attack = Attack::begin().await;
        let last = "SELECT id FROM sojourn.session WHERE subscription_id = $1 ORDER BY started_at DESC LIMIT 1";
        let last = sqlx::query_scalar(last).bind(attack.world.devices[0].subscription.as_str());
        let finished: Uuid = last.fetch_one(attack.world.admin()).await.expect("the session it went offline with");
        for session in [finished, Uuid::nil(), Uuid::max()] {
            for (batch, stage) in [
                (0, Stage::Received),
                (1, Stage::PostSynced),
                (u32::MAX, Stage::Received),
                (u32::MAX, Stage::PostSynced),
                (u32::MAX, Stage::Finished),
            ] {
                attack.say(session, batch, stage).await;
            }
        }
        attack.handled().await;
        attack.world.assert_converged(0).await;
        let again = attack.world.devices[0].run(&["sync"]).await.expect(0);
        assert_eq!((again["data"]["rows"].as_u64(), again["data"]["deletes"].as_u64()), (Some(0), Some(0)), "{again}");
        attack.end_unharmed(0).await;
    });
}

#[test]
fn asking_for_everything_again_brings_nothing_of_others() {
    run(async {
        let attack = Attack::begin().await;
        let foreign = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 200";
        let foreign = sqlx::query_scalar(foreign).bind(attack.world.devices[1].user_id);
        let foreign: Vec<Uuid> = foreign.fetch_all(attack.world.admin()).await.expect("contacts of the other");
        let theirs = foreign.into_iter().map(|object_id| ObjectRef { object_type_code: 2, object_id });
        let invented = (0..300).map(|id| ObjectRef { object_type_code: 1, object_id: Uuid::from_u128(id) });
        let strange = (0..100).map(|code| ObjectRef { object_type_code: -code, object_id: Uuid::max() });
        let twice = std::iter::repeat_n(ObjectRef { object_type_code: 3, object_id: Uuid::nil() }, 100);
        let refresh: Vec<ObjectRef> = theirs.chain(invented).chain(strange).chain(twice).collect();
        assert!(refresh.len() > 500);
        let link = link_of(&attack.world.devices[0]).await;
        let request = PrepareRequest {
            request: Uuid::from_u128(2),
            metadata_version: Some(1),
            refresh,
            holds: None,
            batching: None,
        };
        let answer = link.prepare(&request).await.expect("an answer").outcome;
        let PrepareOutcome::Prepared { entities, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(entities.iter().map(|entity| entity.insert + entity.update).sum::<u64>(), 0, "{entities:?}");
        attack.world.devices[0].run(&["sync"]).await.expect(0);
        attack.end_unharmed(0).await;
    });
}

/// A message with this body, in a good envelope.
fn envelope(message: &str, version: u64, body: &str) -> String {
    format!(r#"{{"message":"{message}","version":{version},"body":{body}}}"#)
}

/// What no program of ours sends, whatever its queue expects.
fn rubbish() -> Vec<String> {
    vec![
        String::new(),
        "\0\u{1}\u{2}".to_owned(),
        "{".to_owned(),
        "null".to_owned(),
        "[".repeat(60_000),
        r#"{"a":"#.repeat(10_000),
        envelope("ack", 99, "{}"),
        envelope("prepare-request", 1, "{}"),
        envelope("operation-chunk", 1, r#"{"first":-1,"metadata_version":1,"operations":[]}"#),
        envelope("ack", 1, r#"{"session":"everything","batch":-1,"stage":"all","rows":1e300,"elapsed_ms":null}"#),
        envelope("prepare-request", 1, &format!(r#"{{"request":"{}"}}"#, "x".repeat(50_000))),
        envelope("dead-letter", 1, "{}"),
    ]
}

#[test]
fn rubbish_is_buried_and_stops_nobody() {
    run(async {
        let attack = Attack::begin().await;
        let before = attack.of_the_other().await;
        let queues = [
            attack.subject(|agent, subscription| Subject::PrepareRequest { agent, subscription }),
            attack.acks(),
            attack.subject(|agent, subscription| Subject::Operations { agent, subscription }),
        ];
        let mut letters = 0;
        for to in &queues {
            for message in rubbish() {
                attack.send(to, message).await.expect("it is taken");
                letters += 1;
            }
        }
        attack.handled().await;
        assert_eq!(attack.of_the_other().await, before);
        attack.end_unharmed(letters).await;
    });
}

#[test]
fn what_is_too_large_is_not_taken() {
    run(async {
        let attack = Attack::begin().await;
        for (to, bytes) in [(attack.acks(), 257 * 1024), (attack.acks(), 2_000_000)] {
            let refused = attack.send(&to, vec![b' '; bytes]).await;
            assert!(matches!(refused, Err(PublishError::TooLarge { .. })), "{bytes}: {refused:?}");
        }
        attack.handled().await;
        attack.end_unharmed(0).await;
    });
}

/// A question that no service knows, from the device.
async fn asked(client: &Client, service: Service, verb: &str, payload: Vec<u8>, device: &Device) -> Option<String> {
    let question = Subject::Rpc { service, verb: verb.to_owned(), agent: device.agent.clone() };
    let answer = sojourn_runtime::rpc::ask(client, &question, payload.into(), WITHIN).await;
    answer.ok().map(|body| String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn questions_are_answered_without_an_echo() {
    run(async {
        let attack = Attack::begin().await;
        let device = &attack.world.devices[0];
        for service in Service::ALL {
            let mark = b"whatever was asked".to_vec();
            let ready = asked(&attack.client, service, "ready", mark.repeat(1000), device).await.expect("an answer");
            let answer: Value = serde_json::from_str(&ready).expect("JSON");
            assert_eq!(answer["body"]["service"], service.name());
            assert!(!ready.contains("whatever"), "{ready}");
            assert_eq!(asked(&attack.client, service, "shutdown", mark, device).await, None);
        }
        attack.end_unharmed(0).await;
    });
}
