//! Why a row is on a device or not: the answer agrees with what the next sync does.

use serde_json::Value;
use uuid::Uuid;

use super::{admin, offline, owned_contact, run_admin, synced};
use crate::support::{World, run};

/// What every row of these tests is called, so that it would be seen if it were told.
const NAME: &str = "Zephyrine-Quill";

async fn explained(world: &World, contact: Uuid) -> Value {
    let subscription = world.devices[0].subscription.to_string();
    admin(world, &["explain", &subscription, "contact", &contact.to_string()]).await.expect(0)
}

fn answer(explained: &Value) -> &str {
    explained["conclusion"].as_str().expect("a sentence")
}

async fn rename(world: &World, contact: Uuid) {
    assert_eq!(world.sql("UPDATE crm.contact SET last_name = 'Zephyrine-Quill' WHERE id = $1", contact).await, 1);
}

#[test]
fn a_row_is_followed_from_the_server_to_the_device_and_off_it() {
    run(async {
        let world = offline().await;
        let contact = owned_contact(&world, 0).await;
        let settled = explained(&world, contact).await;
        assert_eq!(answer(&settled), "The row is on the device, as it is on the server.", "{settled}");
        assert_eq!((&settled["visible"], &settled["next"]), (&"yes".into(), &"not_looked_at".into()), "{settled}");
        let policy = &settled["policies"][0];
        assert_eq!((&policy["name"], &policy["lets_through"]), (&"may_read".into(), &"yes".into()), "{settled}");
        assert_eq!(settled["entry"]["version"], settled["version"]);

        rename(&world, contact).await;
        let changed = explained(&world, contact).await;
        assert!(answer(&changed).contains("in another version, and a sync brings"), "{changed}");
        assert_eq!(changed["next"], "candidate");
        assert_eq!(synced(&world).await, [1, 0]);

        assert_eq!(world.sql("DELETE FROM crm.contact WHERE id = $1", contact).await, 1);
        let deleted = explained(&world, contact).await;
        assert_eq!(answer(&deleted), "The row was deleted on the server, and a sync takes it off the device.");
        assert_eq!(synced(&world).await, [0, 1]);
        let gone = explained(&world, contact).await;
        assert_eq!(answer(&gone), "There is no such row, neither on the server nor on the device.");
        world.stop().await;
    });
}

#[test]
fn a_row_that_policies_hide_or_a_filter_keeps_away_is_told_with_who_does() {
    run(async {
        let world = offline().await;
        let theirs = "SELECT id FROM crm.contact WHERE owner_id = $1 ORDER BY id LIMIT 1";
        let theirs: Uuid = sqlx::query_scalar(theirs)
            .bind(world.people.outsider.id)
            .fetch_one(world.admin())
            .await
            .expect("the outsider has contacts");
        let hidden = explained(&world, theirs).await;
        assert_eq!(
            answer(&hidden),
            "The row is not on the device, because the user does not see it: the policy \"may_read\" does not let it \
             through."
        );
        assert_eq!((&hidden["visible"], &hidden["entry"]), (&"no".into(), &Value::Null), "{hidden}");

        let contact = owned_contact(&world, 0).await;
        let filter = format!("id <> '{contact}'");
        admin(&world, &["filters", "add", "contact", "fence", &filter, "--enforced"]).await.expect(0);
        admin(&world, &["filters", "add", "contact", "wide", "TRUE"]).await.expect(0);
        let still = explained(&world, contact).await;
        assert!(answer(&still).ends_with("because the enforced local data group \"fence\" keeps it away."), "{still}");
        assert_eq!(synced(&world).await, [0, 1]);
        let away = explained(&world, contact).await;
        let because = "The row is not on the device, because the enforced local data group \"fence\" keeps it away.";
        assert_eq!(answer(&away), because, "{away}");
        let groups: Vec<(&Value, &Value)> = away["groups"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|group| (&group["name"], &group["lets_through"]))
            .collect();
        assert_eq!(groups, [(&"fence".into(), &"no".into()), (&"wide".into(), &"yes".into())], "{away}");

        let subscription = world.devices[0].subscription.to_string();
        admin(&world, &["subscriptions", "revoke", &subscription]).await.expect(0);
        let other = explained(&world, owned_contact(&world, 1).await).await;
        assert!(answer(&other).contains("; but no sync takes place: the subscription is revoked."), "{other}");
        world.stop().await;
    });
}

#[test]
fn a_policy_that_fails_is_reported_without_the_value_it_failed_on() {
    run(async {
        let world = offline().await;
        let (contact, subscription) = (owned_contact(&world, 0).await, world.devices[0].subscription.to_string());
        rename(&world, contact).await;
        sqlx::raw_sql(
            "CREATE POLICY broken ON crm.contact AS RESTRICTIVE FOR SELECT TO sojourn_user USING (last_name::int > 0);
             CREATE POLICY itself ON crm.contact FOR SELECT TO sojourn_user
                    USING (EXISTS (SELECT FROM crm.account a WHERE a.id = contact.account_id))",
        )
        .execute(world.admin())
        .await
        .expect("the policies are made");
        let (id, args) = (contact.to_string(), |id| ["explain", subscription.as_str(), "contact", id]);
        let ran = admin(&world, &args(&id)).await;
        let partial = ran.expect(3);
        let of = |name: &str| {
            let policies = partial["policies"].as_array().expect("a list");
            policies.iter().find(|policy| policy["name"] == name).expect("it applies")["lets_through"].clone()
        };
        assert_eq!(of("may_read"), "yes", "the others are evaluated still: {partial}");
        assert!(of("itself").is_string(), "{partial}");
        assert_eq!(of("broken")["failed"], "it fails with SQLSTATE 22P02", "{partial}");
        assert!(answer(&partial).starts_with("Whether the row belongs on the device cannot be said"), "{partial}");
        for json in [true, false] {
            let output = run_admin(world.stack.admin_url(), &args(&id), json).await;
            let text = [output.stdout, output.stderr].concat();
            assert!(!String::from_utf8_lossy(&text).contains(NAME), "a value is told");
        }
        let left = "SELECT count(*) FROM pg_class WHERE relname = 'sojourn_explained'";
        let left: i64 = sqlx::query_scalar(left).fetch_one(world.admin()).await.expect("a count");
        assert_eq!(left, 0, "nothing persists");
        sqlx::raw_sql("DROP POLICY broken ON crm.contact; DROP POLICY itself ON crm.contact")
            .execute(world.admin())
            .await
            .expect("they are dropped");
        assert_eq!(synced(&world).await, [1, 0]);
        world.stop().await;
    });
}
