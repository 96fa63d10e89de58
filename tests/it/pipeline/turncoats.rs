//! A trigger that changes who is writing costs its own operation, and nobody else's.

use sojourn_wire::message::operation::{Operation, VerdictKind};

use super::{TURNCOAT, create, desk, kinds, object, reason};
use crate::support::run;
use crate::support::sender::text;

use VerdictKind::{Applied, Cancelled, Rejected};

fn taking(what: &str) -> Operation {
    create(TURNCOAT, object(), &[("takes", text(what))])
}

#[test]
fn who_takes_another_role_or_name_is_refused() {
    run(async {
        let (world, mut sender) = desk().await;
        let operations = ["nothing", "role", "nothing", "user", "rows", "nothing"].map(taking).to_vec();
        let verdicts = sender.send(operations).await;
        assert_eq!(kinds(&verdicts), [Applied, Rejected, Applied, Rejected, Rejected, Applied], "{verdicts:?}");
        assert!(reason(&verdicts[1]).contains("a trigger of the server has changed who is writing"), "{verdicts:?}");

        let grouped = |what| Operation { group: Some(1), ..taking(what) };
        let verdicts = sender.send(vec![grouped("role"), grouped("nothing"), taking("nothing")]).await;
        assert_eq!(kinds(&verdicts), [Cancelled, Rejected, Applied], "{verdicts:?}");
        let taken: Vec<String> = sqlx::query_scalar("SELECT DISTINCT takes FROM desk.turncoat")
            .fetch_all(world.admin())
            .await
            .expect("the rows");
        assert_eq!(taken, ["nothing"]);
        world.stop().await;
    });
}
