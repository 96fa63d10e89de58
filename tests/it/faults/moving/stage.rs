//! The world of one story: devices behind links, two processes of prepare and of export, and a Postgres of its own, so
//! that anything may be killed.

use std::fs;
use std::time::Duration;

use sojourn_dev::machine::Machine;
use sojourn_dev::stack::{Database, Link, StackPlan};
use sojourn_sample_crm::People;
use sojourn_wire::Service;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::super::engines::own_postgres;
use super::super::ledger::hand_out_again_soon;
use super::super::running::{LONG, through_link};
use super::agent::Agent;
use crate::support::{World, WorldPlan, machine, until};

/// Small enough that a first load takes several tens of batches.
const BATCH_ROWS: u32 = 12;
/// A salesman has two devices; his colleague and their manager see other rows.
const USERS: [fn(&People) -> Uuid; 3] =
    [|people| people.sales[0].id, |people| people.sales[0].id, |people| people.sales[1].id];

/// The stage of one story.
pub struct Stage {
    pub world: World,
    pub links: Vec<Link>,
    pub machine: Machine,
}

impl Stage {
    /// Sets it up.
    pub async fn set() -> Self {
        let name = "crm".to_owned();
        let database = Database::Own { postgres: own_postgres(&name).await, name };
        let plan = WorldPlan::of(&USERS).with(|plan| {
            let plan = plan.batch_rows(BATCH_ROWS).replicas(Service::Prepare, 2).replicas(Service::Export, 2);
            StackPlan { database, ..plan }
        });
        let mut world = plan.start().await;
        hand_out_again_soon(&world.stack).await;
        let mut links = Vec::new();
        for device in 0..USERS.len() {
            links.push(through_link(&mut world, device).await);
        }
        let machine = tokio::task::spawn_blocking(machine).await.expect("the tools are found");
        Self { world, links, machine }
    }

    /// Starts an agent.
    pub fn start(&self, device: usize, arguments: &[&str]) -> Agent {
        Agent::start(&self.machine, &self.world.devices[device], arguments)
    }

    /// Makes the folder of a device a new one.
    pub async fn set_up_anew(&self, device: usize) {
        let device = &self.world.devices[device];
        fs::remove_dir_all(device.home()).expect("the folder is removed");
        device.init().await;
    }

    /// Returns when every request and job is settled.
    pub async fn until_quiet(&self) {
        until("the end of all requests and jobs", LONG, async || {
            let left = self.world.stack.streams_left().await.ok()?;
            (!left.contains_key("REQ") && !left.contains_key("JOBS")).then_some(())
        })
        .await;
    }

    /// Returns when so many bytes have passed over a device's link, or its agent has ended, or nothing has passed for
    /// some time. Answers whether the agent is at work.
    pub async fn until_passed(&self, device: usize, agent: &mut Agent, bytes: u64) -> bool {
        const STUCK: Duration = Duration::from_secs(2);
        let link = &self.links[device];
        let (mut seen, mut since) = (link.passed(), Instant::now());
        let goal = seen + bytes;
        while !agent.has_ended() {
            if link.passed() != seen {
                (seen, since) = (link.passed(), Instant::now());
            }
            if seen >= goal || since.elapsed() > STUCK {
                return true;
            }
            sleep(Duration::from_millis(1)).await;
        }
        false
    }
}
