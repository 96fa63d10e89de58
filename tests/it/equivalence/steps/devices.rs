//! What devices do: they ask, load, say so early, late, twice or never, and start over.

use sojourn_wire::message::prepare::ObjectRef;
use uuid::Uuid;

use super::{Done, upkeep};
use crate::equivalence::check::{Asked, Prepared, prepare};
use crate::equivalence::device;
use crate::equivalence::entities::ENTITIES;
use crate::equivalence::mutants::Mutation;
use crate::equivalence::world::{World, own};

/// A device asks what must move, and everything is compared.
pub async fn ask(world: &mut World, mutation: Option<Mutation>) -> Result<(usize, Prepared), String> {
    let silent = upkeep::stay_silent(world).await;
    let subscribers: Vec<usize> = (0..world.subscribers.len()).filter(|one| Some(*one) != silent).collect();
    let subscriber = world.chance.pick(&subscribers);
    let World { clock, chance, .. } = world;
    clock.pass(chance);
    let mut refresh = Vec::new();
    if world.chance.percent(10) {
        for _ in 0..3 {
            refresh.push(any(world).await);
        }
    }
    let (complete, interrupted) = (world.chance.percent(45), world.chance.percent(15));
    let prepared = prepare(world, subscriber, Asked { refresh, complete, interrupted }, mutation).await;
    prepared.map(|prepared| (subscriber, prepared))
}

/// Some row of some entity, or one that never was.
async fn any(world: &mut World) -> ObjectRef {
    let (object_type_code, table) = world.chance.pick(ENTITIES);
    let offset = world.chance.below(30);
    let text = format!("SELECT id FROM {table} ORDER BY id OFFSET {offset} LIMIT 1");
    let found: Option<Uuid> = sqlx::query_scalar(own(text)).fetch_optional(&world.admin).await.expect("an answer");
    ObjectRef { object_type_code, object_id: found.unwrap_or_else(|| world.chance.id()) }
}

/// A batch comes, or a device says something, or starts over.
pub async fn work(world: &mut World) -> Done {
    let subscriber = world.chance.below(world.subscribers.len());
    let what = world.chance.weighed(&[(12, "loads"), (12, "says"), (4, "says again"), (1, "starts over")]);
    let most = world.chance.pick(&[1, 3, 20, 500]);
    let done = match what {
        "loads" => device::load(world, subscriber, most).await,
        "says" => device::say(world, subscriber, false).await,
        "says again" => device::say(world, subscriber, true).await,
        _ => {
            world.subscribers[subscriber].device.start_over();
            true
        }
    };
    done.then(|| format!("device {subscriber} {what}"))
}
