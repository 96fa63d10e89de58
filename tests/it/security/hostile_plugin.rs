//! A plug-in that attacks: wherever it has the server send answers and events, nothing comes to the services.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, push};
use async_nats::{ConnectOptions, Subscriber, jetstream};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use sojourn_runtime::{Client, deadline};
use sojourn_wire::Subject;
use sojourn_wire::events_api::PREFIX;
use sojourn_wire::streams::{EVENTS, STREAMS};
use sojourn_wire::subject::PLUGIN_INBOX_PREFIX;

use super::shapes::{as_plugins_know, every_hint, every_subject};
use crate::support::{World, WorldPlan, run};

const WITHIN: Duration = Duration::from_secs(20);
/// Names of the attacker's consumers begin like this.
const CONSUMER: &str = "mine";

/// A world with a device, and one event that plug-ins may read; and a plug-in's connection.
pub(super) async fn attacked() -> (World, Client) {
    let world = WorldPlan::of(&[|people| people.sales[0].id]).start().await;
    let context = jetstream::new(world.stack.administrator().clone());
    let stored = context.publish(event().to_string(), "an event".into()).await.expect("sent");
    deadline(WITHIN, "the stream's word", stored.into_future()).await.expect("it comes").expect("it is stored");
    let (user, password) = world.stack.plugin_login();
    let options = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
    let options = options.custom_inbox_prefix(PLUGIN_INBOX_PREFIX);
    let plugin = options.connect(world.stack.nats_url()).await.expect("plug-ins are let in");
    (world, plugin)
}

pub(super) fn event() -> Subject {
    let name = |name: &str| name.parse().expect("a token");
    Subject::Event { entity: name("contact"), command: name("update") }
}

/// Every subject that is stored, or that somebody listens to; but those of plug-ins themselves.
fn targets(world: &World) -> Vec<String> {
    let (agent, subscription) = (&world.devices[0].agent, &world.devices[0].subscription);
    let subjects = every_subject(agent, subscription);
    let of_services = |subject: &&Subject| !matches!(subject, Subject::PluginPre { .. } | Subject::Event { .. });
    let subjects = subjects.iter().filter(of_services).map(Subject::to_string);
    subjects.chain(every_hint(agent, subscription)).collect()
}

/// Listens to each of these in the account whose administrator this is.
pub(super) async fn listening(administrator: &Client, to: &[String]) -> Vec<Subscriber> {
    let mut heard = Vec::new();
    for subject in to {
        heard.push(administrator.subscribe(subject.clone()).await.expect("the administrator may"));
    }
    // The server has the subscriptions when it answers.
    let here = administrator.new_inbox();
    let mut last = administrator.subscribe(here.clone()).await.expect("the administrator may");
    administrator.publish(here, Bytes::new()).await.expect("sent");
    deadline(WITHIN, "its own word", last.next()).await.expect("it comes in time").expect("the connection lives");
    heard
}

/// How many messages each of the services' streams has ever taken.
async fn taken(world: &World) -> BTreeMap<&'static str, u64> {
    let context = jetstream::new(world.stack.administrator().clone());
    let mut taken = BTreeMap::new();
    for spec in STREAMS {
        let stream = context.get_stream(spec.name).await.expect("the stream is there");
        taken.insert(spec.name, stream.cached_info().state.last_sequence);
    }
    taken
}

/// Asserts that so many messages come to each of these.
async fn assert_heard(subscribers: Vec<Subscriber>, each: usize) {
    for mut subscriber in subscribers {
        for _ in 0..each {
            let message = deadline(WITHIN, "what was sent", subscriber.next()).await.expect("it comes in time");
            message.expect("the connection lives");
        }
    }
}

/// Asserts that nothing has come to these in the services' account.
async fn assert_silent(world: &World, subscribers: Vec<Subscriber>) {
    // What was on its way before this answer has arrived.
    taken(world).await;
    let forged = subscribers.into_iter().filter_map(|mut subscriber| subscriber.next().now_or_never().flatten());
    let forged: Vec<String> = forged.map(|message| format!("{} {:?}", message.subject, message.payload)).collect();
    assert!(forged.is_empty(), "the services' account heard {forged:#?}");
}

#[test]
fn an_answer_that_a_plug_in_sends_to_the_services_is_stored_nowhere_and_heard_by_nobody() {
    run(async {
        let (world, plugin) = attacked().await;
        let events = EVENTS.name;
        let questions = [
            format!("$JS.API.STREAM.INFO.{events}"),
            format!("$JS.API.CONSUMER.INFO.{events}.{CONSUMER}"),
            format!("$JS.API.DIRECT.GET.{events}.{}", event()),
        ];
        let questions = questions.map(|question| as_plugins_know(&question));
        let targets = targets(&world);
        assert!(targets.len() > 25, "{targets:?}");
        let before = taken(&world).await;
        let in_their_own = listening(world.stack.administrator_of_plugins(), &targets).await;
        let in_the_services = listening(world.stack.administrator(), &targets).await;
        for question in &questions {
            for target in &targets {
                let (question, target) = (question.clone(), target.clone());
                plugin.publish_with_reply(question, target, Bytes::new()).await.expect("sent");
            }
        }
        plugin.flush().await.expect("sent");
        assert_heard(in_their_own, questions.len()).await;
        assert_silent(&world, in_the_services).await;
        assert_eq!(taken(&world).await, before);
        world.stop().await;
    });
}

#[test]
fn events_that_a_plug_in_has_delivered_to_the_services_are_stored_nowhere_and_heard_by_nobody() {
    run(async {
        let (world, plugin) = attacked().await;
        let targets = targets(&world);
        let before = taken(&world).await;
        // JetStream delivers where somebody listens to this very subject.
        let beside_the_stream = listening(world.stack.administrator_of_events(), &targets).await;
        let in_the_services = listening(world.stack.administrator(), &targets).await;
        let context = jetstream::with_prefix(plugin.clone(), PREFIX);
        let stream = context.get_stream(EVENTS.name).await.expect("it may look at the stream");
        for (number, target) in targets.iter().enumerate() {
            let config = push::Config {
                durable_name: Some(format!("{CONSUMER}{number}")),
                deliver_subject: target.clone(),
                ack_policy: AckPolicy::None,
                ..push::Config::default()
            };
            stream.create_consumer(config).await.expect("it may have a consumer");
        }
        assert_heard(beside_the_stream, 1).await;
        assert_silent(&world, in_the_services).await;
        assert_eq!(taken(&world).await, before);
        world.stop().await;
    });
}
