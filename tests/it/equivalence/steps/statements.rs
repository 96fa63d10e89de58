//! The statements that stories are made of.

use std::sync::LazyLock;

use crate::equivalence::words::fill;
use crate::equivalence::world::World;
use crate::support::run;

/// Statements, each as often as its number says.
pub type Statements = &'static [(u32, &'static str)];

type Read = LazyLock<Vec<(u32, &'static str)>>;

/// Writes of rows.
pub static ROWS: Read = LazyLock::new(|| read(include_str!("rows.sql")));
/// Who sees what of single rows.
pub static SHARES: Read = LazyLock::new(|| read(include_str!("shares.sql")));
/// Changes of what users may see at all.
pub static ACCESS: Read = LazyLock::new(|| read(include_str!("access.sql")));
/// Changes of what the catalog says.
pub static CHANGES: Read = LazyLock::new(|| read(include_str!("definition.sql")));
/// Tables are emptied.
pub static EMPTIED: Read = LazyLock::new(|| read(include_str!("emptied.sql")));

/// Reads statements that each stand after their number. What follows four dashes is for readers.
fn read(text: &'static str) -> Vec<(u32, &'static str)> {
    let mut found = Vec::new();
    for part in text.split("\n-- ").skip(1) {
        let (often, statement) = part.split_once('\n').expect("a statement follows");
        let statement = statement.split("\n----").next().unwrap_or_default().trim().trim_end_matches(';');
        found.push((often.parse().expect("a number"), statement));
    }
    assert!(!found.is_empty(), "there are statements");
    found
}

/// A statement that never works is no step: each does, on its own, for one of a few fillings.
#[test]
fn every_statement_works() {
    const TRIES: u32 = 20;
    run(async {
        let mut world = World::make(1).await;
        let mut left: Vec<&str> = Vec::new();
        for list in [&ROWS, &SHARES, &ACCESS, &CHANGES, &EMPTIED] {
            left.extend(list.iter().map(|(_, statement)| *statement));
        }
        let mut words = String::new();
        for _ in 0..TRIES {
            let mut failing = Vec::new();
            for statement in left {
                let text = fill(statement, &mut world);
                if let Err(error) = world.run(text).await {
                    failing.push(statement);
                    words = error.to_string();
                }
            }
            left = failing;
        }
        assert!(left.is_empty(), "these never work, the last because of {words}: {left:#?}");
        world.end().await;
    });
}
