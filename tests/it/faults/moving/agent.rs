//! An agent that can be killed and frozen like a service.

use std::fs;
use std::path::PathBuf;

use sojourn_dev::instances::{Child, Launch, Output};
use sojourn_dev::machine::Machine;

use super::super::running::LONG;
use crate::support::Device;

/// An agent at work; it does not outlive the test.
pub struct Agent {
    child: Child,
    log: PathBuf,
}

impl Agent {
    /// Starts it for a device, with these arguments.
    pub fn start(machine: &Machine, device: &Device, arguments: &[&str]) -> Self {
        let log = device.home().with_extension("log");
        let home = device.home().display().to_string();
        let launch = Launch::new("agent", &machine.exe, Output::Log(log.clone()));
        let launch = launch.arguments(["agent"]).arguments(arguments.iter().copied());
        let child = launch.arguments(["--json", "--home", &home]).spawn(&machine.reaper).expect("the agent starts");
        Self { child, log }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_some()
    }

    /// Kills it with SIGKILL, if it still runs.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Freezes it: its connections stay open, and it does nothing.
    pub fn freeze(&mut self) {
        self.child.freeze();
    }

    /// Lets it go on.
    pub fn thaw(&mut self) {
        self.child.thaw();
    }

    /// Waits until it has ended. Answers whether it did what it was asked to.
    pub async fn ended(&mut self) -> bool {
        self.child.wait(LONG).await.expect("the agent ends").success()
    }

    /// What it has said, and those before it on the same device.
    pub fn words(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}
