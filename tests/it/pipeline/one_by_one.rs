//! What is written in one statement comes to what it would have come to one by one, whatever policies, triggers and
//! references look at.

use sojourn_wire::message::operation::{FieldValue, Operation, Side, VerdictKind};
use uuid::Uuid;

use super::{USER, create, delete, kinds, object, update};
use crate::support::sender::{Sender, text};
use crate::support::{World, WorldPlan, run};

use VerdictKind::{Applied, Conflict, Rejected};

const TABLES: &str = include_str!("one_by_one.sql");
const CONFIG: &str = "
dataset: row
schema: row
entities:
  - {name: slot, type_code: 1}
  - {name: item, type_code: 2, rls: none}
  - {name: node, type_code: 3, rls: none}
";
const SLOT: i32 = 1;
const ITEM: i32 = 2;
const NODE: i32 = 3;

async fn begin() -> (World, Sender) {
    let world = WorldPlan::of(&[USER]).of_tables(TABLES, CONFIG).start().await;
    let sender = Sender::connect(&world.devices[0]).await;
    (world, sender)
}

fn flag(value: u8) -> FieldValue {
    FieldValue::Number(value.into())
}

async fn count(world: &World, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(world.admin()).await.expect("a count")
}

#[test]
fn a_policy_that_counts_the_rows_of_its_table_counts_each() {
    run(async {
        let (world, mut sender) = begin().await;
        let ids: Vec<Uuid> = (0..10).map(|_| object()).collect();
        let verdicts = sender.send(ids.iter().map(|id| create(SLOT, *id, &[("flag", flag(0))])).collect()).await;
        assert_eq!(kinds(&verdicts), [[Applied; 5], [Rejected; 5]].concat(), "{verdicts:?}");
        let raised = |id: &Uuid| update(SLOT, *id, &[("flag", flag(0), flag(1))]);
        let verdicts = sender.send(ids[..4].iter().map(raised).collect()).await;
        assert_eq!(kinds(&verdicts), [Applied, Rejected, Rejected, Rejected], "{verdicts:?}");
        assert_eq!(count(&world, "SELECT count(*) FROM row.slot WHERE flag").await, 1);
        world.stop().await;
    });
}

#[test]
fn triggers_see_updates_in_the_order_of_capture() {
    run(async {
        let (world, mut sender) = begin().await;
        let ids: Vec<Uuid> = (0..6).map(|_| object()).collect();
        sender.send(ids.iter().map(|id| create(ITEM, *id, &[("body", text("new"))])).collect()).await;
        let trail = "SELECT bodies FROM row.trail";
        for (base, round) in [("new", "a"), ("", "b")] {
            let change = |(n, id): (usize, &Uuid)| {
                let base = if base.is_empty() { text(&format!("a{}", 5 - n)) } else { text(base) };
                update(ITEM, *id, &[("body", base, text(&format!("{round}{n}")))])
            };
            // Against the order of the table, and with it.
            let operations: Vec<Operation> = match round {
                "a" => ids.iter().rev().enumerate().map(change).collect(),
                _ => ids.iter().enumerate().map(change).collect(),
            };
            let verdicts = sender.send(operations).await;
            assert_eq!(kinds(&verdicts), [Applied; 6], "{verdicts:?}");
            sqlx::raw_sql("ANALYZE row.item").execute(world.admin()).await.expect("statistics");
        }
        let trail: String = sqlx::query_scalar(trail).fetch_one(world.admin()).await.expect("the trail");
        assert_eq!(trail, "a0 a1 a2 a3 a4 a5 b0 b1 b2 b3 b4 b5 ");
        world.stop().await;
    });
}

#[test]
fn a_row_is_there_before_another_refers_to_it() {
    run(async {
        let (world, mut sender) = begin().await;
        let (child, parent) = (object(), object());
        let under = |id: Uuid, parent: Uuid| create(NODE, id, &[("parent", text(&parent.to_string()))]);
        let verdicts = sender.send(vec![under(child, parent), under(parent, parent)]).await;
        assert_eq!(kinds(&verdicts), [Rejected, Applied], "{verdicts:?}");
        world.stop().await;
    });
}

#[test]
fn an_update_that_changes_nothing_hides_nobodys_change() {
    run(async {
        let (world, mut sender) = begin().await;
        let id = object();
        sender.send_one(create(NODE, id, &[("name", text("mine"))])).await;
        assert_eq!(world.sql("UPDATE row.node SET name = 'theirs' WHERE id = $1", id).await, 1);
        let verdicts = sender.send(vec![update(NODE, id, &[]), delete(NODE, id)]).await;
        assert_eq!(kinds(&verdicts), [Applied, Conflict], "{verdicts:?}");
        assert_eq!(verdicts[1].deleted, Some(Side::Mine));
        world.stop().await;
    });
}

#[test]
fn a_base_that_cannot_be_stored_is_left_out_of_the_conflict() {
    run(async {
        let (world, mut sender) = begin().await;
        let id = object();
        sender.send_one(create(NODE, id, &[("name", text("mine"))])).await;
        assert_eq!(world.sql("UPDATE row.node SET name = 'theirs' WHERE id = $1", id).await, 1);
        let verdict = sender.send_one(update(NODE, id, &[("name", text("a\0b"), text("new"))])).await;
        assert_eq!((verdict.verdict, verdict.conflicts[0].base.as_ref()), (Conflict, None), "{verdict:?}");
        world.stop().await;
    });
}
