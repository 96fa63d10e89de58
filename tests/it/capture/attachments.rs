//! Attachments go as they were when they were written, however long they are.

use sojourn_wire::Service;
use uuid::Uuid;

use super::{LAST_NAME, offline, owned_contacts, text};
use crate::support::{Peak, run};

const NOTE: &str = "00000000-0000-4000-8000-00000000a77a";
const BODY: &str = "SELECT encode(body, 'hex') FROM crm.annotation WHERE id = $1";

#[test]
fn a_refused_group_leaves_the_attachment_that_was_written_before_it() {
    run(async {
        let world = offline().await;
        let (device, user, contact) = (&world.devices[0], world.devices[0].user_id, owned_contacts(&world).await[0]);
        device.write(&format!(
            "INSERT INTO annotation (id, subject, body, owner_id, contact_id) VALUES ('{NOTE}', 'a', x'aa', '{user}', '{contact}');
             UPDATE annotation SET body = x'bb' WHERE id = '{NOTE}';
             INSERT INTO sojourn_group (marker) VALUES ('start');
             UPDATE annotation SET body = x'cc' WHERE id = '{NOTE}';
             DELETE FROM annotation WHERE id = '{NOTE}';
             INSERT INTO task (subject, owner_id, percent_complete) VALUES ('broken', '{user}', 101);
             INSERT INTO sojourn_group (marker) VALUES ('stop');"
        ));
        let online = device.run(&["go-online"]).await;
        let verdicts = [online.verdicts("applied"), online.verdicts("rejected"), online.verdicts("cancelled")];
        assert_eq!((online.code, verdicts), (Some(3), [2, 1, 2]), "{online:?}");
        let id: Uuid = NOTE.parse().expect("an id");
        assert_eq!(text(&world, BODY, id).await.as_deref(), Some("bb"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_long_attachment_goes_ahead_in_parts_and_arrives_whole() {
    run(async {
        let world = offline().await;
        let (device, user, contact) = (&world.devices[0], world.devices[0].user_id, owned_contacts(&world).await[0]);
        device.write(&format!(
            "INSERT INTO annotation (id, subject, body, owner_id, contact_id)
               VALUES ('{NOTE}', 'big', randomblob(3000000), '{user}', '{contact}');
             UPDATE contact SET last_name = 'Rest' WHERE id = '{contact}';"
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 2), "{online:?}");
        let id: Uuid = NOTE.parse().expect("an id");
        let length = "SELECT octet_length(body)::text FROM crm.annotation WHERE id = $1";
        assert_eq!(text(&world, length, id).await.as_deref(), Some("3000000"));
        assert_eq!(text(&world, LAST_NAME, contact).await.as_deref(), Some("Rest"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}

/// The most that replay may need for an attachment, in megabytes: it never holds the whole.
const REPLAY_MOST: u64 = 48;

#[test]
fn fifty_megabytes_are_stored_once_and_never_held_whole_by_replay() {
    run(async {
        let world = offline().await;
        let (device, user, contact) = (&world.devices[0], world.devices[0].user_id, owned_contacts(&world).await[0]);
        let bytes = || std::fs::metadata(device.database()).expect("the database").len();
        let before = bytes();
        device.write(&format!(
            "INSERT INTO annotation (id, subject, body, owner_id, contact_id)
             VALUES ('{NOTE}', 'large', randomblob(50000000), '{user}', '{contact}')"
        ));
        let grown = bytes() - before;
        assert!((50_000_000..60_000_000).contains(&grown), "the database has grown by {grown} bytes");
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 1), "{online:?}");
        let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM sojourn.attachment_part")
            .fetch_one(world.admin())
            .await
            .expect("a count");
        assert_eq!(waiting, 0, "the parts go with the verdict");
        let replay = world.stack.replicas().find(|(service, _)| *service == Service::Replay);
        if let Some(most) = replay.and_then(|(_, replica)| replica.pid()).and_then(Peak::megabytes) {
            assert!(most < REPLAY_MOST, "replay needed {most} MB");
        }
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_long_text_can_be_deleted_and_changed() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let long = "UPDATE crm.contact SET notes = repeat('long ', 140000) WHERE id = $1";
        for contact in &contacts[..2] {
            assert_eq!(world.sql(long, *contact).await, 1);
        }
        device.run(&["sync"]).await.expect(0);
        device.write(&format!(
            "DELETE FROM contact WHERE id = '{}'; UPDATE contact SET notes = notes || '!' WHERE id = '{}'",
            contacts[0], contacts[1]
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 2), "{online:?}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}
