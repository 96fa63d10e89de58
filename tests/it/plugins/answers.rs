//! What replay makes of answers, and of none.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use futures_util::StreamExt as _;
use sojourn_replay::plugins::{Asked, ask, ask_all};
use sojourn_wire::message::decode;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::FieldValue;
use sojourn_wire::message::plugin::{PluginReply, PluginRequest};

use super::{listening, request, rule};
use crate::support::{World, WorldPlan, run};

/// A plug-in that answers every question with these bytes, or never.
pub(super) async fn plugin(world: &World, command: &str, answer: Option<(HeaderMap, Vec<u8>)>) {
    let (client, mut questions) = listening(world, command).await;
    tokio::spawn(async move {
        while let Some(Message { reply: Some(to), .. }) = questions.next().await {
            if let Some((headers, payload)) = answer.clone() {
                client.publish_with_headers(to, headers, payload.into()).await.expect("it may answer");
            }
        }
    });
}

async fn asked(world: &World, command: &str) -> Asked {
    ask(world.stack.administrator(), &rule(command, 400), &request(command, &[])).await
}

fn absent(asked: Asked) -> String {
    let Asked::Absent(refusal) = asked else { panic!("{asked:?}") };
    assert!(refusal.rule.is_some_and(|rule| rule.starts_with("plugin.opportunity.")));
    refusal.reason
}

fn refused(asked: Asked) -> String {
    let Asked::Refused(refusal) = asked else { panic!("{asked:?}") };
    assert!(refusal.rule.is_some_and(|rule| rule.starts_with("plugin.opportunity.")));
    refusal.reason
}

#[test]
fn a_plug_in_that_does_not_answer_is_absent_in_words() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let nobody = absent(asked(&world, "create").await);
        assert_eq!(nobody, "the plug-in plugin.opportunity.create.pre is not running; try again later");
        plugin(&world, "update", None).await;
        let slow = absent(asked(&world, "update").await);
        assert_eq!(slow, "the plug-in plugin.opportunity.update.pre did not answer within 400 ms; try again later");
        let mut crash = HeaderMap::new();
        crash.insert("Nats-Service-Error", "KeyError('stage')");
        crash.insert("Nats-Service-Error-Code", "500");
        plugin(&world, "delete", Some((crash, Vec::new()))).await;
        let crashed = absent(asked(&world, "delete").await);
        assert_eq!(
            crashed,
            "the plug-in plugin.opportunity.delete.pre failed (500 KeyError('stage')); try again later"
        );
        world.stop().await;
    });
}

#[test]
fn an_answer_that_makes_no_sense_refuses_the_operation() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        let newer = br#"{"message":"plugin-reply","version":9,"body":{"kind":"allow"}}"#;
        let perform = encode(&PluginReply::Perform { writes: Vec::new() });
        let answers = [
            ("create", b"yes".to_vec(), "not a message"),
            ("update", newer.to_vec(), "version 9"),
            ("delete", perform, "performs a delete"),
            ("close", encode(&PluginReply::Allow), "allows a named command"),
        ];
        for (command, answer, expected) in answers {
            plugin(&world, command, Some((HeaderMap::new(), answer))).await;
            let words = refused(asked(&world, command).await);
            assert!(words.contains("makes no sense") && words.contains(expected), "{words}");
        }
        world.stop().await;
    });
}

#[test]
fn a_question_that_no_message_holds_is_refused_and_binary_values_do_not_count() {
    run(async {
        let world = WorldPlan::of(&[]).start().await;
        plugin(&world, "create", Some((HeaderMap::new(), encode(&PluginReply::Allow)))).await;
        let large = request("create", &[("description", FieldValue::Text("x".repeat(1_100_000)))]);
        let words = refused(ask(world.stack.administrator(), &rule("create", 400), &large).await);
        assert!(words.contains("cannot be asked: this has 1100"), "{words}");
        let photo = request("create", &[("photo", FieldValue::Bytes(vec![7; 1_100_000]))]);
        let asked = ask(world.stack.administrator(), &rule("create", 5_000), &photo).await;
        assert_eq!(asked, Asked::Allowed);
        world.stop().await;
    });
}

#[test]
fn many_are_asked_at_once_and_answered_in_order() {
    run(async {
        const QUESTIONS: usize = 60;
        const AT_ONCE: usize = 8;
        let world = WorldPlan::of(&[]).start().await;
        let (client, mut questions) = listening(&world, "create").await;
        let (at_work, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let peak = Arc::clone(&most);
        tokio::spawn(async move {
            while let Some(Message { reply: Some(to), payload, .. }) = questions.next().await {
                peak.fetch_max(at_work.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let (client, at_work) = (client.clone(), Arc::clone(&at_work));
                tokio::spawn(async move {
                    let data = decode::<PluginRequest>(&payload).expect("a question").data;
                    let FieldValue::Number(number) = &data["number"] else { panic!("{data:?}") };
                    // Later questions of a handful are answered sooner.
                    let turn = 7 - number.as_u64().expect("a number") % 8;
                    tokio::time::sleep(Duration::from_millis(5 * turn)).await;
                    at_work.fetch_sub(1, Ordering::SeqCst);
                    let answer: Bytes = encode(&PluginReply::Amend { data }).into();
                    client.publish(to, answer).await.expect("it may answer");
                });
            }
        });
        let number = |number: usize| FieldValue::Number(number.into());
        let all = (0..QUESTIONS).map(|i| (rule("create", 5_000), request("create", &[("number", number(i))])));
        let answers = ask_all(world.stack.administrator(), all.collect(), AT_ONCE).await;
        for (i, answer) in answers.iter().enumerate() {
            assert!(matches!(answer, Asked::Amended(data) if data["number"] == number(i)), "{i}: {answer:?}");
        }
        assert_eq!(answers.len(), QUESTIONS);
        let most = most.load(Ordering::SeqCst);
        assert!((2..=AT_ONCE).contains(&most), "{most} were asked at once");
        world.stop().await;
    });
}
