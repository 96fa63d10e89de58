//! Who is let in no more keeps the queue, and goes on when let in again.

use std::process::Command;

use sojourn_agent::link::LinkError;
use sojourn_wire::message::operation::{ChunkOutcome, VerdictKind};

use super::{MEMO, create, desk, kinds, object};
use crate::support::sender::text;
use crate::support::{Ran, World, run};

const SENT: &str = "SELECT count(*) FROM desk.memo";

/// As an administrator's script says.
async fn govern(world: &World, verb: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sojourn-processes"));
    command.args(["admin", "subscriptions", verb, world.devices[0].subscription.as_str(), "--json"]);
    command.env("SOJOURN_ADMIN_DATABASE_URL", world.stack.admin_url());
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("a thread");
    Ran::from(output.expect("it starts")).expect(0);
}

async fn memos(world: &World) -> i64 {
    sqlx::query_scalar(SENT).fetch_one(world.admin()).await.expect("the memos")
}

/// Three memos in the queue of a device that is offline.
async fn worked_offline(world: &World) {
    let device = &world.devices[0];
    device.init().await;
    device.run(&["go-offline"]).await.expect(0);
    for number in 0..3 {
        device.write(&format!("INSERT INTO memo (id, body) VALUES ('{}', 'memo {number}')", object()));
    }
}

/// How many operations have no verdict yet.
async fn waiting(world: &World) -> u64 {
    let queue = world.devices[0].run(&["queue"]).await.expect(0);
    let count = |state: &str| queue["summary"][state].as_u64().unwrap_or_else(|| panic!("{queue}"));
    count("waiting") + count("sent")
}

async fn goes_on(world: &World) {
    let online = world.devices[0].run(&["go-online"]).await;
    assert_eq!((online.code, online.verdicts("applied")), (Some(0), 3), "{online:?}");
    assert_eq!(memos(world).await, 3);
}

#[test]
fn a_subscription_revoked_between_two_chunks_is_refused_and_goes_on_when_readmitted() {
    run(async {
        let (world, mut sender) = desk().await;
        let memo = || create(MEMO, object(), &[("body", text("x"))]);
        let first = sender.send(vec![memo(), memo()]).await;
        assert_eq!(kinds(&first), [VerdictKind::Applied; 2]);
        govern(&world, "revoke").await;
        let chunk = sender.chunk(vec![memo(), memo()]);
        let patience = std::time::Duration::from_secs(30);
        let told = sender.link.replay(&chunk, patience).await.expect("an answer");
        let ChunkOutcome::Refused { reason } = told else { panic!("{told:?}") };
        assert!(reason.contains("was revoked: ask the administrator"), "{reason}");
        assert_eq!(memos(&world).await, 2, "nothing is done");
        govern(&world, "readmit").await;
        let again = sojourn_wire::message::operation::OperationChunk { chunk: object(), ..chunk };
        let told = sender.link.replay(&again, patience).await.expect("an answer");
        assert!(matches!(&told, ChunkOutcome::Verdicts { verdicts } if kinds(verdicts) == [VerdictKind::Applied; 2]));
        assert_eq!(memos(&world).await, 4);
        world.stop().await;
    });
}

#[test]
fn a_device_whose_subscription_is_revoked_keeps_its_queue_until_it_is_readmitted() {
    run(async {
        let (world, _) = desk().await;
        worked_offline(&world).await;
        govern(&world, "revoke").await;
        let refused = world.devices[0].run(&["go-online"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let words = refused.answer["error"].as_str().unwrap_or_default();
        assert!(words.contains("was revoked: ask the administrator"), "{refused:?}");
        assert_eq!((waiting(&world).await, memos(&world).await), (3, 0));
        govern(&world, "readmit").await;
        goes_on(&world).await;
        world.stop().await;
    });
}

#[test]
fn a_device_whose_key_is_withdrawn_keeps_its_queue_until_it_is_given_back() {
    run(async {
        let (mut world, mut sender) = desk().await;
        worked_offline(&world).await;
        let folder = world.stack.nats().store();
        let path = folder.parent().expect("a folder").join("nats.conf");
        let whole = std::fs::read_to_string(path).expect("the server's configuration");
        let without = without_device(&whole);
        world.stack.nats().reload(&without).await.expect("it is taken");

        let refused = world.devices[0].run(&["go-online", "--patience", "2"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert_eq!((waiting(&world).await, memos(&world).await), (3, 0), "{refused:?}");
        let chunk = sender.chunk(vec![create(MEMO, object(), &[("body", text("x"))])]);
        let silent = sender.link.replay(&chunk, std::time::Duration::from_secs(1));
        let silent = tokio::time::timeout(std::time::Duration::from_secs(3), silent).await;
        assert!(matches!(silent, Err(_) | Ok(Err(LinkError::Silent { .. } | LinkError::Publish(_)))), "{silent:?}");
        world.stack.nats().reload(&whole).await.expect("it is taken");
        goes_on(&world).await;
        world.stop().await;
    });
}

/// The configuration with another key in place of the only device's.
fn without_device(whole: &str) -> String {
    let (services, agents) = whole.split_once("\n  AGT {").expect("the account of agents");
    let (before, key) = agents.split_once("nkey: ").expect("a device");
    let after = key.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    let other = nkeys::KeyPair::new_user().public_key();
    format!("{services}\n  AGT {{{before}nkey: {other}{after}")
}
