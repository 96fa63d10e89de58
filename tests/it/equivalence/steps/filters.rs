//! Local data groups come and go.

use sojourn_metadata::rules::Audience;
use sojourn_prepare::db::group::{GroupAuthor, NewGroup, Stored, group_remove, group_store};

use super::Done;
use crate::equivalence::entities::FILTERS;
use crate::equivalence::groups::{For, ROLES, TestGroup};
use crate::equivalence::server::DATASET;
use crate::equivalence::world::World;

/// As many groups there are at most.
const GROUPS: usize = 12;

/// A group is defined.
pub async fn define(world: &mut World) -> Done {
    if world.groups.len() >= GROUPS {
        return remove(world).await;
    }
    let subscriber = world.chance.below(world.subscribers.len());
    let role = world.chance.pick(&ROLES);
    let whom = world.chance.weighed(&[
        (6, For::Own(subscriber)),
        (2, For::User(subscriber)),
        (2, For::Role(role)),
        (1, For::Everyone),
    ]);
    let enforced = !matches!(whom, For::Own(_)) && world.chance.percent(40);
    let filter = world.chance.below(FILTERS.len());
    let group = TestGroup { id: world.chance.id(), filter, whom, enforced };
    add(world, group).await;
    Some(format!("defined for {whom:?}, enforced {enforced}: {} of {}", group.filter().text, group.filter().code))
}

/// Defines this group.
pub async fn add(world: &mut World, group: TestGroup) {
    let audience = |audience| GroupAuthor::Administrator { audience, enforced: group.enforced };
    let author = match group.whom {
        For::Own(whom) => GroupAuthor::User(&world.subscribers[whom].id),
        For::User(whom) => audience(Audience::User(world.subscribers[whom].user)),
        For::Role(role) => audience(Audience::Role(role.to_owned())),
        For::Everyone => audience(Audience::Everyone),
    };
    let (code, text, name) = (group.filter().code, group.filter().text, group.id.to_string());
    let new = NewGroup { id: group.id, dataset: DATASET, object_type_code: code, name: &name, filter: text, author };
    let mut service = world.service.acquire().await.expect("a connection");
    assert_eq!(group_store(&mut service, &new).await.expect("it is stored"), Stored::Yes);
    drop(service);
    world.groups.push(group);
}

/// A group is removed.
pub async fn remove(world: &mut World) -> Done {
    if world.groups.is_empty() {
        return None;
    }
    let at = world.chance.below(world.groups.len());
    let group = world.groups.swap_remove(at);
    let subscription = match group.whom {
        For::Own(whom) => Some(&world.subscribers[whom].id),
        _ => None,
    };
    let mut service = world.service.acquire().await.expect("a connection");
    assert!(group_remove(&mut service, DATASET, subscription, group.id).await.expect("it is removed"));
    Some(format!("removed for {:?}: {} of {}", group.whom, group.filter().text, group.filter().code))
}
