//! Attachments go as they were when they were written, and one that cannot go stops nothing and is not lost.

use uuid::Uuid;

use super::{LAST_NAME, offline, owned_contacts, text};
use crate::support::run;

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
fn an_attachment_that_is_too_large_is_refused_aloud_and_the_rest_goes_on() {
    run(async {
        let world = offline().await;
        let (device, user, contact) = (&world.devices[0], world.devices[0].user_id, owned_contacts(&world).await[0]);
        device.write(&format!(
            "INSERT INTO annotation (id, subject, body, owner_id, contact_id)
               VALUES ('{NOTE}', 'big', zeroblob(3000000), '{user}', '{contact}');
             UPDATE contact SET last_name = 'Rest' WHERE id = '{contact}';"
        ));
        let online = device.run(&["go-online"]).await;
        let verdicts = [online.verdicts("applied"), online.verdicts("rejected")];
        assert_eq!((online.code, verdicts), (Some(3), [1, 1]), "{online:?}");
        let reason = online.answer["queue"]["refused"][0]["reason"].as_str().unwrap_or_default();
        assert!(reason.contains("bytes") && reason.contains("limit"), "{reason}");
        assert_eq!(text(&world, LAST_NAME, contact).await.as_deref(), Some("Rest"));
        world.assert_converged(0).await;
        // What was typed is kept beside the refused entry.
        device.write("UPDATE sojourn_blob SET bytes = bytes WHERE length(bytes) = 3000000");
        let again = device.run(&["sync"]).await;
        assert_eq!((again.code, again.verdicts("rejected")), (Some(0), 0), "it is told once: {again:?}");
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
