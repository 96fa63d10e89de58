//! Triggers are told whose operation a row comes from, also where many rows are written in one statement.

use std::collections::BTreeMap;

use sojourn_wire::message::operation::{FieldValue, Operation, VerdictKind};
use uuid::Uuid;

use super::{TOLD, create, desk, object, update};
use crate::support::run;

const ROWS: usize = 50;

fn number(number: usize) -> FieldValue {
    FieldValue::Number(number.into())
}

fn at(place: usize) -> String {
    format!("2026-11-22T10:00:{place:02}.000Z")
}

#[test]
fn fifty_rows_in_one_statement_know_their_fifty_operations() {
    run(async {
        let (world, mut sender) = desk().await;
        let ids: Vec<Uuid> = (0..ROWS).map(|_| object()).collect();
        let subscription = world.devices[0].subscription.clone();
        for round in 0..2 {
            let first = sender.next as usize;
            let operation = |place: usize| match round {
                0 => create(TOLD, ids[place], &[("n", number(place))]),
                // Not in the order of the rows.
                _ => update(TOLD, ids[ROWS - 1 - place], &[("n", number(ROWS - 1 - place), number(place))]),
            };
            let operations = (0..ROWS).map(|place| Operation { captured_at: at(place), ..operation(place) });
            let verdicts = sender.send(operations.collect()).await;
            assert!(verdicts.iter().all(|verdict| verdict.verdict == VerdictKind::Applied), "{verdicts:?}");
            let rows: Vec<(i32, String, String, String, String)> =
                sqlx::query_as("SELECT n, operation, origin, captured_at, cmin::text FROM desk.told")
                    .fetch_all(world.admin())
                    .await
                    .expect("the rows");
            assert_eq!(rows.len(), ROWS);
            let mut statements: BTreeMap<String, usize> = BTreeMap::new();
            for (n, operation, origin, captured_at, statement) in rows {
                let n = n.unsigned_abs() as usize;
                assert_eq!(operation, format!("{subscription}:{}", first + n));
                assert_eq!((origin.as_str(), captured_at), ("offline-queue", at(n)));
                *statements.entry(statement).or_default() += 1;
            }
            assert_eq!(statements.len(), 1, "one statement wrote them all: {statements:?}");
        }
        world.stop().await;
    });
}
