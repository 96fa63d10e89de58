//! Services killed and frozen in the middle of their work, and services that share it.

use futures_util::future::join_all;
use sojourn_platform::sql::{Ident, Sql};
use sojourn_sample_crm::People;
use sojourn_wire::Service;
use sqlx::{PgPool, Postgres, Transaction};
use uuid::Uuid;

use super::ledger::{entry_table, hand_out_again_soon, until_blocked};
use super::running::Running;
use crate::support::{World, WorldPlan, run};

const SALES: fn(&People) -> Uuid = |people| people.sales[0].id;
const MANAGER: fn(&People) -> Uuid = |people| people.manager.id;

/// Holds a table against everybody until it is dropped.
async fn hold(admin: &PgPool, schema: &str, table: &Ident) -> Transaction<'static, Postgres> {
    let mut transaction = admin.begin().await.expect("a transaction");
    let lock = Sql::new("LOCK TABLE ").table(&Ident::new(schema).expect("a name"), table);
    sqlx::query(lock.into_sqlx()).execute(&mut *transaction).await.expect("the lock");
    transaction
}

/// Starts an agent and returns when `service` is surely in the middle of its work for it, held up by a lock.
async fn held_up(world: &World, device: usize, service: Service) -> (Running, Transaction<'static, Postgres>) {
    let lock = if service == Service::Prepare { Some(hold_prepare(world, device).await) } else { None };
    let agent = Running::start(&world.devices[device], &["go-offline"]);
    let lock = match lock {
        Some(lock) => lock,
        None => {
            agent.until_batch(1).await;
            hold(world.admin(), "crm", &Ident::new("task").expect("a name")).await
        }
    };
    until_blocked(world, &format!("sojourn-{}", service.name())).await;
    (agent, lock)
}

async fn hold_prepare(world: &World, device: usize) -> Transaction<'static, Postgres> {
    hold(world.admin(), "sojourn", &entry_table(world, device).await).await
}

/// A world of two devices whose tasks come in the last of many batches.
async fn world() -> World {
    let world = WorldPlan::of(&[SALES, MANAGER]).with(|plan| plan.batch_rows(50)).start().await;
    hand_out_again_soon(&world.stack).await;
    join_all(world.devices.iter().map(|device| device.init())).await;
    world
}

#[test]
fn a_service_killed_in_mid_work_is_replaced_and_the_same_run_completes() {
    run(async {
        let mut world = world().await;
        for (device, service) in [(0, Service::Prepare), (1, Service::Export)] {
            let (agent, lock) = held_up(&world, device, service).await;
            world.stack.service(service).kill();
            world.stack.service(service).start().await.expect("it starts again");
            lock.rollback().await.expect("the end of the lock");
            agent.ended().await.expect(0);
            world.assert_converged(device).await;
        }
        world.stop().await;
    });
}

/// While one process is frozen in the middle of a session, another serves everybody else; it goes on when it wakes.
async fn frozen(service: Service) {
    let mut world = world().await;
    let (agent, lock) = held_up(&world, 0, service).await;
    world.stack.service(service).freeze();
    world.stack.add_replica(service).await.expect("a second process");
    lock.rollback().await.expect("the end of the lock");
    served(&world, 1).await;
    world.stack.service(service).thaw();
    agent.ended().await.expect(0);
    world.assert_converged(0).await;
    world.stop().await;
}

/// Takes a device offline although questions may still be put to the frozen process: its user tries again.
async fn served(world: &World, device: usize) {
    for _ in 0..5 {
        let ran = world.devices[device].run(&["go-offline"]).await;
        if ran.code == Some(0) {
            world.assert_converged(device).await;
            return;
        }
        assert!(ran.answer["error"].as_str().is_some_and(|words| words.contains("is not ready")), "{ran:?}");
    }
    panic!("device {device} was not served in five tries");
}

#[test]
fn a_frozen_prepare_holds_up_nobody_else_and_goes_on_when_it_wakes() {
    run(frozen(Service::Prepare));
}

#[test]
fn a_frozen_export_holds_up_nobody_else_and_goes_on_when_it_wakes() {
    run(frozen(Service::Export));
}

#[test]
fn two_processes_of_each_service_share_the_work_of_several_devices() {
    const SHARED: [Service; 3] = [Service::Prepare, Service::Export, Service::Replay];
    run(async {
        let plan = WorldPlan::of(&[SALES, SALES, MANAGER, MANAGER]).with(|plan| {
            let mut plan = SHARED.into_iter().fold(plan.batch_rows(100), |plan, service| plan.replicas(service, 2));
            plan.log = Some("info,sojourn_runtime::jobs=debug".to_owned());
            plan
        });
        let world = plan.start().await;
        join_all(world.devices.iter().map(|device| device.init())).await;
        // Who takes a message is up to the bus: so they work until each has had one.
        for round in 0.. {
            assert!(round < 20, "after {round} rounds some process has never worked: {:?}", idle(&world));
            join_all(world.devices.iter().map(async |device| {
                let ran = device.run(&["go-offline"]).await;
                ran.expect(0);
                let mine = format!("(SELECT min(id) FROM task WHERE owner_id = '{}')", device.user_id);
                device.write(&format!("UPDATE task SET description = 'round {round}' WHERE id = {mine}"));
            }))
            .await;
            if round > 0 && idle(&world).is_empty() {
                break;
            }
        }
        for device in 0..world.devices.len() {
            world.devices[device].run(&["go-online"]).await.expect(0);
            world.devices[device].run(&["sync"]).await.expect(0);
            world.assert_converged(device).await;
        }
        world.stop().await;
    });
}

/// The processes that have not settled a message yet, by their logs.
fn idle(world: &World) -> Vec<String> {
    let shared = world.stack.replicas().filter(|(service, _)| *service != Service::Schema);
    let has_worked = |path| std::fs::read_to_string(path).expect("a log").contains("done");
    shared.filter(|(_, replica)| !has_worked(replica.log())).map(|(_, replica)| replica.name().to_owned()).collect()
}
