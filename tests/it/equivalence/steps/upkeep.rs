//! What administrators and time do: clean-up, silence, asking for everything, vacuuming.

use std::time::Duration;

use sojourn_prepare::db::clean_up::clean_up;

use super::Done;
use crate::equivalence::world::World;

/// Nobody is silent for so long.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Prepares of others while one subscription is silent: their watermarks move on.
const SILENCE: u32 = 8;

/// One of them.
pub async fn keep_up(world: &mut World) -> Done {
    let subscriber = world.chance.below(world.subscribers.len());
    let id = world.subscribers[subscriber].id.as_str().to_owned();
    let what = world.chance.weighed(&[(5, "cleans up"), (3, "expires"), (1, "asks for everything"), (2, "vacuums")]);
    match what {
        "cleans up" => return clean(world).await,
        "expires" => {
            let expire = format!("UPDATE sojourn.subscription SET status = 'expired' WHERE id = '{id}'");
            world.run(expire).await.expect("it expires");
            world.silent = Some((subscriber, SILENCE));
        }
        "asks for everything" => {
            let ask =
                format!("UPDATE sojourn.subscription_entity SET needs_full = true WHERE subscription_id = '{id}'");
            world.run(ask).await.expect("it is asked");
        }
        _ => world.run("VACUUM (FREEZE) crm.contact").await.ok()?,
    }
    Some(format!("{id} {what}"))
}

/// What everybody has seen is forgotten.
pub async fn clean(world: &World) -> Done {
    let done = clean_up(&world.service, FOR_EVER).await.expect("it is cleaned up");
    Some(format!("{done:?}"))
}

/// Somebody else asks. Answers the subscriber who is silent meanwhile.
pub async fn stay_silent(world: &mut World) -> Option<usize> {
    let (subscriber, left) = world.silent?;
    if left > 0 {
        world.silent = Some((subscriber, left - 1));
        return Some(subscriber);
    }
    world.silent = None;
    clean(world).await;
    None
}
