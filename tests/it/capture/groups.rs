//! A group is all or nothing, here and on the server.

use super::{LAST_NAME, offline, owned_contacts, text};
use crate::support::run;

const START: &str = "INSERT INTO sojourn_group (marker) VALUES ('start')";
const STOP: &str = "INSERT INTO sojourn_group (marker) VALUES ('stop')";

#[test]
fn a_group_is_all_or_nothing_and_the_rest_goes_on() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        let [good, bad, after] = [contacts[0], contacts[1], contacts[2]];
        let (before, user) = (text(&world, LAST_NAME, good).await, device.user_id);
        device.write(&format!(
            "{START};
             UPDATE contact SET last_name = 'Half' WHERE id = '{good}';
             INSERT INTO task (subject, owner_id, contact_id, percent_complete) VALUES ('broken', '{user}', '{bad}', 101);
             UPDATE contact SET last_name = 'Never' WHERE id = '{bad}';
             {STOP};
             UPDATE contact SET last_name = 'After' WHERE id = '{after}';"
        ));
        let online = device.run(&["go-online"]).await;
        let verdicts = [online.verdicts("applied"), online.verdicts("rejected"), online.verdicts("cancelled")];
        assert_eq!((online.code, verdicts), (Some(3), [1, 1, 2]), "{online:?}");
        assert_eq!(text(&world, LAST_NAME, good).await, before);
        assert_eq!(text(&world, LAST_NAME, after).await.as_deref(), Some("After"));
        world.assert_converged(0).await;
        // Its values stay on the device, until the user gives it up: one member stands for all.
        let given_up = device.run(&["errors", "discard", "2", "--yes"]).await.expect(0);
        assert_eq!(given_up["given_up"], serde_json::json!([3, 4]), "{given_up}");
        device.run(&["sync"]).await.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_group_that_is_whole_is_applied_as_one() {
    run(async {
        let world = offline().await;
        let (device, contacts) = (&world.devices[0], owned_contacts(&world).await);
        device.write(&format!(
            "{START};
             UPDATE contact SET last_name = 'One' WHERE id = '{}';
             UPDATE contact SET last_name = 'Two' WHERE id = '{}';
             {STOP}",
            contacts[0], contacts[1]
        ));
        let online = device.run(&["go-online"]).await;
        assert_eq!((online.code, online.verdicts("applied")), (Some(0), 2), "{online:?}");
        let same =
            "SELECT count(DISTINCT xmin::text)::text FROM crm.contact WHERE last_name IN ('One', 'Two') AND $1 = $1";
        assert_eq!(text(&world, same, contacts[0]).await.as_deref(), Some("1"), "one transaction");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_is_not_sent_yet_is_never_overwritten() {
    run(async {
        let world = offline().await;
        let (device, contact) = (&world.devices[0], owned_contacts(&world).await[0]);
        // The group is open, so nothing of it is sent; meanwhile somebody changes the same row.
        device.write(&format!("{START}; UPDATE contact SET last_name = 'Mine' WHERE id = '{contact}'"));
        world.sql("UPDATE crm.contact SET last_name = 'Theirs', city = 'Elsewhere' WHERE id = $1", contact).await;
        let sync = device.run(&["sync"]).await.expect(0);
        assert_eq!(sync["data"]["set_aside"], 1, "{sync}");
        let mine = format!("UPDATE contact SET first_name = 'still ' || last_name WHERE id = '{contact}'");
        device.write(&format!("{mine}; {STOP}"));
        let sync = device.run(&["sync"]).await;
        assert_eq!((sync.code, sync.verdicts("conflict"), sync.verdicts("cancelled")), (Some(3), 1, 1), "{sync:?}");
        device.run(&["errors", "keep-mine", "2"]).await.expect(0);
        device.run(&["sync"]).await.expect(0);
        let both = "SELECT last_name || ', ' || first_name || ', ' || city FROM crm.contact WHERE id = $1";
        assert_eq!(text(&world, both, contact).await.as_deref(), Some("Mine, still Mine, Elsewhere"));
        world.assert_converged(0).await;
        world.stop().await;
    });
}
