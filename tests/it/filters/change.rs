//! Adding, changing and removing groups: what was foretold moves, and nothing else.

use sojourn_wire::Service;

use super::{contacts, foretold, moved, number, offline, with_rules};
use crate::support::run;

/// A filter and the same condition in SQL.
const PORTS: (&str, &str) = (
    "city IN ('Hamburg', 'Utrecht', 'Oulu', 'Cork') OR last_name LIKE 'S%'",
    "e.city IN ('Hamburg', 'Utrecht', 'Oulu', 'Cork') OR e.last_name LIKE 'S%'",
);
const WIDER: (&str, &str) = (
    "city IN ('Hamburg', 'Bordeaux', 'Vilnius') AND NOT satisfaction BETWEEN 1 AND 5 OR city IS NULL",
    "e.city IN ('Hamburg', 'Bordeaux', 'Vilnius') AND NOT e.satisfaction BETWEEN 1 AND 5 OR e.city IS NULL",
);

#[test]
fn what_is_foretold_moves_and_nothing_else() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let all = contacts(device);

        let preview = device.run(&["filters", "preview", "contact", PORTS.0]).await.expect(0);
        assert_eq!(preview["stored"], false, "{preview}");
        assert_eq!(moved(&device.run(&["sync"]).await.expect(0)), [0, 0], "a preview stores nothing");
        let preview_of_add = ["filters", "add", "contact", "ports", PORTS.0, "--preview"];
        assert_eq!(device.run(&preview_of_add).await.expect(0)["preview"], preview["preview"]);

        let added = device.run(&["filters", "add", "contact", "ports", PORTS.0]).await.expect(0);
        assert_eq!((&added["preview"], &added["stored"]), (&preview["preview"], &true.into()), "{added}");
        let [come, go, then] = foretold(&added);
        assert!(go > 0 && then > 0 && number(&added["preview"], "bytes_go") > go, "rows have bytes: {added}");
        assert_eq!([come, go], [0, all - then]);
        assert_eq!(moved(&device.run(&["sync"]).await.expect(0)), [0, go]);
        let report = world.assert_narrowed(0, &[("contact", PORTS.1)]).await;
        assert_eq!(report.entities["contact"].server, then);

        let before =
            foretold(&device.run(&["filters", "preview", "contact", WIDER.0, "--replacing", "ports"]).await.expect(0));
        let changed = device.run(&["filters", "change", "ports", "--filter", WIDER.0]).await.expect(0);
        let [come, go, then] = foretold(&changed);
        assert_eq!([come, go, then], before);
        assert!(come > 0 && go > 0 && contacts(device) > go, "some come, some go, some stay: {changed}");
        assert_eq!(moved(&device.run(&["sync"]).await.expect(0)), [come, go]);
        world.assert_narrowed(0, &[("contact", WIDER.1)]).await;

        let id = changed["group"]["id"].as_str().expect("an id").to_owned();
        assert_eq!(id, added["group"]["id"], "a change keeps the id");
        let removed = device.run(&["filters", "remove", &id[..8]]).await.expect(0);
        assert_eq!(foretold(&removed), [all - then, 0, all], "{removed}");
        assert_eq!(moved(&device.run(&["sync"]).await.expect(0)), [all - then, 0]);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn of_several_groups_a_row_needs_one_and_sync_follows_at_once() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let all = contacts(device);
        let one = device.run(&["filters", "add", "contact", "one", "city = 'Hamburg'", "--sync"]).await.expect(0);
        assert_eq!(moved(&one["sync"]), [0, foretold(&one)[1]], "{one}");
        let two = device.run(&["filters", "add", "contact", "two", "upper(city) = 'OULU'", "--sync"]).await.expect(0);
        assert_eq!(moved(&two["sync"]), [foretold(&two)[0], 0], "{two}");
        let both = "e.city = 'Hamburg' OR e.city = 'Oulu'";
        assert!(world.assert_narrowed(0, &[("contact", both)]).await.entities["contact"].server > 0);
        let own = "owner_id = current_user_id()";
        let leads = device.run(&["filters", "add", "lead", "one", own, "--sync"]).await.expect(0);
        assert_eq!(moved(&leads["sync"]), [0, foretold(&leads)[1]], "{leads}");
        let own = "e.owner_id = current_setting('sojourn.user_id')::uuid";
        world.assert_narrowed(0, &[("contact", both), ("lead", own)]).await;
        device.run(&["filters", "remove", "one", "--entity", "lead"]).await.expect(0);
        device.run(&["filters", "change", "one", "--name", "three"]).await.expect(0);
        device.run(&["filters", "remove", "two", "--sync"]).await.expect(0);
        world.assert_narrowed(0, &[("contact", "e.city = 'Hamburg'")]).await;
        let last = device.run(&["filters", "remove", "three", "--sync"]).await.expect(0);
        assert_eq!(foretold(&last)[2], all, "{last}");
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_group_may_be_defined_before_the_first_load() {
    run(async {
        let world = with_rules("dataset: crm", "dataset: crm").await;
        let device = &world.devices[0];
        let added = device.run(&["filters", "add", "contact", "ports", PORTS.0]).await.expect(0);
        assert_eq!(added["empty"], true, "{added}");
        let loaded = device.run(&["go-offline"]).await.expect(0);
        let report = world.assert_narrowed(0, &[("contact", PORTS.1)]).await;
        assert_eq!(moved(&loaded), [report.rows, 0]);
        assert_eq!(contacts(device), foretold(&added)[2]);
        world.stop().await;
    });
}

#[test]
fn when_the_sync_fails_the_group_is_stored_and_the_answer_says_so() {
    run(async {
        let mut world = offline().await;
        world.stack.service(Service::Export).stop().await.expect("it ends cleanly");
        let args = ["filters", "add", "contact", "ports", PORTS.0, "--sync", "--patience", "2"];
        let failed = world.devices[0].run(&args).await;
        let words = failed.answer["error"].as_str().expect("words").to_owned();
        assert!(words.contains("is stored") && words.contains("try again"), "{words}");
        failed.expect(1);
        world.assert_converged(0).await;
        world.stack.service(Service::Export).start().await.expect("it starts");
        world.devices[0].run(&["sync"]).await.expect(0);
        world.assert_narrowed(0, &[("contact", PORTS.1)]).await;
        // What export makes of the session that was given up may come after that session's batches were purged.
        world.end().await;
    });
}
