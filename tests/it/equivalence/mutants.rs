//! The algorithm, broken on purpose: the same stories must notice.

use std::time::Instant;

use sojourn_prepare::plan::Why;
use sojourn_prepare::situation::Situation;

use super::entities::ENTITIES;
use super::story::{Ending, Story};
use super::world::{World, own};
use crate::support::run;

/// Seeds of the stories that are told of each.
const SEEDS: [u64; 3] = [1, 2, 3];
/// Steps of each, at most.
const STEPS: u32 = 900;

/// One way to break it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The watermark is the greatest version that was seen: what was open then is lost.
    GreatestVersion,
    /// Transactions that were open at the watermark are ignored.
    OpenTransactions,
    /// Changes of rows that filters or policies look up are ignored.
    Links,
    /// Changes of tables that name rows are ignored.
    Named,
    /// Deletes are not noted.
    Deletes,
    /// Ids that rows had before are not noted.
    Keys,
    /// The clock is ignored.
    Clock,
    /// Changes of what the policies know of the user are ignored.
    Access,
    /// Another filter is taken for the same.
    Filter,
    /// Changes of policies, tables and triggers are ignored.
    Definition,
    /// A watermark that is too old is followed nevertheless.
    Horizon,
}

const ALL: [Mutation; 11] = [
    Mutation::GreatestVersion,
    Mutation::OpenTransactions,
    Mutation::Links,
    Mutation::Named,
    Mutation::Deletes,
    Mutation::Keys,
    Mutation::Clock,
    Mutation::Access,
    Mutation::Filter,
    Mutation::Definition,
    Mutation::Horizon,
];

impl Mutation {
    /// What it does to the database, before a prepare.
    pub async fn before(self, world: &World) {
        let gone = match self {
            Self::Deletes => {
                ENTITIES.iter().map(|(_, table)| format!("NOT EXISTS (SELECT FROM {table} WHERE id = object_id)"))
            }
            Self::Keys => return delete(world, format!("object_id = ANY ({})", old_keys(world))).await,
            _ => return,
        };
        let keyed = "stream IN (SELECT stream FROM sojourn.tracked_table WHERE key_column = 'id')";
        let spared =
            format!("object_id <> '00000000-0000-0000-0000-000000000000' AND object_id <> ALL ({})", old_keys(world));
        let gone = gone.collect::<Vec<_>>().join(" AND ");
        delete(world, format!("{keyed} AND {spared} AND {gone}")).await;
    }

    /// What it does to what a prepare goes by.
    pub async fn on(self, world: &World, subscriber: usize, situation: &mut Situation) {
        match self {
            Self::GreatestVersion => self.greatest(world, subscriber, situation).await,
            Self::OpenTransactions => {
                let xmax = |snapshot: &str| snapshot.split(':').nth(1).map(ToOwned::to_owned);
                let xmax = situation.standing.snapshot.as_deref().and_then(xmax);
                situation.standing.snapshot = xmax.map(|xmax| format!("{xmax}:{xmax}:"));
            }
            Self::Deletes | Self::Keys => {}
            Self::Definition => forget(situation, &Why::Definition),
            Self::Horizon => forget(situation, &Why::Watermark),
            Self::Links | Self::Named | Self::Clock | Self::Access | Self::Filter => self.on_entities(situation),
        }
    }

    fn on_entities(self, situation: &mut Situation) {
        let rules = situation.registered.rules.clone();
        let named: Vec<i32> = rules.entities.iter().flat_map(|entity| entity.named.clone()).collect();
        for entity in &mut situation.entities {
            match self {
                Self::Links => entity.sources.rows.retain(|path, _| path.is_empty()),
                Self::Named => {
                    entity
                        .sources
                        .rows
                        .values_mut()
                        .for_each(|streams| streams.retain(|stream| !named.contains(stream)));
                }
                Self::Clock => entity.sources.clock.clear(),
                Self::Access => entity.sources.whole.clear(),
                Self::Filter => {
                    if let Some(last) = &entity.known.last {
                        entity.known.filter = last.filter.clone();
                    }
                }
                _ => {}
            }
        }
    }

    async fn greatest(self, world: &World, subscriber: usize, situation: &mut Situation) {
        let number = world.subscribers[subscriber].id.as_str();
        let text = "SELECT (max(t.version)::text::bigint + 1)::text FROM sojourn.tracking t, sojourn.subscription s
                     WHERE s.id = $1 AND pg_visible_in_snapshot(t.version, s.snapshot)";
        let next: Option<String> = sqlx::query_scalar(own(format!("{text} -- {number}")))
            .bind(number)
            .fetch_one(&world.admin)
            .await
            .expect("the greatest version");
        if let Some(next) = next.filter(|_| situation.standing.snapshot.is_some()) {
            situation.standing.snapshot = Some(format!("{next}:{next}:"));
        }
    }
}

fn forget(situation: &mut Situation, why: &Why) {
    for entity in &mut situation.entities {
        entity.known.everything = entity.known.everything.take().filter(|found| found != why);
    }
}

fn old_keys(world: &World) -> String {
    let ids: Vec<String> = world.old_keys.iter().map(|id| format!("'{id}'")).collect();
    format!("ARRAY[{}]::uuid[]", ids.join(", "))
}

async fn delete(world: &World, condition: String) {
    world.run(format!("DELETE FROM sojourn.tracking WHERE {condition}")).await.expect("tracking forgets it");
}

/// Tells stories until one notices. Answers after how many steps, and the first of what is wrong.
async fn noticed(mutation: Mutation) -> Option<(u64, String)> {
    let mut steps = 0;
    for seed in SEEDS {
        let mut story = Story::begin(World::make(seed).await, Some(mutation));
        let ending = story.tell(STEPS, || false).await;
        steps += story.counts.steps;
        story.end().await;
        if let Ending::Wrong(wrong) = ending {
            return wrong.lines().next().map(|wrong| (steps, wrong.to_owned()));
        }
    }
    None
}

#[test]
fn every_mutation_is_noticed() {
    run(async {
        let mut survived = Vec::new();
        for mutation in ALL {
            let started = Instant::now();
            match noticed(mutation).await {
                Some((steps, wrong)) => {
                    println!("equivalence: {mutation:?} noticed after {steps} steps, {:?}: {wrong}", started.elapsed());
                    // Whatever fails otherwise has noticed nothing.
                    assert!(wrong.contains("evaluating everything has"), "{mutation:?}: {wrong}");
                }
                None => survived.push(mutation),
            }
        }
        assert!(survived.is_empty(), "nobody noticed {survived:?}");
    });
}
