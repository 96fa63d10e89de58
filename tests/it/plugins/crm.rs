//! The sample's plug-in, a program in Python.

use std::collections::BTreeMap;
use std::time::Duration;

use sojourn_dev::samples;
use sojourn_dev::stack::{Config, StackPlan};
use sojourn_replay::plugins::{Asked, ask};
use sojourn_sample_crm::People;
use sojourn_wire::message::operation::{FieldValue, RowCommand};
use uuid::Uuid;

use super::{request, rule};
use crate::support::{World, WorldPlan, run, until};

const WITHIN: Duration = Duration::from_secs(20);

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.to_owned())
}

fn number(number: i64) -> FieldValue {
    FieldValue::Number(number.into())
}

async fn with_plugin() -> World {
    with_plugin_for(&[]).await
}

/// A world with the plug-in, and devices of these users.
pub(super) async fn with_plugin_for(users: &[fn(&People) -> Uuid]) -> World {
    let config = || Config::Text(samples::CRM_CONFIG_WITH_PLUGIN.to_owned());
    let plan =
        WorldPlan::of(users).with(move |plan| StackPlan { config: config(), ..plan }.plugin(samples::crm_plugin()));
    plan.start().await
}

async fn asked(world: &World, command: &str, data: &[(&str, FieldValue)]) -> Asked {
    ask(world.stack.administrator(), &rule(command, 5_000), &request(command, data)).await
}

#[test]
fn the_sample_allows_amends_and_refuses() {
    run(async {
        let world = with_plugin().await;
        let certain = asked(&world, "create", &[("name", text("Ten lorries")), ("probability", number(30))]).await;
        assert_eq!(certain, Asked::Allowed);
        let open = asked(&world, "create", &[("name", text("Ten lorries")), ("stage", text("propose"))]).await;
        assert_eq!(open, Asked::Amended(BTreeMap::from([("probability".to_owned(), number(50))])));
        let large = asked(&world, "create", &[("est_value", text("10000000.01"))]).await;
        let Asked::Refused(refusal) = large else { panic!("{large:?}") };
        assert_eq!(refusal.reason, "opportunities over 10,000,000 are created by the board");
        assert_eq!(refusal.attribute.as_deref(), Some("est_value"));
        assert_eq!(refusal.rule.as_deref(), Some("plugin.opportunity.create.pre"));
        world.stop().await;
    });
}

#[test]
fn the_sample_performs_a_named_command_the_same_way_every_time() {
    run(async {
        let world = with_plugin().await;
        let first = asked(&world, "close_as_won", &[]).await;
        let Asked::Performs(writes) = &first else { panic!("{first:?}") };
        let [won, follow_up] = writes.as_slice() else { panic!("{writes:?}") };
        assert_eq!(
            (won.command, won.entity.as_str(), won.object_id),
            (RowCommand::Update, "opportunity", Uuid::from_u128(9))
        );
        assert_eq!((&won.data["stage"], &won.data["probability"]), (&text("won"), &number(100)));
        assert_eq!((follow_up.command, follow_up.entity.as_str()), (RowCommand::Create, "task"));
        assert_eq!(follow_up.data["due_on"], text("2026-12-06"));
        assert_eq!(asked(&world, "close_as_won", &[]).await, first);
        world.stop().await;
    });
}

#[test]
fn a_plug_in_that_fails_dies_or_hangs_is_absent_until_it_is_back() {
    run(async {
        let mut world = with_plugin().await;
        let words = |asked: Asked| match asked {
            Asked::Absent(refusal) => refusal.reason,
            other => panic!("{other:?}"),
        };
        let failed = words(asked(&world, "create", &[("est_value", text("much"))]).await);
        assert!(failed.contains("plugin.opportunity.create.pre failed (500 "), "{failed}");

        let plugin = |world: &mut World, change: fn(&mut sojourn_dev::stack::Replica)| {
            change(world.stack.plugin(0).expect("it runs"));
        };
        plugin(&mut world, sojourn_dev::stack::Replica::freeze);
        let rule = rule("create", 300);
        let late = ask(world.stack.administrator(), &rule, &request("create", &[])).await;
        assert_eq!(
            words(late),
            "the plug-in plugin.opportunity.create.pre did not answer within 300 ms; try again later"
        );

        plugin(&mut world, sojourn_dev::stack::Replica::kill);
        until("the server has noticed that it is gone", WITHIN, async || {
            let asked = ask(world.stack.administrator(), &rule, &request("create", &[])).await;
            words(asked).contains("is not running").then_some(())
        })
        .await;

        world.stack.plugin(0).expect("it is known").start().await.expect("it starts again");
        assert!(matches!(asked(&world, "create", &[]).await, Asked::Amended(_)));
        world.stop().await;
    });
}
