//! A plug-in that attacks the stream it reads: wherever it has answers and events sent, the stream keeps what it has, and
//! takes nothing but what replay tells.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull, push};
use async_nats::jetstream::stream::Stream;
use async_nats::{Subscriber, jetstream};
use futures_util::StreamExt as _;
use sojourn_runtime::{Client, deadline};
use sojourn_wire::events_api::PREFIX;
use sojourn_wire::streams::EVENTS;

use super::hostile_plugin::{attacked, event, listening};
use super::shapes::as_plugins_know;
use crate::support::{World, run};

const WITHIN: Duration = Duration::from_secs(20);
const PURGE: &str = "$JS.API.STREAM.PURGE.EVENTS";
const DELETE: &str = "$JS.API.STREAM.DELETE.EVENTS";
const FORGED: &str = "event.contact.forged";
/// A consumer that has something to read, and one that has not.
const FULL: &str = "full";
const EMPTY: &str = "empty";
/// Its next event, or the word that there is none, at once.
const AT_ONCE: &str = r#"{"batch":1,"no_wait":true}"#;

/// How many events the stream has, and how many it has ever taken.
async fn state(world: &World) -> (u64, u64) {
    let context = jetstream::new(world.stack.administrator_of_events().clone());
    let stream = context.get_stream(EVENTS.name).await.expect("the stream is there");
    let state = &stream.cached_info().state;
    (state.messages, state.last_sequence)
}

/// Tells an event as replay does.
async fn tell(world: &World) {
    let context = jetstream::new(world.stack.administrator().clone());
    let stored = context.publish(event().to_string(), "{}".into()).await.expect("sent");
    deadline(WITHIN, "the stream's word", stored.into_future()).await.expect("it comes").expect("it is stored");
}

async fn as_plugin(plugin: &Client) -> Stream {
    let context = jetstream::with_prefix(plugin.clone(), PREFIX);
    context.get_stream(EVENTS.name).await.expect("it may look at the stream")
}

/// Everything that is answered, with what is asked: by the names that plug-ins have for it.
fn questions() -> Vec<(String, &'static str)> {
    let events = EVENTS.name;
    let all = [
        (format!("$JS.API.STREAM.INFO.{events}"), ""),
        (format!("$JS.API.DIRECT.GET.{events}.{}", event()), ""),
        (format!("$JS.API.CONSUMER.INFO.{events}.{EMPTY}"), ""),
        (format!("$JS.API.CONSUMER.MSG.NEXT.{events}.{EMPTY}"), AT_ONCE),
        (format!("$JS.API.CONSUMER.MSG.NEXT.{events}.{FULL}"), AT_ONCE),
        (format!("$JS.ACK.{events}.{FULL}.1.1.1.1.0"), "+NXT"),
    ];
    all.into_iter().map(|(subject, body)| (as_plugins_know(&subject), body)).collect()
}

/// Listens to `to` in the account whose administrator this is.
async fn listens(administrator: &Client, to: &str) -> Subscriber {
    listening(administrator, &[to.to_owned()]).await.remove(0)
}

async fn assert_comes(to: &mut Subscriber, what: &str) {
    let next = deadline(WITHIN, "a message", to.next()).await;
    assert!(next.is_ok_and(|message| message.is_some()), "{what} does not come");
}

/// Has the answer to every question sent to `target`, asserts that the stream is as it was, and that it works.
async fn answers_do_nothing_at(target: &str) {
    let (world, plugin) = attacked().await;
    for _ in 0..4 {
        tell(&world).await;
    }
    let stream = as_plugin(&plugin).await;
    for (name, filter) in [(FULL, event().to_string()), (EMPTY, "event.no.thing".to_owned())] {
        let (durable_name, filter_subject) = (Some(name.to_owned()), filter);
        let config = pull::Config { durable_name, filter_subject, ..pull::Config::default() };
        stream.create_consumer(config).await.expect("it may have a consumer");
    }
    let mut heard = listens(world.stack.administrator_of_plugins(), target).await;
    let before = state(&world).await;
    assert_eq!(before, (5, 5));
    for (question, body) in questions() {
        plugin.publish_with_reply(question.clone(), target.to_owned(), body.into()).await.expect("sent");
        assert_comes(&mut heard, &question).await;
    }
    assert_eq!(state(&world).await, before);
    tell(&world).await;
    assert_eq!(state(&world).await, (6, 6));
    world.stop().await;
}

#[test]
fn an_answer_does_not_empty_the_stream() {
    run(answers_do_nothing_at(PURGE));
}

#[test]
fn an_answer_does_not_delete_the_stream() {
    run(answers_do_nothing_at(DELETE));
}

#[test]
fn an_answer_does_not_become_an_event() {
    run(answers_do_nothing_at(FORGED));
}

#[test]
fn what_jetstream_is_to_deliver_does_nothing_to_the_stream() {
    run(async {
        let (world, plugin) = attacked().await;
        let stream = as_plugin(&plugin).await;
        let mut made = 0;
        let mut deliver = async |target: &str, ack_policy, headers_only| {
            made += 1;
            let config = push::Config {
                durable_name: Some(format!("mine{made}")),
                deliver_subject: target.to_owned(),
                ack_policy,
                headers_only,
                ..push::Config::default()
            };
            stream.create_consumer(config).await.map(drop)
        };
        for ack_policy in [AckPolicy::None, AckPolicy::Explicit] {
            for headers_only in [false, true] {
                for target in [PURGE, DELETE] {
                    deliver(target, ack_policy, headers_only).await.expect("the server takes it, and delivers nothing");
                }
                let cycle = deliver(FORGED, ack_policy, headers_only).await.expect_err("the stream would feed itself");
                assert!(cycle.to_string().contains("cycle"), "{cycle}");
            }
        }
        let mut heard = listens(world.stack.administrator_of_events(), "somewhere.else").await;
        deliver("somewhere.else", AckPolicy::None, false).await.expect("it may");
        for _ in 0..20 {
            tell(&world).await;
            assert_comes(&mut heard, "an event").await;
        }
        assert_eq!(state(&world).await, (21, 21));
        world.stop().await;
    });
}
