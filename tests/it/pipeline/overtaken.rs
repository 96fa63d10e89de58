//! What the device got from the server while an operation was waiting: its user did not know it, although the device holds it.

use sojourn_wire::message::operation::{Operation, VerdictKind};
use uuid::Uuid;

use super::{PERSON, delete, desk, elsewhere, object, told};
use crate::support::{Device, World, run};

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";
const PHONE: &str = "SELECT phone FROM desk.person WHERE id = $1";
const CITY: &str = "SELECT city FROM desk.person WHERE id = $1";

/// A device that is offline with two people of the server's.
async fn offline() -> (World, [Uuid; 2]) {
    let (world, _) = desk().await;
    let ids = [object(), object()];
    for id in ids {
        elsewhere(&world, "INSERT INTO desk.person (id, phone, city) VALUES ($1, 'base', 'base')", id).await;
    }
    world.devices[0].init().await;
    world.devices[0].run(&["go-offline"]).await.expect(0);
    (world, ids)
}

/// The user does this in a group, which keeps it from being sent, and the device synchronises meanwhile.
async fn overtaken(device: &Device, statement: &str) {
    device.write(&format!("{START}; {statement}"));
    device.run(&["sync"]).await.expect(0);
    device.write(STOP);
}

#[test]
fn what_is_gone_already_is_not_told_to_be_deleted() {
    run(async {
        let (world, mut sender) = desk().await;
        let gone = Operation { overtaken: true, ..delete(PERSON, object()) };
        assert_eq!(sender.send_one(gone).await.verdict, VerdictKind::Merged);
        let told: Option<i64> =
            sqlx::query_scalar("SELECT pg_sequence_last_value(pg_get_serial_sequence('sojourn.event', 'position'))")
                .fetch_one(world.admin())
                .await
                .expect("the outbox");
        assert_eq!(told, None);
        world.stop().await;
    });
}

#[test]
fn a_delete_that_a_change_has_overtaken_is_a_conflict_and_no_other() {
    run(async {
        let (world, [changed, same]) = offline().await;
        let device = &world.devices[0];
        elsewhere(&world, "UPDATE desk.person SET phone = 'theirs' WHERE id = $1", changed).await;
        overtaken(device, &format!("DELETE FROM person WHERE id IN ('{changed}')")).await;
        device.write(&format!("DELETE FROM person WHERE id = '{same}'"));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.verdicts("conflict"), online.verdicts("applied")), (1, 1), "{online:?}");
        assert_eq!(told(&world, PHONE, changed).await.as_deref(), Some("theirs"));
        assert_eq!(told(&world, PHONE, same).await, None);
        world.stop().await;
    });
}

#[test]
fn an_update_that_a_change_has_overtaken_is_merged_or_a_conflict_by_attribute() {
    run(async {
        let (world, [one, other]) = offline().await;
        let device = &world.devices[0];
        for id in [one, other] {
            elsewhere(&world, "UPDATE desk.person SET phone = 'theirs' WHERE id = $1", id).await;
        }
        let mine = format!(
            "UPDATE person SET city = 'mine' WHERE id = '{one}'; UPDATE person SET phone = 'mine' WHERE id = '{other}'"
        );
        overtaken(device, &mine).await;
        let online = device.run(&["go-online"]).await;
        // They are of one group, which falls as a whole.
        assert_eq!((online.verdicts("conflict"), online.verdicts("cancelled")), (1, 1), "{online:?}");
        assert_eq!(told(&world, CITY, one).await.as_deref(), Some("base"));
        assert_eq!(told(&world, PHONE, other).await.as_deref(), Some("theirs"));
        world.stop().await;
    });
}

#[test]
fn a_row_that_the_device_has_confirmed_is_deleted_and_one_that_it_has_not_seen_is_not() {
    run(async {
        let (world, [confirmed, changed]) = offline().await;
        let mut sender = crate::support::sender::Sender::connect(&world.devices[0]).await;
        elsewhere(&world, "UPDATE desk.person SET phone = 'theirs' WHERE id = $1", changed).await;
        let verdicts = sender.send([confirmed, changed].map(|id| delete(PERSON, id)).to_vec()).await;
        let kinds = super::kinds(&verdicts);
        assert_eq!(kinds, [VerdictKind::Applied, VerdictKind::Conflict], "{verdicts:?}");
        world.stop().await;
    });
}
