//! From the device through the plug-in into the database, and what workflows hear of it.

use futures_util::StreamExt as _;
use serde_json::Value;
use sojourn_wire::message::decode;
use sojourn_wire::message::event::OperationEvent;
use sojourn_wire::message::operation::FieldValue;
use uuid::Uuid;

use super::crm::with_plugin_for;
use super::events::reader;
use crate::support::{World, run};

/// What the server holds of an opportunity: stage and probability.
async fn opportunity(world: &World, id: Uuid) -> Option<(String, Option<i16>)> {
    sqlx::query_as("SELECT stage::text, probability FROM crm.opportunity WHERE id = $1")
        .bind(id)
        .fetch_optional(world.admin())
        .await
        .expect("the server can be read")
}

fn refused(answer: &Value) -> Vec<&Value> {
    answer["queue"]["refused"].as_array().into_iter().flatten().collect()
}

#[test]
fn a_plug_in_amends_and_refuses_what_was_done_offline_and_workflows_hear_of_the_rest() {
    run(async {
        let world = with_plugin_for(&[|people| people.sales[0].id]).await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let (open, large, user) = (Uuid::from_u128(0xA_4000_8000), Uuid::from_u128(0xB_4000_8000), device.user_id);
        device.write(&format!(
            "INSERT INTO opportunity (id, name, stage, owner_id) VALUES ('{open}', 'Ten lorries', 'qualify', '{user}');
             INSERT INTO opportunity (id, name, est_value, owner_id)
               VALUES ('{large}', 'A fleet', 10000000.01, '{user}');
             UPDATE opportunity SET name = 'Eleven lorries' WHERE id = '{open}';"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.verdicts("applied"), online.verdicts("rejected")), (2, 1), "{online:?}");
        let refused = refused(&online.answer);
        assert_eq!(refused[0]["attribute"], "est_value", "{refused:?}");
        assert_eq!(refused[0]["reason"], "opportunities over 10,000,000 are created by the board");
        assert_eq!(opportunity(&world, open).await, Some(("qualify".to_owned(), Some(25))));
        assert_eq!(opportunity(&world, large).await, None);

        let mut events = reader(&world).await;
        for expected in ["event.opportunity.create", "event.opportunity.update"] {
            let message = events.next().await.expect("the consumer lives").expect("an event");
            let event: OperationEvent = decode(&message.payload).expect("an event");
            assert_eq!((message.subject.as_str(), event.object_id, event.user_id), (expected, open, user));
            if event.command == "create" {
                assert_eq!(event.data["probability"], FieldValue::Number(25.into()), "as the plug-in amended it");
            }
            message.ack().await.expect("it may acknowledge");
        }
        world.stop().await;
    });
}

#[test]
fn a_named_command_is_performed_as_the_user() {
    run(async {
        let world = with_plugin_for(&[|people| people.sales[0].id]).await;
        let device = &world.devices[0];
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
        let asking = "SELECT id FROM crm.opportunity WHERE owner_id = $1 AND stage <> 'won' ORDER BY id LIMIT 1";
        let id: Uuid = sqlx::query_scalar(asking).bind(device.user_id).fetch_one(world.admin()).await.expect("one");
        device.write(&format!(
            "INSERT INTO sojourn_command (entity, object_id, name) VALUES ('opportunity', '{id}', 'close_as_won')"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 1), "{online:?}");
        assert_eq!(opportunity(&world, id).await, Some(("won".to_owned(), Some(100))));
        let owner: Uuid =
            sqlx::query_scalar("SELECT owner_id FROM crm.task WHERE regarding_id = $1 AND subject LIKE 'Ask %'")
                .bind(id)
                .fetch_one(world.admin())
                .await
                .expect("the follow-up is there");
        assert_eq!(owner, device.user_id);
        let mut events = reader(&world).await;
        for (subject, write) in [
            ("event.opportunity.close_as_won", None),
            ("event.opportunity.update", Some(1)),
            ("event.task.create", Some(2)),
        ] {
            let message = events.next().await.expect("the consumer lives").expect("an event");
            let event: OperationEvent = decode(&message.payload).expect("an event");
            assert_eq!((message.subject.as_str(), event.write), (subject, write), "{event:?}");
            message.ack().await.expect("it may acknowledge");
        }
        world.assert_converged(0).await;
        world.stop().await;
    });
}
