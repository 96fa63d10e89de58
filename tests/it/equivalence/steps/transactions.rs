//! Transactions: of several statements, with savepoints; they end at once, or much later, or are prepared.

use sqlx::Executor as _;
use uuid::Uuid;

use super::Done;
use super::statements::Statements;
use crate::equivalence::words::fill;
use crate::equivalence::world::{Hand, World, own};

/// At most so many transactions are open, and so many prepared.
const OPEN: usize = 3;
const PREPARED: usize = 2;

/// A few of these statements in a transaction: a new one, or one that is open. None when one of them failed: then the
/// transaction is rolled back.
pub async fn write(world: &mut World, of: Statements) -> Done {
    let mut hand = match world.open.is_empty() || world.chance.percent(75) {
        true => begin(world).await,
        false => {
            let at = world.chance.below(world.open.len());
            world.open.swap_remove(at)
        }
    };
    let mut told = Vec::new();
    for _ in 0..world.chance.between(1, 4) {
        let template = world.chance.weighed(of);
        let text = fill(template, world);
        let Ok(done) = one(world, &mut hand, text).await else {
            end(world, hand, "ROLLBACK").await;
            return None;
        };
        told.push(done);
    }
    let number = hand.number;
    let ending = leave(world, hand).await;
    Some(format!("transaction {number}: {}; {ending}", told.join("; ")))
}

async fn begin(world: &mut World) -> Hand {
    let mut hand = world.hand().await;
    run(&mut hand, "BEGIN").await.expect("a transaction begins");
    if world.chance.percent(5) {
        run(&mut hand, "SET LOCAL session_replication_role = replica").await.expect("a superuser may");
    }
    hand
}

/// One statement, perhaps in a savepoint that is perhaps rolled back.
async fn one(world: &mut World, hand: &mut Hand, text: String) -> Result<String, sqlx::Error> {
    let (savepoint, back) = (world.chance.percent(20), world.chance.percent(40));
    if savepoint {
        run(hand, "SAVEPOINT s").await?;
    }
    if text.ends_with("RETURNING old") {
        let old: Vec<Uuid> = sqlx::query_scalar(own(text.clone())).fetch_all(&mut hand.connection).await?;
        world.old_keys.extend(old);
    } else {
        run(hand, &text).await?;
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(match (savepoint, back) {
        (false, _) => text,
        (true, true) => {
            run(hand, "ROLLBACK TO SAVEPOINT s").await?;
            format!("({text}) rolled back")
        }
        (true, false) => {
            run(hand, "RELEASE SAVEPOINT s").await?;
            format!("savepoint ({text})")
        }
    })
}

async fn run(hand: &mut Hand, text: &str) -> Result<(), sqlx::Error> {
    hand.connection.execute(sqlx::raw_sql(own(text.to_owned()))).await.map(drop)
}

/// It ends, or stays open, or is prepared.
async fn leave(world: &mut World, mut hand: Hand) -> String {
    match world.chance.below(100) {
        0..22 if world.open.len() < OPEN => {
            world.open.push(hand);
            "stays open".to_owned()
        }
        22..28 if world.prepared.len() < PREPARED => {
            let name = format!("{}_{}", world.name, hand.number);
            if run(&mut hand, &format!("PREPARE TRANSACTION '{name}'")).await.is_ok() {
                world.prepared.push(name);
            }
            world.idle.push(hand.connection);
            "is prepared".to_owned()
        }
        28..35 => end(world, hand, "ROLLBACK").await,
        _ => end(world, hand, "COMMIT").await,
    }
}

/// A commit may fail for what was deferred: then it is rolled back.
async fn end(world: &mut World, mut hand: Hand, how: &str) -> String {
    let done = run(&mut hand, how).await.map_or_else(|error| error.to_string(), |()| how.to_owned());
    world.idle.push(hand.connection);
    done
}

/// A transaction that is open, or prepared, ends.
pub async fn end_one(world: &mut World) -> Done {
    let commit = world.chance.percent(75);
    let count = world.open.len() + world.prepared.len();
    if count == 0 {
        return None;
    }
    let at = world.chance.below(count);
    if at < world.open.len() {
        let hand = world.open.swap_remove(at);
        let number = hand.number;
        return Some(format!(
            "transaction {number}: {}",
            end(world, hand, if commit { "COMMIT" } else { "ROLLBACK" }).await
        ));
    }
    let name = world.prepared.swap_remove(at - world.open.len());
    let how = if commit { "COMMIT" } else { "ROLLBACK" };
    world.run(format!("{how} PREPARED '{name}'")).await.expect("it ends");
    Some(format!("{how} PREPARED {name}"))
}

/// All of them end: what needs a whole table waits for nobody then.
pub async fn end_all(world: &mut World) {
    while end_one(world).await.is_some() {}
}
