//! A trigger that changes who is writing costs its own operation, and nobody else's.

use sojourn_wire::message::operation::{Operation, VerdictKind};

use super::{CONFIG, SECRET, TABLES, TURNCOAT, USER, create, desk, elsewhere, kinds, object, reason, update};
use crate::support::sender::{Sender, text};
use crate::support::{WorldPlan, run};

use VerdictKind::{Applied, Cancelled, Rejected};

fn taking(what: &str) -> Operation {
    create(TURNCOAT, object(), &[("takes", text(what))])
}

#[test]
fn what_a_trigger_sets_for_the_session_ends_with_the_chunk() {
    run(async {
        let world = WorldPlan::of(&[USER, USER]).of_tables(TABLES, CONFIG).start().await;
        let mut senders = [Sender::connect(&world.devices[0]).await, Sender::connect(&world.devices[1]).await];
        // More often than the service has connections.
        for _ in 0..20 {
            assert_eq!(senders[0].send_one(taking("session")).await.verdict, Applied);
            assert_eq!(senders[1].send_one(taking("nothing")).await.verdict, Applied);
        }
        world.stop().await;
    });
}

#[test]
fn a_row_is_not_looked_at_in_another_name() {
    run(async {
        let (world, mut sender) = desk().await;
        let (reader, secret) = (object(), object());
        let hidden = "INSERT INTO desk.secret (id, reader, word) SELECT $1, id, 'hidden' FROM desk.turncoat";
        assert_eq!(sender.send_one(create(TURNCOAT, reader, &[])).await.verdict, Applied);
        elsewhere(&world, hidden, secret).await;
        elsewhere(&world, "DELETE FROM desk.turncoat WHERE id = $1", reader).await;

        // The row takes the name of who may read the secret.
        let turning = create(TURNCOAT, reader, &[("takes", text("claims"))]);
        let reading = update(SECRET, secret, &[("word", text("guessed"), text("mine"))]);
        let grouped = |operation| Operation { group: Some(1), ..operation };
        let verdicts = sender.send(vec![grouped(turning), grouped(reading)]).await;
        assert_eq!(kinds(&verdicts), [Rejected, Cancelled], "{verdicts:?}");
        assert!(!format!("{verdicts:?}").contains("hidden"), "{verdicts:?}");
        world.stop().await;
    });
}

#[test]
fn who_takes_another_role_or_name_is_refused() {
    run(async {
        let (world, mut sender) = desk().await;
        let operations = ["nothing", "role", "nothing", "user", "claims", "rows", "nothing"].map(taking).to_vec();
        let verdicts = sender.send(operations).await;
        let expected = [Applied, Rejected, Applied, Rejected, Rejected, Rejected, Applied];
        assert_eq!(kinds(&verdicts), expected, "{verdicts:?}");
        assert!(reason(&verdicts[1]).contains("a trigger of the server has changed who is writing"), "{verdicts:?}");

        let grouped = |what| Operation { group: Some(1), ..taking(what) };
        let verdicts = sender.send(vec![grouped("role"), grouped("nothing"), taking("nothing")]).await;
        assert_eq!(kinds(&verdicts), [Rejected, Cancelled, Applied], "{verdicts:?}");
        let between = vec![grouped("role"), taking("nothing"), grouped("nothing")];
        let verdicts = sender.send(between).await;
        assert_eq!(kinds(&verdicts), [Rejected, Applied, Cancelled], "{verdicts:?}");
        let taken: Vec<String> = sqlx::query_scalar("SELECT DISTINCT takes FROM desk.turncoat")
            .fetch_all(world.admin())
            .await
            .expect("the rows");
        assert_eq!(taken, ["nothing"]);
        world.stop().await;
    });
}
