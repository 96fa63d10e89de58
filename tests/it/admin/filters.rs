//! Local data groups that an administrator defines at run time: devices follow, and users cannot widen what is
//! enforced.

use super::{admin, assert_refused, offline, synced, told};
use crate::support::{Ran, World, run};

/// A condition of the filter language, and in SQL.
const FENCE: (&str, &str) = ("city LIKE 'B%' OR last_name LIKE 'S%'", "e.city LIKE 'B%' OR e.last_name LIKE 'S%'");

async fn add(world: &World, args: &[&str]) -> Ran {
    admin(world, &[&["filters", "add", "contact"], args].concat()).await
}

#[test]
fn what_is_enforced_holds_whatever_the_user_defines() {
    run(async {
        let world = offline().await;
        let device = &world.devices[0];
        let added = add(&world, &["fence", FENCE.0, "--enforced"]).await.expect(0);
        assert_eq!((&added["group"]["kind"], &added["removed"]), (&"enforced".into(), &false.into()), "{added}");
        let id = added["group"]["id"].as_str().expect("an id").to_owned();
        let [rows, deletes] = synced(&world).await;
        assert!(rows == 0 && deletes > 0, "rows leave the device: {rows} come, {deletes} go");
        let kept = world.assert_narrowed(0, &[("contact", FENCE.1)]).await.entities["contact"].server;
        assert!(kept > 0, "some stay");

        device.run(&["filters", "add", "contact", "all of it", "TRUE"]).await.expect(0);
        assert_eq!(synced(&world).await, [0, 0], "a user cannot widen it");
        world.assert_narrowed(0, &[("contact", FENCE.1)]).await;
        let listed = admin(&world, &["filters", "list", "--entity", "contact"]).await.expect(0);
        let kinds: Vec<&str> =
            listed["groups"].as_array().expect("a list").iter().filter_map(|group| group["kind"].as_str()).collect();
        assert_eq!(kinds, ["enforced", "own"], "{listed}");
        let own = listed["groups"][1]["id"].as_str().expect("an id");
        assert_refused(&admin(&world, &["filters", "remove", own]).await, &["sojourn-agent filters"]);

        let changed = admin(&world, &["filters", "change", &id, "--enforced", "false"]).await.expect(0);
        assert_eq!((&changed["group"]["kind"], &changed["group"]["filter"]), (&"default".into(), &FENCE.0.into()));
        assert_eq!(synced(&world).await, [deletes, 0], "a default gives way to the user's own");
        admin(&world, &["filters", "remove", &id]).await.expect(0);
        assert_eq!(synced(&world).await, [0, 0]);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn what_cannot_be_is_refused_and_not_stored() {
    run(async {
        let world = offline().await;
        let wrong = add(&world, &["typo", "citty = 'Oslo'"]).await;
        assert_refused(&wrong, &["contact has no attribute citty", "is city meant", "citty = 'Oslo'\n^^^^^"]);
        let entity = admin(&world, &["filters", "add", "contct", "x", "TRUE"]).await;
        assert_refused(&entity, &["there is no entity \"contct\"", "contact"]);
        assert_refused(&add(&world, &["", "TRUE"]).await, &["a name of 1 to 100"]);
        assert_refused(
            &admin(&world, &["filters", "list", "--dataset", "erp"]).await,
            &["there is no dataset \"erp\"; there are crm"],
        );
        let nobody = "00000000-0000-0000-0000-000000000001";
        assert_refused(&admin(&world, &["filters", "remove", nobody]).await, &[nobody, "sojourn.yaml"]);
        let text = told(&world, &["filters", "list"]).await;
        assert!(text.contains("has no local data groups"), "{text}");

        let user = world.devices[0].user_id.to_string();
        add(&world, &["mine", "city = 'Oslo'", "--user", &user]).await.expect(0);
        assert_refused(&add(&world, &["mine", "TRUE"]).await, &["defines a local data group \"mine\"", "another name"]);
        add(&world, &["of a role", "TRUE", "--role", "Salesperson"]).await.expect(0);
        let text = told(&world, &["filters", "list"]).await;
        assert!(text.contains(&format!("user {user}")) && text.contains("role Salesperson"), "{text}");
        world.stop().await;
    });
}
