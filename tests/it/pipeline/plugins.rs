//! Plug-ins that are absent, slow, broken or talk nonsense, and what becomes of operations meanwhile: nothing is lost.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{ConnectOptions, HeaderMap, Message, jetstream};
use futures_util::StreamExt as _;
use sojourn_wire::Service;
use sojourn_wire::events_api::PREFIX;
use sojourn_wire::message::encode;
use sojourn_wire::message::operation::{ChunkOutcome, Command, Operation, OperationChunk, VerdictKind};
use sojourn_wire::message::plugin::PluginReply;
use sojourn_wire::streams::EVENTS;
use sojourn_wire::subject::PLUGIN_INBOX_PREFIX;
use uuid::Uuid;

use super::{LINE, MEMO, PERSON, TABLES, USER, create, delete, kinds, object, reason, settles, told, update};
use crate::support::sender::{Sender, chunk, operation, text};
use crate::support::{World, WorldPlan, run, until};

use VerdictKind::{Applied, Merged, Parked, Rejected};

/// What is asked may be refused, allowed, or kept waiting while nobody answers.
const CONFIG: &str = concat!(
    include_str!("sojourn.yaml"),
    "  plugins:
    - {entity: person, command: create, time_limit_ms: 300}
    - {entity: person, command: update, time_limit_ms: 300, when_absent: allow}
    - {entity: person, command: delete, time_limit_ms: 300, when_absent: wait}
    - {entity: line, command: promote, time_limit_ms: 300}
  commands:
    - {entity: line, name: promote}\n"
);
const WITHIN: Duration = Duration::from_secs(60);
const IS_THERE: &str = "SELECT name FROM desk.person WHERE id = $1";

/// How a plug-in behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    Allows,
    Slow,
    Crashes,
    Babbles,
}

/// A plug-in for everything about people.
#[derive(Clone)]
struct Plugin(Arc<Mutex<Behaviour>>);

impl Plugin {
    async fn start(world: &World, behaviour: Behaviour) -> Self {
        let (user, password) = world.stack.plugin_login();
        let options = ConnectOptions::with_user_and_password(user.to_owned(), password.to_owned());
        let options = options.custom_inbox_prefix(PLUGIN_INBOX_PREFIX);
        let client = options.connect(world.stack.nats_url()).await.expect("plug-ins are let in");
        let mut questions = client.subscribe("plugin.person.*.pre").await.expect("it may listen");
        // What is answered was asked after the subscription.
        jetstream::with_prefix(client.clone(), PREFIX).get_stream(EVENTS.name).await.expect("the stream is there");
        let plugin = Self(Arc::new(Mutex::new(behaviour)));
        let now = plugin.clone();
        tokio::spawn(async move {
            while let Some(Message { reply: Some(to), .. }) = questions.next().await {
                let mut headers = HeaderMap::new();
                let behaviour = *now.0.lock().expect("nobody panics");
                let answer = match behaviour {
                    Behaviour::Allows => encode(&PluginReply::Allow),
                    Behaviour::Babbles => b"perhaps".to_vec(),
                    Behaviour::Slow => continue,
                    Behaviour::Crashes => {
                        headers.insert("Nats-Service-Error", "KeyError('name')");
                        headers.insert("Nats-Service-Error-Code", "500");
                        Vec::new()
                    }
                };
                client.publish_with_headers(to, headers, answer.into()).await.expect("it may answer");
            }
        });
        plugin
    }

    fn becomes(&self, behaviour: Behaviour) {
        *self.0.lock().expect("nobody panics") = behaviour;
    }
}

async fn world() -> (World, Sender) {
    let world = WorldPlan::of(&[USER, USER]).of_tables(TABLES, CONFIG).start().await;
    let sender = Sender::connect(&world.devices[0]).await;
    (world, sender)
}

/// A person whom nobody was asked about.
async fn given(world: &World) -> Uuid {
    let id = object();
    assert_eq!(world.sql("INSERT INTO desk.person (id, name) VALUES ($1, 'given')", id).await, 1);
    id
}

fn named(id: Uuid) -> Operation {
    create(PERSON, id, &[("name", text("new"))])
}

fn renamed(id: Uuid) -> Operation {
    update(PERSON, id, &[("name", text("given"), text("renamed"))])
}

/// Asserts what becomes of a create that is refused, and an update that is allowed, while the plug-in does not answer.
async fn unanswered(world: &World, sender: &mut Sender, words: &str) -> (Uuid, u64) {
    let (fresh, old, memo) = (object(), given(world).await, object());
    let verdicts = sender.send(vec![named(fresh), renamed(old), create(MEMO, memo, &[("body", text("x"))])]).await;
    assert_eq!((verdicts[0].verdict, verdicts[2].verdict), (Rejected, Applied), "{verdicts:?}");
    assert!(matches!(verdicts[1].verdict, Applied | Merged), "{verdicts:?}");
    assert_eq!(reason(&verdicts[0]), format!("the plug-in plugin.person.create.pre {words}; try again later"));
    assert_eq!(verdicts[0].rule.as_deref(), Some("plugin.person.create.pre"));
    assert_eq!(told(world, IS_THERE, fresh).await, None);
    assert_eq!(told(world, IS_THERE, old).await.as_deref(), Some("renamed"));
    (fresh, verdicts[0].sequence)
}

#[test]
fn while_a_plug_in_does_not_answer_operations_are_refused_or_allowed_as_its_rule_says() {
    run(async {
        let (world, mut sender) = world().await;
        let mut refused = vec![unanswered(&world, &mut sender, "is not running").await];
        let plugin = Plugin::start(&world, Behaviour::Slow).await;
        refused.push(unanswered(&world, &mut sender, "did not answer within 300 ms").await);
        plugin.becomes(Behaviour::Crashes);
        refused.push(unanswered(&world, &mut sender, "failed (500 KeyError('name'))").await);

        // Nothing is lost: all of it goes through when it comes again.
        plugin.becomes(Behaviour::Allows);
        let again = refused.iter().map(|(id, sequence)| Operation { settles: Some(*sequence), ..named(*id) });
        assert_eq!(kinds(&sender.send(again.collect()).await), [Applied; 3]);
        for (id, _) in refused {
            assert_eq!(told(&world, IS_THERE, id).await.as_deref(), Some("new"));
        }
        world.stop().await;
    });
}

#[test]
fn nonsense_refuses_whatever_the_rule_says_about_silence() {
    run(async {
        let (world, mut sender) = world().await;
        let plugin = Plugin::start(&world, Behaviour::Babbles).await;
        let (changed, gone) = (given(&world).await, given(&world).await);
        let operations = vec![named(object()), renamed(changed), delete(PERSON, gone)];
        let refused = sender.send(operations.clone()).await;
        assert_eq!(kinds(&refused), [Rejected; 3], "{refused:?}");
        assert!(refused.iter().all(|refused| reason(refused).contains("makes no sense")), "{refused:?}");
        assert_eq!(told(&world, IS_THERE, changed).await.as_deref(), Some("given"));
        plugin.becomes(Behaviour::Allows);
        let again = operations.into_iter().zip(&refused).map(|(operation, refused)| settles(refused, operation));
        let done = sender.send(again.take(2).collect()).await;
        assert!(kinds(&done).iter().all(|kind| matches!(kind, Applied | Merged)), "{done:?}");
        world.stop().await;
    });
}

#[test]
fn a_group_falls_with_the_member_whose_plug_in_is_absent_and_a_rehearsal_waits_for_nobody() {
    run(async {
        let (world, mut sender) = world().await;
        let (fresh, memo, gone) = (object(), object(), given(&world).await);
        let grouped = |operation| Operation { group: Some(1), ..operation };
        let members = [create(MEMO, memo, &[("body", text("x"))]), named(fresh)].map(grouped);
        let refused = sender.send(members.to_vec()).await;
        assert_eq!(kinds(&refused), [VerdictKind::Cancelled, Rejected], "{refused:?}");
        assert_eq!(refused[0].cause, Some(refused[1].sequence));
        assert_eq!(told(&world, "SELECT body FROM desk.memo WHERE id = $1", memo).await, None);

        let dry = OperationChunk { dry_run: true, ..chunk(sender.next, vec![delete(PERSON, gone)]) };
        let outcome = sender.link.replay(&dry, WITHIN).await.expect("an answer");
        let ChunkOutcome::Verdicts { verdicts } = outcome else { panic!("{outcome:?}") };
        assert_eq!(kinds(&verdicts), [Rejected], "{verdicts:?}");
        assert!(reason(&verdicts[0]).contains("is not running"), "{verdicts:?}");

        let _plugin = Plugin::start(&world, Behaviour::Allows).await;
        let again = members.into_iter().zip(&refused).map(|(member, refused)| settles(refused, member));
        assert_eq!(kinds(&sender.send(again.collect()).await), [Applied, Applied]);
        world.stop().await;
    });
}

/// How often replay has said that it waits for the plug-in.
fn waits(world: &mut World, words: &str) -> usize {
    let log = world.stack.service(Service::Replay).log().to_owned();
    std::fs::read_to_string(log).expect("a log").matches(words).count()
}

#[test]
fn while_operations_wait_for_a_plug_in_nobody_else_does_and_then_they_are_carried_out() {
    run(async {
        let (mut world, mut sender) = world().await;
        let mut other = Sender::connect(&world.devices[1]).await;
        let mut plugin = None;
        let silences = [
            (None, "is not running"),
            (Some(Behaviour::Slow), "did not answer within 300 ms"),
            (Some(Behaviour::Crashes), "failed (500"),
        ];
        for (behaviour, words) in silences {
            match (behaviour, &plugin) {
                (None, _) => {}
                (Some(behaviour), None) => plugin = Some(Plugin::start(&world, behaviour).await),
                (Some(behaviour), Some(plugin)) => plugin.becomes(behaviour),
            }
            let id = given(&world).await;
            let chunk = sender.chunk(vec![
                create(MEMO, object(), &[("body", text("before"))]),
                Operation { seen: version(&world, id).await, ..delete(PERSON, id) },
                create(MEMO, object(), &[("body", text("after"))]),
            ]);
            let link = sender.link.clone();
            let waiting = tokio::spawn(async move { link.replay(&chunk, WITHIN).await });
            until("replay waits", WITHIN, async || (waits(&mut world, words) > 0).then_some(())).await;
            let memo = other.send_one(create(MEMO, object(), &[("body", text("other"))])).await;
            assert_eq!(memo.verdict, Applied, "nobody else waits");
            assert!(!waiting.is_finished(), "it waits: {words}");
            assert_eq!(told(&world, IS_THERE, id).await.as_deref(), Some("given"));
            match &plugin {
                Some(plugin) => plugin.becomes(Behaviour::Allows),
                None => plugin = Some(Plugin::start(&world, Behaviour::Allows).await),
            }
            let outcome = waiting.await.expect("a task").expect("an answer");
            let ChunkOutcome::Verdicts { verdicts } = outcome else { panic!("{outcome:?}") };
            assert_eq!(kinds(&verdicts), [Applied, Merged, Applied], "{words}: {verdicts:?}");
            assert_eq!(told(&world, IS_THERE, id).await, None);
        }
        world.stop().await;
    });
}

async fn version(world: &World, id: Uuid) -> Option<u32> {
    let version = told(world, "SELECT xmin::text FROM desk.person WHERE id = $1", id).await;
    version.and_then(|version| version.parse().ok())
}

#[test]
fn a_command_waits_for_what_its_parameters_name() {
    run(async {
        let (world, mut sender) = world().await;
        let (owner, refused) = (object(), object());
        let memo = create(MEMO, owner, &[("body", text("x"))]);
        let bad = create(LINE, refused, &[("word", text("bad"))]);
        let promote = |with: Uuid| {
            let with = ("with", text(&with.to_string()));
            Operation { name: Some("promote".to_owned()), ..operation(Command::Invoke, LINE, object(), &[with]) }
        };
        let operations = vec![memo, bad, promote(refused), promote(owner)];
        let verdicts = sender.send(operations).await;
        assert_eq!(kinds(&verdicts), [Applied, Rejected, Parked, Rejected], "{verdicts:?}");
        let later = sender.send_one(promote(refused)).await;
        assert_eq!((later.verdict, later.cause), (Parked, Some(verdicts[1].sequence)), "{later:?}");
        world.stop().await;
    });
}
