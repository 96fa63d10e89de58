//! Changes of both sides: what is merged, what wins, and what is told to the user.

mod clashes;
mod deletes;
mod policies;

use sojourn_wire::message::operation::{FieldValue, Operation, VerdictKind};
use uuid::Uuid;

use super::{MEMO, PERSON, create, object, told, update};
use crate::support::World;
use crate::support::sender::{Sender, text};

const PHONE: &str = "SELECT phone FROM desk.person WHERE id = $1";
const NAME: &str = "SELECT name FROM desk.person WHERE id = $1";
const CITY: &str = "SELECT city FROM desk.person WHERE id = $1";
const BODY: &str = "SELECT body FROM desk.memo WHERE id = $1";
const VERSION: &str = "SELECT xmin::text FROM desk.person WHERE id = $1";
const THEIR_PHONE: &str = "UPDATE desk.person SET phone = 'theirs' WHERE id = $1";

/// A row of the device's own, all of whose texts are `base`.
fn made(entity: i32, object: Uuid) -> Operation {
    let names: &[&str] = match entity {
        PERSON => &["name", "phone", "city", "notes"],
        MEMO => &["body", "tag"],
        _ => &["name"],
    };
    let data: Vec<(&str, FieldValue)> = names.iter().map(|name| (*name, text("base"))).collect();
    create(entity, object, &data)
}

fn change(entity: i32, object: Uuid, name: &str, mine: &str) -> Operation {
    update(entity, object, &[(name, text("base"), text(mine))])
}

async fn person(sender: &mut Sender) -> Uuid {
    let id = object();
    assert_eq!(sender.send_one(made(PERSON, id)).await.verdict, VerdictKind::Applied);
    id
}

async fn version(world: &World, object: Uuid) -> Option<u32> {
    told(world, VERSION, object).await.and_then(|version| version.parse().ok())
}
