//! Batches over HTTP are their device's alone: whoever else asks, with whatever token, learns nothing.

use bytes::Bytes;
use serde_json::Value;
use sojourn_runtime::rpc::ask;
use sojourn_wire::message::token::{TOKEN, TokenAnswer, TokenOutcome, TokenRequest};
use sojourn_wire::message::{decode, encode};
use sojourn_wire::{AgentId, Service, Subject, SubscriptionId};

use super::bus::Probe;
use crate::faults::hand::Hand;
use crate::faults::running::LONG;
use crate::support::{Device, Fetched, Web, World, WorldPlan, run};

/// Two devices, the first of which has a stored batch; and that batch's path.
async fn world() -> (World, Hand, String) {
    let plan = WorldPlan::of(&[|people| people.sales[0].id, |people| people.sales[1].id]);
    let world = plan.with(|plan| sojourn_dev::stack::StackPlan { log: Some("debug".to_owned()), ..plan }).start().await;
    let hand = Hand::begin(&world.devices[0]).await;
    hand.ready(1).await;
    world.devices[1].init().await;
    let path = format!("/batches/{}/1", hand.session);
    (world, hand, path)
}

/// A device's way in.
async fn web_of(device: &Device) -> Web {
    let answer = device.run(&["token"]).await.expect(0);
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    Web { url: text("url"), token: Some(text("token")) }
}

async fn execute(world: &World, statement: &'static str, id: &str) {
    let done = sqlx::query(statement).bind(id).execute(world.admin()).await.expect("the statement runs");
    assert!(done.rows_affected() > 0, "{statement}");
}

#[track_caller]
fn assert_problem(fetched: &Fetched, status: u16) -> Value {
    assert_eq!(fetched.status, status, "{fetched:?}");
    assert_eq!(fetched.header("content-type"), "application/problem+json");
    let problem = fetched.json();
    assert_eq!(problem["status"].as_u64(), Some(u64::from(status)));
    problem
}

/// What export answers a device that asks for a token.
async fn asked(probe: &Probe, agent: &AgentId, subscription: &SubscriptionId) -> TokenOutcome {
    let question = Subject::Rpc { service: Service::Export, verb: TOKEN.to_owned(), agent: agent.clone() };
    let request = encode(&TokenRequest { subscription: subscription.clone() });
    let answer = ask(&probe.client, &question, Bytes::from(request), LONG).await.expect("an answer");
    decode::<TokenAnswer>(&answer).expect("an answer about a token").outcome
}

#[test]
fn another_users_batch_is_not_there() {
    run(async {
        let (world, hand, path) = world().await;
        let (own, other) = (web_of(&world.devices[0]).await, web_of(&world.devices[1]).await);
        assert_eq!(own.get(&path, &[]).await.status, 200);
        assert_eq!(other.get("/batches", &[]).await.json(), Value::Array(Vec::new()));

        let missing = other.get(&path, &[]).await;
        assert_problem(&missing, 404);
        let unknown = [
            format!("/batches/{}/999", hand.session),
            format!("/batches/{}/1", uuid::Uuid::from_u128(1)),
            format!("/batches/{}/-1", hand.session),
            "/batches/..%2f..%2fetc/1".to_owned(),
            "/nowhere".to_owned(),
        ];
        for path in unknown {
            let nothing = own.get(&path, &[]).await;
            assert_eq!((nothing.status, nothing.whole()), (404, missing.whole()), "{path}");
        }
        world.end().await;
    });
}

#[test]
fn a_token_that_is_none_has_ended_or_was_taken_back_opens_nothing() {
    run(async {
        let (world, hand, path) = world().await;
        let subscription = world.devices[0].subscription.as_str();
        let web = web_of(&world.devices[0]).await;
        let with = |token: Option<&str>| Web { token: token.map(str::to_owned), ..web.clone() };
        for (token, words) in [(None, "Bearer realm"), (Some("wrong"), "invalid_token"), (Some(""), "Bearer")] {
            for path in [path.as_str(), "/batches"] {
                let refused = with(token).get(path, &[]).await;
                assert_problem(&refused, 401);
                assert!(refused.header("www-authenticate").contains(words), "{refused:?}");
            }
        }
        let basic = with(None).get(&path, &[("authorization", "Basic bWU6aHVudGVyMg==")]).await;
        assert_problem(&basic, 401);
        assert_problem(&web.ask("DELETE", &path, &[]).await, 405);

        execute(&world, "UPDATE sojourn.batch_token SET expires_at = now() WHERE subscription_id = $1", subscription)
            .await;
        assert_problem(&web.get(&path, &[]).await, 401);
        let web = web_of(&world.devices[0]).await;
        let left = "SELECT count(*) FROM sojourn.batch_token WHERE expires_at <= now()";
        let left: i64 = sqlx::query_scalar(left).fetch_one(world.admin()).await.expect("a count");
        assert_eq!(left, 0, "a token that has ended is dropped with the next one");

        let primary = "UPDATE sojourn.subscription_client SET is_primary = NOT is_primary WHERE subscription_id = $1";
        execute(&world, primary, subscription).await;
        assert_problem(&web.get(&path, &[]).await, 403);
        execute(&world, primary, subscription).await;
        assert_eq!(web.get(&path, &[]).await.status, 200);

        execute(&world, "UPDATE sojourn.subscription SET status = 'revoked' WHERE id = $1", subscription).await;
        assert_problem(&web.get(&path, &[]).await, 403);
        let refused = world.devices[0].run(&["token"]).await.expect(1);
        assert!(refused["error"].as_str().is_some_and(|words| words.contains("revoked")), "{refused}");
        execute(&world, "UPDATE sojourn.subscription SET status = 'active' WHERE id = $1", subscription).await;

        execute(&world, "UPDATE sojourn.session SET state = 'finished' WHERE id = $1::uuid", &hand.session.to_string())
            .await;
        assert_problem(&web.get(&path, &[]).await, 404);
        assert_eq!(web.get("/batches", &[]).await.json(), Value::Array(Vec::new()));
        world.end().await;
    });
}

#[test]
fn a_device_gets_tokens_of_its_own_subscription_only_and_not_without_end() {
    run(async {
        let (world, _hand, path) = world().await;
        let [first, second] = [&world.devices[0], &world.devices[1]];
        let probe = Probe::of_device(&second.credentials).await;
        for subscription in [first.subscription.clone(), "nobodys".parse().expect("an id")] {
            let TokenOutcome::Refused { reason } = asked(&probe, &second.agent, &subscription).await else {
                panic!("{} got a token of {subscription}", second.agent);
            };
            assert!(reason.contains("init anew") && !reason.contains(subscription.as_str()), "{reason}");
        }

        let oldest = web_of(first).await;
        let probe = Probe::of_device(&first.credentials).await;
        for _ in 0..15 {
            let issued = asked(&probe, &first.agent, &first.subscription).await;
            assert!(matches!(issued, TokenOutcome::Issued { .. }), "{issued:?}");
        }
        assert_eq!(oldest.get(&path, &[]).await.status, 200);
        let newest = web_of(first).await;
        assert_problem(&oldest.get(&path, &[]).await, 401);
        assert_eq!(newest.get(&path, &[]).await.status, 200);
        let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM sojourn.batch_token")
            .fetch_one(world.admin())
            .await
            .expect("a count");
        assert_eq!(kept, 16);
        world.end().await;
    });
}

#[test]
fn a_token_is_in_no_log_and_in_no_table() {
    run(async {
        let (world, _hand, path) = world().await;
        let web = web_of(&world.devices[0]).await;
        let token = web.token.clone().expect("a token");
        assert_eq!(web.get(&path, &[]).await.status, 200);
        assert_problem(&web.get("/batches/x/1", &[]).await, 404);
        let logs: String = std::fs::read_dir(world.stack.logs_dir())
            .expect("the logs")
            .map(|log| std::fs::read_to_string(log.expect("a log").path()).expect("text"))
            .collect();
        assert!(logs.contains("a token for"), "the log says that there is one");
        assert!(!logs.contains(&token), "the token is in a log");
        let known: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT hash FROM sojourn.batch_token").fetch_all(world.admin()).await.expect("hashes");
        assert!(known.iter().all(|hash| hash.len() == 32 && hash.as_slice() != token.as_bytes()));
        world.end().await;
    });
}
