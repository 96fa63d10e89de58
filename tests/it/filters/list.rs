//! What is listed: the administrator's groups and the user's, which of them decide, and what may not be defined.

use serde_json::Value;

use super::{foretold, moved, with_rules};
use crate::support::run;

const CONTACT: &str = "  - name: contact\n";
const RULED: &str = "  - name: contact
    local_data_groups:
      - {name: fence, filter: \"city <> 'Hamburg' OR city IS NULL\", enforced: true}
      - {name: usual, filter: \"last_name >= 'M'\"}
";

/// Name, kind and whether it is in force, of each group listed.
fn listed(answer: &Value) -> Vec<(String, String, bool)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let groups = answer["groups"].as_array().expect("a list").iter();
    groups.map(|group| (text(&group["name"]), text(&group["kind"]), group["in_force"] == true)).collect()
}

fn group(name: &str, kind: &str, in_force: bool) -> (String, String, bool) {
    (name.to_owned(), kind.to_owned(), in_force)
}

#[test]
fn what_is_enforced_stays_and_a_default_gives_way() {
    run(async {
        let world = with_rules(CONTACT, RULED).await;
        let device = &world.devices[0];
        device.run(&["go-offline"]).await.expect(0);
        let fence = "(e.city <> 'Hamburg' OR e.city IS NULL) AND e.last_name >= 'M'";
        world.assert_narrowed(0, &[("contact", fence)]).await;
        let list = device.run(&["filters", "list"]).await.expect(0);
        assert_eq!(listed(&list), [group("fence", "enforced", true), group("usual", "default", true)], "{list}");
        assert_eq!(list["fixed"], Value::Array(vec![]));

        let filter = "city IN ('Hamburg', 'Oulu', 'Utrecht')";
        let added = device.run(&["filters", "add", "contact", "own", filter, "--sync"]).await.expect(0);
        let [come, go, _] = foretold(&added);
        assert!(come > 0 && go > 0 && moved(&added["sync"]) == [come, go], "{added}");
        world.assert_narrowed(0, &[("contact", "e.city IN ('Oulu', 'Utrecht')")]).await;
        let list = device.run(&["filters", "list"]).await.expect(0);
        let three = [group("fence", "enforced", true), group("usual", "default", false), group("own", "own", true)];
        assert_eq!(listed(&list), three, "{list}");
        assert_eq!(list["groups"][2]["id"], added["group"]["id"]);

        let theirs = device.run(&["filters", "remove", "fence"]).await;
        assert!(theirs.talk.contains("administrator"), "{theirs:?}");
        theirs.expect(1);
        device.run(&["filters", "remove", "own", "--sync"]).await.expect(0);
        world.assert_narrowed(0, &[("contact", fence)]).await;
        world.stop().await;
    });
}

#[test]
fn of_an_entity_that_is_fixed_no_group_may_be_defined() {
    run(async {
        let world = with_rules(CONTACT, "  - name: contact\n    users_define: false\n").await;
        let device = &world.devices[0];
        let list = device.run(&["filters", "list"]).await.expect(0);
        assert_eq!((listed(&list), &list["fixed"]), (vec![], &serde_json::json!(["contact"])), "{list}");
        for how in [&["--preview"][..], &[]] {
            let args = [&["filters", "add", "contact", "mine", "city = 'Oulu'"][..], how].concat();
            let refused = device.run(&args).await;
            assert!(refused.talk.contains("administrator") && refused.talk.contains("contact"), "{refused:?}");
            refused.expect(1);
        }
        device.run(&["filters", "add", "lead", "mine", "city = 'Oulu'"]).await.expect(1);
        device.run(&["filters", "add", "lead", "mine", "is_qualified"]).await.expect(0);
        device.run(&["go-offline"]).await.expect(0);
        world.assert_narrowed(0, &[("lead", "e.is_qualified")]).await;
        world.stop().await;
    });
}
