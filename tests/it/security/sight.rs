//! A device holds what its user may read, and writes what its user may write: nothing of anybody else's.

use std::collections::{BTreeMap, BTreeSet};

use sojourn_agent::store::{Store, ValueRef};
use sojourn_sample_crm::People;
use uuid::Uuid;

use crate::support::{Device, World, WorldPlan, run};

/// The ids a device holds, per entity; and of those, the ids whose owner it is.
struct Held {
    all: BTreeMap<String, BTreeSet<String>>,
    owned: BTreeMap<String, BTreeSet<String>>,
}

impl Held {
    /// Reads a device's file; `owner` is whose rows are told apart.
    fn by(device: &Device, owner: Uuid) -> Held {
        let store = Store::open(&device.database()).expect("the database opens");
        let (_, metadata) = store.metadata().expect("the device has tables");
        let (owner, mut held) = (owner.to_string(), Held { all: BTreeMap::new(), owned: BTreeMap::new() });
        for entity in &metadata.entities {
            let of_owner = entity.attributes.iter().position(|attribute| attribute.name == "owner_id");
            let all = held.all.entry(entity.name.clone()).or_default();
            let owned = held.owned.entry(entity.name.clone()).or_default();
            let visit = |id: &str, values: &[ValueRef<'_>]| {
                all.insert(id.to_owned());
                if of_owner.is_some_and(|column| values[column] == ValueRef::Text(&owner)) {
                    owned.insert(id.to_owned());
                }
            };
            store.for_each_row(&entity.name, visit).expect("the rows can be read");
        }
        held
    }

    fn rows(&self) -> usize {
        self.all.values().map(BTreeSet::len).sum()
    }
}

async fn offline(users: &[fn(&People) -> Uuid]) -> World {
    let world = WorldPlan::of(users).start().await;
    for device in &world.devices {
        device.init().await;
        device.run(&["go-offline"]).await.expect(0);
    }
    world
}

#[test]
fn devices_of_two_branches_hold_no_owned_row_in_common() {
    run(async {
        let world = offline(&[|people| people.sales[0].id, |people| people.outsider.id]).await;
        let users = [world.devices[0].user_id, world.devices[1].user_id];
        for (mine, theirs) in [(0, 1), (1, 0)] {
            let held = Held::by(&world.devices[mine], users[mine]);
            let strange = Held::by(&world.devices[mine], users[theirs]);
            assert!(held.owned["contact"].len() > 10, "the sample gives everybody contacts");
            assert_eq!(strange.owned.values().map(BTreeSet::len).sum::<usize>(), 0, "rows of the other's");
        }
        let [first, second] = [0, 1].map(|device| Held::by(&world.devices[device], users[device]));
        let owned_entities =
            first.all.keys().filter(|name| !["system_user", "team", "business_unit"].contains(&name.as_str()));
        for entity in owned_entities {
            let common: Vec<&String> = first.all[entity].intersection(&second.all[entity]).collect();
            assert!(common.is_empty(), "both hold {entity} {common:?}");
        }
        world.assert_converged(0).await;
        world.assert_converged(1).await;
        world.stop().await;
    });
}

#[test]
fn the_device_of_a_disabled_user_holds_nothing() {
    run(async {
        let world = offline(&[|people| people.disabled.id]).await;
        assert_eq!(Held::by(&world.devices[0], world.devices[0].user_id).rows(), 0);
        let status = world.devices[0].run(&["status"]).await.expect(0);
        let rows = status["rows"].as_object().expect("a count for each entity");
        assert!(rows.len() >= 16 && rows.values().all(|count| count == 0), "{status}");
        world.stop().await;
    });
}

#[test]
fn who_may_only_read_is_refused_every_write_and_keeps_what_the_server_has() {
    run(async {
        let world = offline(&[|people| people.reader.id]).await;
        let device = &world.devices[0];
        let seen = Held::by(device, device.user_id);
        let mut contacts = seen.all["contact"].iter();
        let (changed, deleted) = (contacts.next().expect("a contact"), contacts.next().expect("another"));
        let account = seen.all["account"].first().expect("an account");
        let me = device.user_id;
        let unit = seen.all["business_unit"].first().expect("a business unit");
        device.write(&format!(
            "UPDATE contact SET last_name = 'Taken' WHERE id = '{changed}';
             DELETE FROM contact WHERE id = '{deleted}';
             UPDATE account SET owner_id = '{me}' WHERE id = '{account}';
             INSERT INTO lead (subject, owner_id, owning_business_unit_id, state_code, created_on, modified_on)
             VALUES ('Mine', '{me}', '{unit}', 0, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');"
        ));
        let ran = device.run(&["sync"]).await;
        assert_eq!((ran.code, ran.verdicts("rejected"), ran.verdicts("applied")), (Some(3), 4, 0), "{}", ran.answer);
        for refused in ran.answer["queue"]["refused"].as_array().expect("a list") {
            assert!(refused["reason"].as_str().is_some_and(|reason| reason.contains("may not")), "{refused}");
        }
        let written = "SELECT count(*) FROM crm.contact WHERE last_name = 'Taken' OR owner_id = $1";
        let written: i64 = sqlx::query_scalar(written).bind(me).fetch_one(world.admin()).await.expect("a count");
        assert_eq!(written, 0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}
