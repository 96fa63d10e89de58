//! What can break, and breaking it.

use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use sojourn_wire::Service;
use tokio::time::{sleep, timeout};

use super::agent::Agent;
use super::stage::Stage;

/// What can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    KillAgent,
    FreezeAgent,
    CutLink,
    StallLink,
    Kill(Service, usize),
    Freeze(Service, usize),
    KillNats,
    FreezeNats,
    KillPostgres,
}

/// How often.
const FAULTS: [(u32, Fault); 15] = [
    (30, Fault::KillAgent),
    (10, Fault::FreezeAgent),
    (24, Fault::CutLink),
    (8, Fault::StallLink),
    (7, Fault::Kill(Service::Prepare, 0)),
    (7, Fault::Kill(Service::Prepare, 1)),
    (8, Fault::Kill(Service::Export, 0)),
    (8, Fault::Kill(Service::Export, 1)),
    (2, Fault::Freeze(Service::Prepare, 0)),
    (2, Fault::Freeze(Service::Prepare, 1)),
    (3, Fault::Freeze(Service::Export, 0)),
    (3, Fault::Freeze(Service::Export, 1)),
    (4, Fault::KillNats),
    (2, Fault::FreezeNats),
    (4, Fault::KillPostgres),
];

impl Fault {
    /// One of them.
    pub fn any(chance: &mut ChaCha8Rng) -> Self {
        let mut at = chance.random_range(0..FAULTS.iter().map(|(weight, _)| weight).sum());
        for (weight, fault) in FAULTS {
            if at < weight {
                return fault;
            }
            at -= weight;
        }
        unreachable!("a number below the sum")
    }

    /// What it is called in the sum.
    pub fn name(self) -> String {
        match self {
            Self::Kill(service, _) => format!("{} killed", service.name()),
            Self::Freeze(service, _) => format!("{} frozen", service.name()),
            Self::KillAgent => "agent killed".to_owned(),
            Self::FreezeAgent => "agent frozen".to_owned(),
            Self::CutLink => "link cut".to_owned(),
            Self::StallLink => "link stalled".to_owned(),
            Self::KillNats => "nats-server killed".to_owned(),
            Self::FreezeNats => "nats-server frozen".to_owned(),
            Self::KillPostgres => "Postgres killed".to_owned(),
        }
    }

    /// Lets it happen, and heals what can be healed before it returns.
    pub async fn strike(self, stage: &mut Stage, device: usize, agent: &mut Agent, chance: &mut ChaCha8Rng) {
        let moment = Duration::from_millis(chance.random_range(0..400));
        let while_frozen = Duration::from_millis(if chance.random_bool(0.2) { 4_000 } else { 200 }) + moment;
        match self {
            Self::KillAgent => agent.kill(),
            Self::FreezeAgent => {
                agent.freeze();
                sleep(while_frozen).await;
                agent.thaw();
            }
            Self::CutLink => {
                let link = &stage.links[device];
                link.cut_after(chance.random_range(1..8_000));
                // The agent may have nothing more to say.
                let _ = timeout(Duration::from_secs(1), link.until_cut()).await;
                sleep(moment).await;
                link.heal();
            }
            Self::StallLink => {
                let link = &stage.links[device];
                link.throttle(chance.random_range(200..3_000));
                sleep(while_frozen).await;
                link.heal();
            }
            Self::Kill(service, index) => {
                let replica = stage.world.stack.replica(service, index).expect("a process");
                replica.kill();
                sleep(moment).await;
                replica.start().await.expect("it starts again");
            }
            Self::Freeze(service, index) => {
                let replica = stage.world.stack.replica(service, index).expect("a process");
                replica.freeze();
                sleep(while_frozen).await;
                replica.thaw();
            }
            Self::KillNats => {
                stage.world.stack.nats().kill();
                sleep(moment).await;
                stage.world.stack.nats().restart().await.expect("it starts again");
            }
            Self::FreezeNats => {
                stage.world.stack.nats().process().expect("it runs").freeze();
                sleep(while_frozen).await;
                stage.world.stack.nats().process().expect("it runs").thaw();
            }
            Self::KillPostgres => {
                let postgres = stage.world.stack.postgres().expect("it is the stack's own");
                postgres.kill().await;
                sleep(moment).await;
                postgres.restart().await.expect("it starts again");
            }
        }
    }
}
