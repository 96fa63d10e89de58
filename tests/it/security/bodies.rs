//! What stands inside a message is not believed: ids of others, numbers that were never made, and rubbish change
//! nothing, stop nobody, and end as dead letters where they cannot be understood.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use sojourn_agent::home::Credentials;
use sojourn_agent::link::Link;
use sojourn_runtime::Client;
use sojourn_runtime::nats::{PublishError, publish_stored};
use sojourn_wire::message::ack::{Ack, Stage};
use sojourn_wire::message::encode;
use sojourn_wire::message::prepare::{ObjectRef, PrepareOutcome, PrepareRequest};
use sojourn_wire::{Service, Subject};
use uuid::Uuid;

use super::bus::Probe;
use crate::support::{Device, World, WorldPlan, run, until};

const WITHIN: Duration = Duration::from_secs(60);

/// A device that attacks, another that is in the middle of a session, and the words to attack with.
struct Attack {
    world: World,
    client: Client,
    /// The session of the other device.
    session: Uuid,
}

impl Attack {
    /// The first device is offline; the second has prepared, and its first batches lie ready.
    async fn begin() -> Attack {
        let world = WorldPlan::of(&[|people| people.sales[0].id, |people| people.outsider.id]).start().await;
        for device in &world.devices {
            device.init().await;
        }
        world.devices[0].run(&["go-offline"]).await.expect(0);
        let other = link_of(&world.devices[1]).await;
        let request = PrepareRequest { request: Uuid::from_u128(1), metadata_version: None, refresh: Vec::new() };
        let PrepareOutcome::Prepared { session, .. } = other.prepare(&request).await.expect("an answer").outcome else {
            panic!("the other device may prepare");
        };
        other.manifest(session, 2).await.expect("the window holds two batches");
        let client = Probe::of_device(&world.devices[0].credentials).await.client;
        Attack { world, client, session }
    }

    fn subject(&self, make: fn(sojourn_wire::AgentId, sojourn_wire::SubscriptionId) -> Subject) -> Subject {
        make(self.world.devices[0].agent.clone(), self.world.devices[0].subscription.clone())
    }

    fn acks(&self) -> Subject {
        self.subject(|agent, subscription| Subject::Ack { agent, subscription })
    }

    /// Sends a message as the first device, when its queue has room; answers why it was not taken.
    async fn send(&self, to: &Subject, payload: impl Into<Bytes>) -> Result<(), PublishError> {
        let payload = payload.into();
        until("room in the queue", WITHIN, async || {
            match publish_stored(&self.client, to, None, payload.clone(), Duration::from_secs(5)).await {
                Err(PublishError::SubjectFull { .. }) => None,
                sent => Some(sent),
            }
        })
        .await
    }

    /// Sends an acknowledgement as the first device.
    async fn say(&self, session: Uuid, batch: u32, stage: Stage) {
        let ack = Ack { session, batch, stage, rows: 1, elapsed_ms: 1 };
        self.send(&self.acks(), encode(&ack)).await.expect("it is taken");
    }

    /// Waits until everything that was sent has been handled.
    async fn handled(&self) {
        until("the end of the queues", WITHIN, async || {
            let left = self.world.stack.streams_left().await.expect("the streams can be asked");
            (!["REQ", "OPS", "JOBS"].iter().any(|queue| left.contains_key(queue))).then_some(())
        })
        .await;
    }

    /// Everything the server keeps about the second device, as one text; and its batches on the bus.
    async fn of_the_other(&self) -> (String, u64) {
        let kept = "SELECT jsonb_build_object(
              'session', (SELECT jsonb_agg(to_jsonb(s) ORDER BY id) FROM sojourn.session s WHERE subscription_id = $1),
              'batch', (SELECT jsonb_agg(to_jsonb(b) ORDER BY number) FROM sojourn.batch b
                         JOIN sojourn.session s ON s.id = b.session_id WHERE s.subscription_id = $1),
              'post_sync', (SELECT jsonb_agg(to_jsonb(p) ORDER BY number) FROM sojourn.post_sync p
                             JOIN sojourn.session s ON s.id = p.session_id WHERE s.subscription_id = $1),
              'operations', (SELECT count(*) FROM sojourn.operation WHERE subscription_id = $1),
              'entries', (SELECT md5(string_agg(e::text, ' ' ORDER BY object_type_code, object_id))
                            FROM sojourn.sync_entry_2 e))::text";
        let other = self.world.devices[1].subscription.as_str();
        let kept = sqlx::query_scalar(kept).bind(other).fetch_one(self.world.admin()).await.expect("a text");
        let left = self.world.stack.streams_left().await.expect("the streams can be asked");
        (kept, left.get("BATCH").copied().unwrap_or_default())
    }

    /// Both devices synchronise as if nothing had happened, and the stack is whole.
    async fn end_unharmed(mut self, letters: usize) {
        self.world.devices[0].run(&["sync"]).await.expect(0);
        self.world.devices[1].run(&["go-offline"]).await.expect(0);
        self.world.assert_converged(0).await;
        self.world.assert_converged(1).await;
        self.world.stack.check().expect("every process still runs");
        let dead = self.world.stack.dead_letters().await.expect("the letters can be read");
        assert_eq!(dead.len(), letters, "{dead:?}");
        let own = self.world.devices[0].agent.as_str();
        assert!(dead.iter().all(|letter| letter.subject.contains(own)), "{dead:?}");
        self.world.end().await;
    }
}

async fn link_of(device: &Device) -> Link {
    let text = std::fs::read_to_string(&device.credentials).expect("the credentials are there");
    let credentials: Credentials = serde_json::from_str(&text).expect("they are JSON");
    Link::connect(&credentials, WITHIN).await.expect("the server answers")
}

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
        let request = PrepareRequest { request: Uuid::from_u128(2), metadata_version: Some(1), refresh };
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
        for (to, bytes) in [(attack.acks(), 65 * 1024), (attack.acks(), 2_000_000)] {
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
