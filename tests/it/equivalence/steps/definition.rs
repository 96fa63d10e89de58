//! Changes of policies, functions, privileges, tables and triggers: what the catalog says.

use sojourn_schema::SchemaError;

use super::Done;
use super::statements::{CHANGES, EMPTIED, Statements};
use super::transactions::end_all;
use crate::equivalence::server::{follow, register};
use crate::equivalence::words::fill;
use crate::equivalence::world::World;

/// The catalog changes. Whoever has a transaction open mostly ends it before.
pub async fn change(world: &mut World) -> Done {
    done(world, &CHANGES).await
}

/// A table is emptied: it then has another file, which the definition has, too.
pub async fn empty(world: &mut World) -> Done {
    done(world, &EMPTIED).await
}

async fn done(world: &mut World, of: Statements) -> Done {
    if world.chance.percent(85) {
        end_all(world).await;
    }
    let template = world.chance.weighed(of);
    let text = fill(template, world);
    world.run(text.clone()).await.ok()?;
    world.unregistered = true;
    Some(text)
}

/// What the catalog says is registered, and its triggers installed where they are missing.
pub async fn register_again(world: &mut World) -> Done {
    if !world.unregistered {
        return None;
    }
    if register(&world.admin).await.is_err() {
        end_all(world).await;
        if let Err(error) = repair(world).await {
            return Some(format!("not registered: {error}"));
        }
    }
    world.unregistered = false;
    Some("registered again".to_owned())
}

/// A table that nothing guards would be refused, and so would one whose changes nobody notes.
async fn repair(world: &World) -> Result<(), SchemaError> {
    world.run("ALTER TABLE extra.visit ENABLE ROW LEVEL SECURITY").await.expect("nobody is in the way");
    follow(&world.admin).await?;
    register(&world.admin).await
}
