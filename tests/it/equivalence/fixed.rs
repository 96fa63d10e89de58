//! Stories that are always told: what once went wrong, as short as can be.

use super::check::{Asked, prepare};
use super::entities::FILTERS;
use super::groups::{For, TestGroup};
use super::steps::filters;
use super::world::World;
use crate::support::run;

/// Who asks.
const SUBSCRIBER: usize = 3;

async fn ask(world: &mut World, at: &str) {
    world.clock.0 = at.parse().expect("a time");
    let asked = Asked { refresh: Vec::new(), complete: true, interrupted: false };
    if let Err(wrong) = prepare(world, SUBSCRIBER, asked, None).await {
        panic!("at {at}: {wrong}");
    }
}

async fn define(world: &mut World, code: i32, text: &str) {
    let filter = FILTERS.iter().position(|filter| (filter.code, filter.text) == (code, text)).expect("a filter");
    let group = TestGroup { id: world.chance.id(), filter, whom: For::Own(SUBSCRIBER), enforced: false };
    filters::add(world, group).await;
}

#[test]
fn a_month_before_a_later_time_may_be_an_earlier_time() {
    run(async {
        let mut world = World::make(1).await;
        define(&mut world, 9002, "written_at > now() - interval '1 month'").await;
        world.run("UPDATE extra.memo SET written_at = '2026-02-28 07:00Z'").await.expect("they are written");
        ask(&mut world, "2026-03-30T10:00:00Z").await;
        ask(&mut world, "2026-03-31T05:00:00Z").await;
        ask(&mut world, "2026-03-30T10:00:00Z").await;
        world.end().await;
    });
}

#[test]
fn a_row_that_changed_very_often_hides_no_other() {
    run(async {
        let mut world = World::make(1).await;
        ask(&mut world, "2026-03-01T00:00:00Z").await;
        let often = "DO $$ BEGIN FOR n IN 1..1100 LOOP
                       UPDATE extra.project SET name = 'open' || n WHERE id = md5('project1')::uuid; END LOOP; END $$";
        world.run(often).await.expect("it changes often");
        world.run("UPDATE extra.project SET name = 'open' WHERE id = md5('project2')::uuid").await.expect("it changes");
        ask(&mut world, "2026-03-02T00:00:00Z").await;
        world.end().await;
    });
}

#[test]
fn what_is_too_much_to_follow_is_evaluated() {
    run(async {
        let mut world = World::make(1).await;
        ask(&mut world, "2026-03-01T00:00:00Z").await;
        let many = "INSERT INTO extra.memo (id, project_id, body)
                    SELECT md5('many' || n)::uuid, md5('project1')::uuid, 'many' FROM generate_series(1, 1500) n";
        world.run(many).await.expect("there are many");
        ask(&mut world, "2026-03-02T00:00:00Z").await;
        // One row, to which many refer.
        let hidden =
            "UPDATE extra.project SET name = 'closed', owner_id = gen_random_uuid() WHERE id = md5('project1')::uuid";
        world.run(hidden).await.expect("it is hidden");
        ask(&mut world, "2026-03-03T00:00:00Z").await;
        world.end().await;
    });
}
