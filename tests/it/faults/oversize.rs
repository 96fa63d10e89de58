//! A row larger than a batch may be: it is left out, and holds up nothing else.

use sojourn_sample_crm::People;
use sojourn_wire::Service;
use uuid::Uuid;

use super::ledger::entries;
use crate::support::{World, WorldPlan, run};

/// The largest row here; the others of the sample are far smaller.
const MOST: u64 = 100_000;

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// Syncs and asserts that all came but one row, which still waits.
async fn all_but_one(world: &World, command: &str) {
    let answer = world.devices[0].run(&[command]).await.expect(0);
    assert_eq!(answer["data"]["pending"].as_u64(), Some(1), "{answer}");
    assert_eq!(entries(world, 0).await.waiting, 1);
    let report = world.compare(0).await;
    for (entity, counts) in &report.entities {
        let left_out = u64::from(entity == "annotation");
        assert_eq!((counts.missing + counts.different, counts.surplus), (left_out, 0), "{entity}: {report:#?}");
    }
}

/// What export has logged of a row that it left out.
fn logged(world: &World, row: Uuid) -> usize {
    let shared = world.stack.replicas().filter(|(service, _)| *service == Service::Export);
    let log = |path| std::fs::read_to_string(path).expect("a log");
    let logs: String = shared.map(|(_, replica)| log(replica.log())).collect();
    assert!(!logs.contains("xxxx"), "the row's content is in the log");
    logs.lines().filter(|line| line.contains("is left out") && line.contains(&row.to_string())).count()
}

#[test]
fn a_row_that_is_too_large_is_left_out_until_it_is_smaller() {
    run(async {
        let plan = WorldPlan::of(&[sales]);
        // Few rows to a batch: the large one is met amid others, and alone.
        let plan = plan.with(|plan| plan.batch_rows(5).setting(Service::Export, "SOJOURN_ROW_BYTES", MOST));
        let world = plan.start().await;
        let device = &world.devices[0];
        device.init().await;
        let own = "SELECT id FROM crm.annotation WHERE owner_id = $1 ORDER BY id LIMIT 1";
        let row: Uuid =
            sqlx::query_scalar(own).bind(device.user_id).fetch_one(world.admin()).await.expect("it has one");
        let grow = "UPDATE crm.annotation SET body = convert_to(repeat('x', 1 << 20), 'UTF8') WHERE id = $1";
        assert_eq!(world.sql(grow, row).await, 1);

        all_but_one(&world, "go-offline").await;
        let others = "UPDATE crm.task SET subject = 'after the large one' WHERE owner_id = $1";
        assert!(world.sql(others, device.user_id).await > 0);
        all_but_one(&world, "sync").await;
        assert_eq!(logged(&world, row), 3, "once in each session: the first load, its catching up, and the sync");

        assert_eq!(world.sql("UPDATE crm.annotation SET body = 'small' WHERE id = $1", row).await, 1);
        let answer = device.run(&["sync"]).await.expect(0);
        assert_eq!((answer["data"]["pending"].as_u64(), answer["data"]["rows"].as_u64()), (Some(0), Some(1)));
        world.assert_converged(0).await;

        // It is on the device now: grown again, the device keeps what it has.
        assert_eq!(world.sql(grow, row).await, 1);
        all_but_one(&world, "sync").await;
        world.stop().await;
    });
}
