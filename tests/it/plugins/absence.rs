//! What becomes of operations whose plug-in is not there: what the rule says.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, consumer::pull};
use sojourn_dev::samples::CRM_CONFIG;
use sojourn_dev::stack::{Config, StackPlan};
use sojourn_wire::message::encode;
use sojourn_wire::message::plugin::PluginReply;
use sojourn_wire::streams::REPLAY;
use uuid::Uuid;

use super::answers::plugin;
use crate::support::{World, WorldPlan, run, until};

const RULES: &str = "replay:
  plugins:
    - {entity: contact, command: create, when_absent: allow}
    - {entity: task, command: create, when_absent: refuse}
    - {entity: opportunity, command: create, when_absent: wait}
";
const WITHIN: Duration = Duration::from_secs(30);

/// A device that is offline, and no plug-in.
async fn offline() -> World {
    let config = || Config::Text(format!("{CRM_CONFIG}{RULES}"));
    let plan = WorldPlan::of(&[|people| people.sales[0].id]);
    let world = plan.with(move |plan| StackPlan { config: config(), ..plan }).start().await;
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    world
}

/// How often the server has handed out a chunk again.
async fn handed_out_again(world: &World) -> usize {
    let context = jetstream::new(world.stack.administrator().clone());
    let stream = context.get_stream(REPLAY.stream).await.expect("the stream is there");
    let mut consumer: jetstream::consumer::Consumer<pull::Config> =
        stream.get_consumer(REPLAY.name).await.expect("the consumer is there");
    consumer.info().await.expect("it answers").num_redelivered
}

#[test]
fn without_its_plug_in_an_operation_is_refused_or_allowed_as_the_rule_says() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let user = device.user_id;
        device.write(&format!(
            "INSERT INTO contact (last_name, owner_id) VALUES ('Nobody asked', '{user}');
             INSERT INTO task (subject, owner_id) VALUES ('Somebody must be asked', '{user}');"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.verdicts("applied"), online.verdicts("rejected")), (1, 1), "{online:?}");
        let reason = online.answer["queue"]["refused"][0]["reason"].as_str().unwrap_or_default().to_owned();
        assert_eq!(reason, "the plug-in plugin.task.create.pre is not running; try again later");
        world.stop().await;
    });
}

#[test]
fn an_operation_waits_for_its_plug_in_and_is_carried_out_when_that_is_back() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let (id, user) = (Uuid::from_u128(0xC_4000_8000), device.user_id);
        device.write(&format!("INSERT INTO opportunity (id, name, owner_id) VALUES ('{id}', 'A lorry', '{user}')"));
        let comes_back = async {
            until("the chunk is tried again", WITHIN, async || (handed_out_again(&world).await > 0).then_some(()))
                .await;
            plugin(&world, "create", Some((HeaderMap::new(), encode(&PluginReply::Allow)))).await;
        };
        let (online, ()) = tokio::join!(device.run(&["go-online"]), comes_back);
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 1), "{online:?}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}
