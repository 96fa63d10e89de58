//! Messages that nobody can handle.

use bytes::Bytes;
use sojourn_runtime::nats::{self, Identity};
use sojourn_sample_crm::People;
use sojourn_wire::message::dead_letter::DeadLetter;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::OperationChunk;
use sojourn_wire::{Service, Subject};
use uuid::Uuid;

use super::hand::credentials;
use super::running::LONG;
use crate::support::{WorldPlan, run, until};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

#[test]
fn garbage_becomes_a_dead_letter_once_and_honest_work_goes_on() {
    run(async {
        let world = WorldPlan::of(&[sales]).start().await;
        let device = &world.devices[0];
        let mine = credentials(device);
        let seed = mine.nats_seed.parse().expect("a seed");
        let client = nats::connect(&mine.nats_url, &seed, &Identity::of_agent(&mine.agent), LONG).await;
        let client = client.expect("a connection");
        let (agent, subscription) = (mine.agent.clone(), mine.subscription.clone());
        let operations = Subject::Operations { agent: agent.clone(), subscription: subscription.clone() };
        let ack = Subject::Ack { agent: agent.clone(), subscription: subscription.clone() };
        let prepare = Subject::PrepareRequest { agent, subscription };
        let empty = encode(&OperationChunk {
            chunk: Uuid::nil(),
            first: 1,
            metadata_version: 1,
            operations: Vec::new(),
            since: None,
            dry_run: false,
        });
        let garbage = [
            (Service::Replay, &operations, b"\xff\0 garbage".to_vec()),
            (Service::Replay, &operations, empty),
            (Service::Prepare, &prepare, b"{}".to_vec()),
            (Service::Prepare, &ack, Vec::new()),
        ];
        for (_, subject, payload) in &garbage {
            let payload = Bytes::from(payload.clone());
            nats::publish_stored(&client, subject, None, payload, LONG).await.expect("it is stored");
        }
        let buried = until("four dead letters", LONG, async || {
            let letters = world.stack.dead_letters().await.expect("the dead letters");
            let left = world.stack.streams_left().await.expect("the streams");
            (letters.len() >= garbage.len() && left.is_empty()).then_some(letters)
        })
        .await;
        for (service, subject, payload) in &garbage {
            let is_of = |letter: &&DeadLetter| {
                **letter == DeadLetter::new(*service, &subject.to_string(), &letter.reason, 1, payload)
            };
            let letter = buried.iter().find(is_of).unwrap_or_else(|| panic!("no letter of {subject} in {buried:?}"));
            assert!(!letter.reason.is_empty(), "{letter:?}");
        }

        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let mine = format!("(SELECT min(id) FROM contact WHERE owner_id = '{}')", device.user_id);
        device.write(&format!("UPDATE contact SET last_name = 'Honest' WHERE id = {mine}"));
        let online = device.run(&["go-online"]).await;
        assert_eq!(online.verdicts("applied"), 1, "{online:?}");
        world.assert_converged(0).await;
        assert_eq!(world.stack.dead_letters().await.expect("the dead letters").len(), garbage.len());
        world.end().await;
    });
}
