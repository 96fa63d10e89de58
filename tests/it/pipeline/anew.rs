//! A device whose database is lost and made anew: what the earlier one left unsettled, nobody can settle any more.

use sojourn_wire::message::operation::{OperationChunk, VerdictKind};

use super::{PERSON, create, desk, object, update};
use crate::support::run;
use crate::support::sender::text;

#[test]
fn what_an_earlier_database_left_open_blocks_nothing() {
    run(async {
        let (world, mut sender) = desk().await;
        let id = object();
        let refused = sender.send_one(create(PERSON, id, &[("no_such_attribute", text("x"))])).await;
        assert_eq!(refused.verdict, VerdictKind::Rejected, "{refused:?}");
        let parked = sender.send_one(update(PERSON, id, &[("name", text("x"), text("later"))])).await;
        assert_eq!((parked.verdict, parked.cause), (VerdictKind::Parked, Some(refused.sequence)));

        // The new database numbers on from where the server stands, and says so.
        let since = sender.next;
        let chunk = sender.chunk(vec![create(PERSON, id, &[("name", text("anew"))])]);
        let chunk = OperationChunk { since: Some(since), ..chunk };
        let anew = sender.link.replay(&chunk, std::time::Duration::from_secs(60)).await.expect("an answer");
        assert!(
            matches!(&anew, sojourn_wire::message::operation::ChunkOutcome::Verdicts { verdicts }
                if verdicts[0].verdict == VerdictKind::Applied),
            "{anew:?}"
        );
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM sojourn.operation
              WHERE settled_by IS NULL AND verdict NOT IN ('applied', 'merged')",
        )
        .fetch_one(world.admin())
        .await
        .expect("a count");
        assert_eq!(open, 0, "it is settled for those who come after, too");
        world.stop().await;
    });
}
