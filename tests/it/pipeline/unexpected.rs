//! What nobody foresaw: the chunk is kept for whoever looks after the server, and its device is told so at once.

use std::time::Duration;

use sojourn_wire::message::operation::{ChunkOutcome, VerdictKind};

use super::{MEMO, create, desk, kinds, object, rule};
use crate::support::sender::{chunk, text};
use crate::support::{run, until};

#[test]
fn a_chunk_that_always_fails_is_told_kept_and_taken_when_the_server_is_well() {
    run(async {
        let (world, mut sender) = desk().await;
        let memo = sender.chunk(vec![create(MEMO, object(), &[("body", text("x"))])]);
        rule(world.admin(), "REVOKE INSERT ON sojourn.operation FROM sojourn_service").await;
        let told = sender.link.replay(&memo, Duration::from_secs(60)).await.expect("an answer");
        let ChunkOutcome::Refused { reason } = told else { panic!("it cannot be played back: {told:?}") };
        assert!(reason.contains("nothing of it was done"), "{reason}");
        let letter = until("a dead letter", Duration::from_secs(20), async || {
            world.stack.dead_letters().await.expect("the dead letters").pop()
        })
        .await;
        assert!(letter.reason.contains("permission denied"), "{letter:?}");

        rule(world.admin(), "GRANT INSERT ON sojourn.operation TO sojourn_service").await;
        let again = chunk(memo.first, memo.operations.clone());
        let told = sender.link.replay(&again, Duration::from_secs(60)).await.expect("an answer");
        let ChunkOutcome::Verdicts { verdicts } = told else { panic!("it is played back: {told:?}") };
        assert_eq!(kinds(&verdicts), [VerdictKind::Applied]);
        world.end().await;
    });
}
