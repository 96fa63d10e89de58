//! `prepare`: what a PrepareSync costs that follows changes, beside one that evaluates everything.
//!
//! One table of contacts under the CRM's policies, and users who see a thousandth, a hundredth, a tenth and all of it.
//! Both kinds of prepare are measured in the same situation: so many fresh changes inside or outside what the user
//! sees. Everything is settled in between, as PostSync does. The first prepare of each subscription is reported too;
//! and how many subscriptions are prepared in a second, as many at once as the service works on.

mod many;
mod one;
mod population;
mod subscriber;

use sojourn_prepare::prepare_sync::PrepareSync;

use self::population::Population;
use super::error::BenchError;
use super::run::Run;
use super::server::{Database, Server};
use super::{Bench, contacts};
use crate::instances::Durability;

pub(super) const BENCH: Bench = Bench {
    name: "prepare",
    about: "following changes beside evaluating everything",
    rows: 1_000_000,
    measure: |run| Box::pin(measure(run)),
};

/// How many requests the service works on at once, and the connections it takes for them.
const AT_ONCE: usize = 4;
const CONNECTIONS: u32 = 9;

/// What everything is measured with.
struct World {
    database: Database,
    population: Population,
    prepare: PrepareSync,
}

async fn measure(run: &mut Run) -> Result<(), BenchError> {
    run.doing("starting Postgres");
    let durability = if run.is_quick() { Durability::Scratch } else { Durability::Safe };
    let server = Server::start(&run.machine, durability).await?;
    let database = server.database("prepare").await?;
    let population = Population::of(run.rows);
    run.doing(format!("loading {} contacts", run.rows));
    contacts::load(&database, population.units()).await?;
    database.register(contacts::YAML).await?;
    let waits = if run.is_quick() { "no commit waits" } else { "every commit waits" };
    run.say(&format!("{waits} for the disk; nothing is vacuumed by itself"));
    let prepare = PrepareSync::new(database.as_service(CONNECTIONS).await?);
    let world = World { database, population, prepare };
    for unit in world.population.watched() {
        one::measure(run, &world, unit).await?;
    }
    many::measure(run, &world).await
}
