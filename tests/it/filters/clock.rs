//! Filters with a limit of time: rows come into it when they are written, and leave it although nobody writes them.

use std::time::Duration;

use super::{contacts, foretold, holds, ids, moved, offline};
use crate::support::{run, until};

/// How long a row that is about to leave may take.
const WITHIN: Duration = Duration::from_secs(60);
const FILTER: &str = "created_on > now() - interval '30 days'";
const CONDITION: &str = "e.created_on > now() - interval '30 days'";

#[test]
fn rows_leave_a_limit_of_time_although_nobody_writes_them() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let owned = ids(&world, "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 3").await;
        let all_old = "UPDATE crm.contact SET created_on = now() - interval '31 days' WHERE $1 = $1";
        world.sql(all_old, device.user_id).await;
        for id in &owned[..2] {
            world.sql("UPDATE crm.contact SET created_on = now() - interval '10 days' WHERE id = $1", *id).await;
        }
        device.run(&["sync"]).await.expect(0);
        let added = device.run(&["filters", "add", "contact", "lately", FILTER, "--sync"]).await.expect(0);
        assert_eq!((foretold(&added)[2], contacts(device)), (2, 2), "{added}");
        world.assert_narrowed(0, &[("contact", CONDITION)]).await;

        // The margin is for a machine that takes its time: the row must have come before it goes.
        let nearly =
            "UPDATE crm.contact SET created_on = now() - interval '30 days' + interval '8 seconds' WHERE id = $1";
        world.sql(nearly, owned[2]).await;
        assert_eq!(moved(&device.run(&["sync"]).await.expect(0)), [1, 0]);
        assert!(holds(device, owned[2]), "it came");
        until("the row's leaving", WITHIN, async || {
            let [rows, deletes] = moved(&device.run(&["sync"]).await.expect(0));
            assert!(rows == 0 && deletes <= 1, "nothing but this row moves: {rows}, {deletes}");
            (deletes == 1).then_some(())
        })
        .await;
        assert!(!holds(device, owned[2]), "its time has passed");
        world.assert_narrowed(0, &[("contact", CONDITION)]).await;
        world.stop().await;
    });
}
