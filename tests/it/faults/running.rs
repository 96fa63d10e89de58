//! An agent at work, to be watched through its own database and killed.

use std::process::{Child, Output, Stdio};
use std::time::Duration;

use sojourn_agent::store::{Session, Store};
use tokio::task::JoinHandle;

use crate::support::{Device, Ran, World, until};

/// How long anything that is awaited may take.
pub const LONG: Duration = Duration::from_secs(120);

/// A running agent; it does not outlive the test.
pub struct Running {
    child: Option<Child>,
    store: Store,
}

impl Running {
    /// Starts the agent. Its database is there from `init` on.
    pub fn start(device: &Device, args: &[&str]) -> Self {
        let mut command = device.command(args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the agent starts");
        Self { child: Some(child), store: Store::open(&device.database()).expect("the database opens") }
    }

    /// The session under way on the device.
    pub fn session(&self) -> Option<Session> {
        self.store.session().expect("the session is read").filter(|session| !session.finished)
    }

    /// Returns when the device has so many batches of a first load.
    pub async fn until_batch(&self, batch: u32) -> Session {
        let loaded = async || self.session().filter(|session| session.last_batch >= batch);
        until(&format!("batch {batch}"), LONG, loaded).await
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().expect("a status").is_some())
    }

    /// Kills it with SIGKILL. It must not have ended by itself.
    pub fn kill(mut self) {
        assert!(!self.has_ended(), "the agent ended before it was killed");
        drop(self);
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> Ran {
        let child = self.child.take().expect("it was started");
        let waiting: JoinHandle<_> = tokio::task::spawn_blocking(move || child.wait_with_output());
        let output: Output = waiting.await.expect("a thread").expect("the agent's answer");
        output.into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill().and_then(|()| child.wait());
        }
    }
}

/// Sets a device up behind a link that can be cut.
pub async fn through_link(world: &mut World, device: usize) -> sojourn_dev::stack::Link {
    let link = world.stack.link(device).await.expect("a link");
    link.credentials().clone_into(&mut world.devices[device].credentials);
    world.devices[device].init().await;
    link
}
