//! What is large or odd in shape: a row of fifty megabytes, a table of hundreds of columns, tables without rows, tables
//! that refer to each other in a circle, and deletes by the hundred thousand.
//!
//! `SOJOURN_LARGE_ROWS` says how many rows are deleted at once.

use serde_json::Value;
use sojourn_agent::store::{Store, ValueRef};
use sojourn_sample_crm::People;
use sojourn_wire::Service;
use uuid::Uuid;

use crate::support::{Device, Peak, Ran, World, WorldPlan, run};

fn sales(people: &People) -> Uuid {
    people.sales[0].id
}

/// The tables of this test.
const TABLES: &str = include_str!("large.sql");
const YAML: &str = include_str!("large.yaml");
/// What a sha512 is repeated for makes so much, and nothing compresses it.
const MEGABYTES: usize = 50;
const ATTACH: &str = "UPDATE crm.annotation SET body = (
        SELECT string_agg(sha512((now()::text || n)::bytea), '') FROM generate_series(1, 819200) n)
    WHERE id = (SELECT id FROM crm.annotation WHERE owner_id = $1 ORDER BY id LIMIT 1)";
/// Rows of a list that the user is a member of.
const FILL: &str = "INSERT INTO large.item (id, list_id, name)
    SELECT gen_random_uuid(), 1, 'item ' || n FROM generate_series(1, $1) n";
/// How many rows are deleted at once when nobody says.
const ROWS: i64 = 100_000;

#[expect(clippy::disallowed_methods, reason = "whoever wants to know chooses how many")]
fn rows() -> i64 {
    std::env::var("SOJOURN_LARGE_ROWS").map_or(ROWS, |text| text.parse().expect("SOJOURN_LARGE_ROWS is a number"))
}

/// The most megabytes of memory that each process took.
#[derive(Debug, Default)]
struct Memory {
    agent: Option<u64>,
    prepare: Option<u64>,
    export: Option<u64>,
}

impl Memory {
    #[track_caller]
    fn assert_at_most(&self, megabytes: u64) {
        let all = [self.agent, self.prepare, self.export];
        assert!(all.iter().flatten().all(|peak| *peak <= megabytes), "more than {megabytes} MB: {self:?}");
    }
}

/// Runs the agent, and says how much memory everybody took until then.
async fn measured(world: &World, device: &Device, arguments: &[&str]) -> (Value, Memory) {
    let child = device.command(arguments).stdout(std::process::Stdio::piped()).spawn().expect("the agent starts");
    let peak = Peak::watch(child.id());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.expect("a thread");
    let answer = Ran::from(output.expect("its answer")).expect(0);
    let of = |service: Service| {
        let replica = world.stack.replicas().find(|(of, _)| *of == service).map(|(_, replica)| replica);
        replica.and_then(|replica| replica.pid()).and_then(Peak::megabytes)
    };
    let memory = Memory { agent: peak.at_most().await, prepare: of(Service::Prepare), export: of(Service::Export) };
    (answer, memory)
}

/// The size of the largest attachment on a device, in bytes.
fn largest(device: &Device) -> usize {
    let (store, mut largest) = (Store::open(&device.database()).expect("the database opens"), 0);
    let mut look = |value: &ValueRef<'_>| {
        if let ValueRef::Blob(bytes) = value {
            largest = bytes.len().max(largest);
        }
    };
    store.for_each_row("annotation", |_, values| values.iter().for_each(&mut look)).expect("the rows are read");
    largest
}

#[test]
fn an_attachment_of_fifty_megabytes_comes_over_in_bounded_memory() {
    run(async {
        let world = WorldPlan::of(&[sales]).start().await;
        let device = &world.devices[0];
        assert_eq!(world.sql(ATTACH, device.user_id).await, 1);
        device.init().await;
        let (answer, first) = measured(&world, device, &["go-offline"]).await;
        assert!(answer["data"]["rows"].as_u64() > Some(100), "{answer}");
        assert_eq!(largest(device), MEGABYTES << 20);
        // Another fifty megabytes, through the spool.
        assert_eq!(world.sql(ATTACH, device.user_id).await, 1);
        let (answer, later) = measured(&world, device, &["sync"]).await;
        assert_eq!(answer["data"]["rows"].as_u64(), Some(1));
        world.assert_converged(0).await;
        println!("a row of 50 MB, in MB: first load {first:?}, later {later:?}");
        first.assert_at_most(450);
        later.assert_at_most(450);
        world.stop().await;
    });
}

#[test]
fn tables_of_every_shape_come_over_and_go_back() {
    run(async {
        let world = WorldPlan::of(&[sales]).of_tables(TABLES, YAML).start().await;
        let device = &world.devices[0];
        device.init().await;
        let answer = device.run(&["go-offline"]).await.expect(0);
        let report = world.compare(0).await;
        assert!(report.is_converged(), "{report:#?}");
        assert_eq!(answer["data"]["rows"].as_u64(), Some(report.rows));
        let rows =
            |entity: &str| report.entities.iter().find(|(name, _)| *name == entity).map(|(_, counts)| counts.device);
        assert_eq!(["nothing", "node", "leaf", "wide"].map(rows), [Some(0), Some(500), Some(500), Some(300)]);

        device.write(
            "UPDATE wide SET c1 = 4711, c5 = 'from the device' WHERE c6 % 3 = 0; UPDATE node SET parent_id = id",
        );
        let ran = device.run(&["sync"]).await;
        assert_eq!((ran.verdicts("applied"), ran.verdicts("rejected")), (100 + 500, 0), "{}", ran.answer);
        ran.expect(0);
        world.assert_converged(0).await;
        world.stop().await;
    });
}

#[test]
fn a_hundred_thousand_rows_leave_at_once() {
    run(async {
        let world = WorldPlan::of(&[sales]).of_tables(TABLES, YAML).start().await;
        let (device, count) = (&world.devices[0], rows());
        sqlx::query(FILL).bind(count).execute(world.admin()).await.expect("the list is filled");
        sqlx::query("INSERT INTO large.member VALUES (1, $1)")
            .bind(device.user_id)
            .execute(world.admin())
            .await
            .expect("he is a member");
        device.init().await;
        let (answer, load) = measured(&world, device, &["go-offline"]).await;
        assert!(answer["data"]["rows"].as_u64() >= Some(count.unsigned_abs()), "{answer}");

        assert_eq!(world.sql("DELETE FROM large.member WHERE user_id = $1", device.user_id).await, 1);
        let began = std::time::Instant::now();
        let (answer, left) = measured(&world, device, &["sync"]).await;
        println!(
            "{count} deletes in {:?}, prepare {} ms; MB: {left:?}; the load before: {load:?}",
            began.elapsed(),
            answer["data"]["prepare_ms"]
        );
        let moved = ["rows", "deletes"].map(|name| answer["data"][name].as_u64());
        assert_eq!(moved, [Some(0), Some(count.unsigned_abs())], "{answer}");
        world.assert_converged(0).await;
        left.assert_at_most(150);
        world.stop().await;
    });
}
