//! A whole Sojourn for one benchmark: real services, real agents, and contacts of which each user sees so many.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::contacts;
use super::device::BenchDevice;
use super::error::BenchError;
use super::run::Run;
use super::server::Server;
use super::unit::{Unit, units_owning};
use crate::agent::Agent;
use crate::instances::Durability;
use crate::machine::Machine;
use crate::stack::{Config, Database, Stack, StackPlan};

const DATABASE: &str = "bench";

/// Who has what.
#[derive(Debug, Clone)]
pub(super) struct Fleet {
    /// The contacts that each user sees; they are in one table.
    pub(super) contacts: Vec<u64>,
    /// More contacts of the same table, which none of them sees.
    pub(super) hidden: u64,
    /// Devices of each user, each with a subscription of its own.
    pub(super) devices: usize,
}

/// A running stack, and folders for its devices.
pub(super) struct Offline {
    // The stack goes first: it uses the machine's folders.
    stack: Stack,
    machine: Machine,
    folder: TempDir,
    users: Vec<Unit>,
}

impl Offline {
    /// Starts everything.
    pub(super) async fn start(run: &Run, fleet: Fleet) -> Result<Offline, BenchError> {
        run.doing("starting Postgres");
        let durability = if run.is_quick() { Durability::Scratch } else { Durability::Safe };
        let server = Server::start(&run.machine, durability).await?;
        let database = server.database(DATABASE).await?;
        let (users, counts) = (fleet.contacts.len(), fleet.contacts.iter().copied().chain([fleet.hidden]));
        let units = units_owning(counts);
        run.doing(format!("loading {} contacts", units.iter().map(|unit| unit.owns).sum::<u64>()));
        contacts::load(&database, &units).await?;
        database.admin.close().await;
        let users = units[1..=users].to_vec();

        let database = Database::Own { postgres: server.into_postgres(), name: DATABASE.to_owned() };
        let plan = StackPlan::new(run.machine.clone(), database, Config::Text(contacts::YAML.to_owned()));
        let devices = (0..fleet.devices).flat_map(|_| &users).enumerate();
        let plan = devices.fold(plan, |plan, (number, unit)| plan.device(unit.user_id(), format!("bench-{number}")));
        let stack = Stack::start(plan, &|words| run.doing(words)).await?;
        let folder = run.machine.reaper.folder("bench")?;
        Ok(Offline { stack, machine: run.machine.clone(), folder, users })
    }

    /// What runs.
    pub(super) fn stack(&mut self) -> &mut Stack {
        &mut self.stack
    }

    /// A path for a file that goes with this.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The users' units.
    pub(super) fn users(&self) -> &[Unit] {
        &self.users
    }

    /// Makes a device of the `round`th set of devices, of this user.
    pub(super) async fn device(&self, round: usize, user: usize) -> Result<BenchDevice, BenchError> {
        let index = round * self.users.len() + user;
        let credentials = self.stack.credentials(index)?.to_owned();
        self.made(index, user, &credentials).await
    }

    /// The same, with a way to the bus on which everything is so much later, either way.
    pub(super) async fn distant(
        &mut self,
        round: usize,
        user: usize,
        one_way: Duration,
    ) -> Result<BenchDevice, BenchError> {
        let index = round * self.users.len() + user;
        let link = self.stack.link(index).await?;
        link.delay(one_way);
        self.made(index, user, link.credentials()).await
    }

    async fn made(&self, index: usize, user: usize, credentials: &Path) -> Result<BenchDevice, BenchError> {
        let agent = Agent::new(&self.machine, self.file(&format!("device-{index}")));
        agent.init(credentials).await?;
        Ok(BenchDevice { agent, unit: self.users[user] })
    }

    /// Ends everything.
    ///
    /// # Errors
    /// What was not as it should be: a service that died, dead letters, messages that nobody settled.
    pub(super) async fn end(self) -> Result<(), BenchError> {
        Ok(self.stack.stop().await?)
    }
}
